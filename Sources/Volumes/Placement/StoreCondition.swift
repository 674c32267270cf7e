import Resources

/// A node that lends room to a volume, as the volume's home knows it.
package struct StoreCondition: Hashable, Sendable {
    package enum Phase: UInt8, Hashable, Sendable {
        /// Takes new blocks.
        case open
        /// Keeps what it has and takes no more: full, or its owner needs the machine.
        case closed
        /// Its owner wants the room back: what it has is copied elsewhere first, from it if need be.
        case leaving
        /// Nothing is heard of it; what it has may be gone.
        case lost
    }

    package let node: NodeID
    /// What fails together, such as a rack; nodes without one fail alone.
    package var domain: String?
    package var phase: Phase
    /// Bytes for new blocks.
    package var free: UInt64
    /// Bytes a second that its owner allows for copying blocks from and to it; `nil` is without limit.
    package var copyRate: UInt64?

    package init(_ node: NodeID, domain: String? = nil, phase: Phase = .open, free: UInt64, copyRate: UInt64? = nil) {
        self.copyRate = copyRate
        self.node = node
        self.domain = domain
        self.phase = phase
        self.free = free
    }
}

/// The nodes that lend room to a volume, in order.
package struct StoreMap: Sendable {
    package private(set) var stores = SortedMap<NodeID, StoreCondition>()

    package init(_ stores: [StoreCondition]) { for store in stores { self.stores[store.node] = store } }

    /// A node that is not among them is lost.
    func phase(of node: NodeID) -> StoreCondition.Phase { stores[node]?.phase ?? .lost }

    /// Chooses nodes for copies of a block: at random, those with more room more often, and in different failure domains as far as
    /// there are enough (weighted sampling without replacement).
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - bytes: that each has to have room for.
    ///   - present: nodes that have a copy already.
    /// - Returns: as many as can be had, those in domains of their own first.
    package func choose(
        _ count: Int, for bytes: UInt64, besides present: [NodeID] = [], using random: inout some RandomNumberGenerator
    ) -> [NodeID] {
        var candidates = stores.values.filter { $0.phase == .open && $0.free >= bytes && !present.contains($0.node) }
        var domains = Set(present.map(domain(of:)))
        var chosen: [NodeID] = []
        while chosen.count < count, !candidates.isEmpty {
            let apart = candidates.filter { !domains.contains(domain(of: $0.node)) }
            let next = Self.draw(apart.isEmpty ? candidates : apart, using: &random)
            chosen.append(next.node)
            domains.insert(domain(of: next.node))
            candidates.removeAll { $0.node == next.node }
        }
        return chosen
    }

    /// A node without a label is a domain of its own.
    private func domain(of node: NodeID) -> String { stores[node]?.domain.map { "=\($0)" } ?? node.description }

    /// The same nodes, first one of each failure domain.
    func apart(_ nodes: [NodeID]) -> [NodeID] {
        var (domains, first, rest) = (Set<String>(), [NodeID](), [NodeID]())
        for node in nodes {
            if domains.insert(domain(of: node)).inserted { first.append(node) } else { rest.append(node) }
        }
        return first + rest
    }

    private static func draw(
        _ candidates: [StoreCondition], using random: inout some RandomNumberGenerator
    ) -> StoreCondition {
        // In MiB, so that the sum of many does not overflow; nobody has none at all.
        let weights = candidates.map { ($0.free >> 20) + 1 }
        var rest = UInt64.random(in: 0..<weights.reduce(0, +), using: &random)
        for (candidate, weight) in zip(candidates, weights) {
            if rest < weight { return candidate }
            rest -= weight
        }
        preconditionFailure("the sum is that of the weights")
    }

    // MARK: Mending

    /// How well a block is kept.
    func standing(of block: Block) -> BlockStanding {
        let phases = block.replicas.map { ($0, phase(of: $0)) }
        return BlockStanding(
            kept: phases.filter { $0.1 == .open || $0.1 == .closed }.map(\.0),
            leaving: phases.filter { $0.1 == .leaving }.map(\.0),
            lost: phases.filter { $0.1 == .lost }.map(\.0))
    }

    /// What is to be copied so that each block has its copies again, the most endangered first.
    ///
    /// - Parameters:
    ///   - copies: that each block is to have.
    ///   - footprint: what a block of so many bytes of content takes on a node.
    /// - Returns: for each block that has too few and some good copy at most one. For one that there is no room for, none.
    package func repairs(
        of blocks: [Block], copies: Int, footprint: (UInt32) -> UInt64, using random: inout some RandomNumberGenerator
    ) -> [Repair] {
        var repairs: [Repair] = []
        for block in blocks {
            let standing = standing(of: block)
            let missing = copies - standing.kept.count
            guard missing > 0, !standing.sources.isEmpty else { continue }
            let targets = choose(missing, for: footprint(block.length), besides: block.replicas, using: &random)
            guard !targets.isEmpty else { continue }
            repairs.append(Repair(block: block.id, from: standing.sources, to: targets))
        }
        return repairs.sorted { ($0.from.count, $0.block) < ($1.from.count, $1.block) }
    }

    /// Where a block may stay, when it has all its copies: on nodes that keep it, and not on more than it needs.
    ///
    /// - Returns: `nil` as long as a copy elsewhere is still needed, or when there is nothing to change.
    package func trimmed(_ block: Block, copies: Int) -> BlockPlacement? {
        let kept = standing(of: block).kept
        guard kept.count >= copies, block.replicas.count > copies else { return nil }
        return BlockPlacement(block: block.id, replicas: Array(kept.prefix(copies)))
    }
}

/// Where a block lies, by how far those nodes can be counted on; each in order.
struct BlockStanding: Hashable {
    let kept: [NodeID]
    let leaving: [NodeID]
    let lost: [NodeID]

    /// From where it can be copied.
    var sources: [NodeID] { kept + leaving }
}

/// A block that is to be copied.
package struct Repair: Hashable, Sendable {
    package let block: BlockID
    /// Nodes that have it, those first that keep it.
    package let from: [NodeID]
    package let to: [NodeID]
}
