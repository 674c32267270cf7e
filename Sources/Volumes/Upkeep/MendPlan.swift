import Resources

/// What a block lacks, and what it has too much.
struct MendPlan: Hashable {
    /// From where it can be copied, those first that keep it.
    let sources: [NodeID]
    /// Whole copies that stay.
    let keep: [NodeID]
    /// Where a damaged copy is replaced by a good one.
    let rewrite: [NodeID]
    /// How many copies are to be made elsewhere.
    let missing: Int
    /// Nodes that the metadata need not name any more, once all others have whole copies.
    let drop: [NodeID]
    /// Copies that are said not to be what they should be, on nodes that can be asked. When there are no others these are looked at
    /// again: whoever said so may have been wrong.
    let doubtful: [NodeID]
    /// Nodes nothing is heard of. They stay named: one of them may come back with the only copy that is left.
    let awaited: [NodeID]

    /// - Parameters:
    ///   - damaged: nodes whose copy is not what it should be.
    ///   - copies: that the block is to have.
    init(_ block: Block, _ stores: StoreMap, damaged: Set<NodeID>, copies: Int) {
        func named(_ phases: StoreCondition.Phase...) -> [NodeID] {
            block.replicas.filter { phases.contains(stores.stores[$0]?.phase ?? .lost) && stores.stores[$0] != nil }
        }
        var kept = named(.open, .closed)
        #if Defects
            if VolumeDefect.active == .lostCountsAsKept { kept = named(.open, .closed, .lost) }
        #endif
        let leaving = named(.leaving)
        let good = stores.apart(kept.filter { !damaged.contains($0) })
        let bad = kept.filter(damaged.contains)
        let gone = block.replicas.filter { stores.stores[$0] == nil }
        keep = Array(good.prefix(copies)).sorted()
        let lacking = copies - keep.count
        rewrite = Array(bad.prefix(lacking))
        missing = lacking - rewrite.count
        sources = good.sorted() + leaving.filter { !damaged.contains($0) }
        doubtful = (kept + leaving).filter(damaged.contains)
        awaited = named(.lost)
        drop = good.dropFirst(copies).sorted() + bad.dropFirst(lacking) + leaving + gone
    }

    var isNeeded: Bool { !drop.isEmpty || missing > 0 || !rewrite.isEmpty }
    /// Whether a good copy can be had, as far as is known.
    var isPossible: Bool { !sources.isEmpty }
}

/// Which block comes first: the one with fewest copies.
struct Urgency: Hashable, Comparable, Sendable {
    let copies: Int
    let block: BlockID

    static func < (a: Self, b: Self) -> Bool { (a.copies, a.block) < (b.copies, b.block) }
}
