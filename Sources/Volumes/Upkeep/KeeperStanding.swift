import Resources

/// How the blocks of a volume are, as far as their keeper knows.
package struct KeeperStanding: Hashable, Sendable {
    /// Blocks that are worked on, and that wait for it, because they have too few copies, or some where they are not to be.
    package let underway: Int
    package let waiting: Int
    /// Blocks with fewer good copies than they are to have on nodes that are heard of, the other two included.
    package private(set) var lacking = BlockCount()
    /// Blocks with one good copy where there are to be more.
    package private(set) var single = BlockCount()
    /// Blocks without any.
    package private(set) var unreachable = BlockCount()
    /// Blocks of which a copy is not what it should be.
    package let damaged: Int
    /// Whether all blocks were looked at since the stores were as they are.
    package let isSurveyed: Bool
    /// Nodes that are left and have nothing any more.
    package let evacuated: [NodeID]

    fileprivate init(
        of lacks: [Int: BlockCount], to copies: Int, underway: Int, waiting: Int, damaged: Int, isSurveyed: Bool,
        evacuated: [NodeID]
    ) {
        (self.underway, self.waiting, self.damaged) = (underway, waiting, damaged)
        (self.isSurveyed, self.evacuated) = (isSurveyed, evacuated)
        for (found, count) in lacks where found < copies {
            lacking.add(count)
            if found == 0 { unreachable.add(count) } else if found == 1 { single.add(count) }
        }
    }
}

/// Blocks and bytes of content.
package struct BlockCount: Hashable, Sendable {
    package private(set) var blocks: UInt64 = 0
    package private(set) var bytes: UInt64 = 0

    mutating func add(_ length: UInt32) {
        blocks += 1
        bytes += UInt64(length)
    }

    mutating func add(_ other: BlockCount) { (blocks, bytes) = (blocks + other.blocks, bytes + other.bytes) }
}

extension Keeper {
    package var standing: KeeperStanding {
        KeeperStanding(
            of: lacks, to: options.copies, underway: jobs.count, waiting: waiting, damaged: damage.count,
            isSurveyed: !survey.isUnderway && survey.ended != nil, evacuated: evacuated.sorted())
    }

    private var waiting: Int {
        queue.count + deferred.count + survey.rest.values.reduce(0) { $0 + Int(clamping: $1.blocks) }
    }

    /// All blocks that something is to be done about, by how many good copies there are.
    private var lacks: [Int: BlockCount] {
        let waiting = queue.pairs.map { ($0.copies, $1) } + deferred.values.map { ($0.copies, $0.length) }
        let worked = jobs.values.filter { unreachable[$0.block.id] == nil }.map {
            (plan($0.block).sources.count, $0.block.length)
        }
        // Of those without any some are looked at again.
        // Those without any are all known.
        let rest = survey.rest.filter { $0.key > 0 }
        let known = waiting.filter { $0.0 > 0 } + worked + unreachable.values.map { (0, $0) }
        return known.reduce(into: rest) { $0[$1.0, default: BlockCount()].add($1.1) }
    }

    /// What a move of everything on a node takes, as things are now.
    package func plan(leaving node: NodeID, _ state: some VolumeState) -> EvacuationPlan {
        EvacuationPlan(leaving: node, state, stores, copies: options.copies, footprint: footprint)
    }
}
