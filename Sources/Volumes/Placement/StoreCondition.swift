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
    package func apart(_ nodes: [NodeID]) -> [NodeID] {
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
}
