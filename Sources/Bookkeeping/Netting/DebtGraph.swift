import Resources

/// What one node owes another.
package struct Debt: Hashable, Codable, Sendable {
    package let debtor: NodeID
    package let creditor: NodeID
    /// Positive.
    package let amount: Microcredits

    package init(debtor: NodeID, creditor: NodeID, amount: Microcredits) {
        self.debtor = debtor
        self.creditor = creditor
        self.amount = amount
    }
}

/// Nodes each of which owes the next one, and the last the first, at least an amount. Taking that off all these debts changes
/// nobody's net position.
package struct DebtCycle: Hashable, Sendable {
    /// No node twice.
    package let members: [NodeID]
    package let amount: Microcredits

    package init(members: [NodeID], amount: Microcredits) {
        self.members = members
        self.amount = amount
    }

    /// What taking it off all of them takes off the sum of debts.
    package var reduction: Microcredits { amount * Int64(members.count) }
}

/// Who owes whom in a pool, as a planner or a simulator sees it; no agent knows all of it.
package struct DebtGraph: Sendable {
    private struct Edge {
        let from: Int
        let to: Int
        var amount: Int64
    }

    /// In ascending order; edges name them by their place.
    private let nodes: [NodeID]
    /// By debtor and creditor. What two nodes owe each other nets by itself, so there is at most one edge between two.
    private var edges: [Edge]
    /// The edges that leave each node.
    private let leaving: [[Int]]

    /// - Parameter debts: several between the same two nodes are netted. What a node owes itself is left out.
    package init(_ debts: some Sequence<Debt>) {
        var sums = SortedMap<Pair, Microcredits>()
        for debt in debts where debt.debtor != debt.creditor {
            let (pair, sign): (Pair, Int64) =
                debt.debtor < debt.creditor ? (Pair(debt.debtor, debt.creditor), 1) : (Pair(debt.creditor, debt.debtor), -1)
            sums[pair] = (sums[pair] ?? .zero) + debt.amount * sign
        }
        let netted = sums.pairs.filter { $1 != .zero }.map { pair, sum in
            sum > .zero
                ? Debt(debtor: pair.low, creditor: pair.high, amount: sum)
                : Debt(debtor: pair.high, creditor: pair.low, amount: -sum)
        }
        self.init(netted: netted.sorted { ($0.debtor, $0.creditor) < ($1.debtor, $1.creditor) })
    }

    private init(netted: [Debt]) {
        var places = SortedMap<NodeID, Int>()
        for debt in netted { (places[debt.debtor], places[debt.creditor]) = (0, 0) }
        nodes = places.keys
        for (place, node) in nodes.enumerated() { places[node] = place }
        var leaving = [[Int]](repeating: [], count: nodes.count)
        var edges: [Edge] = []
        for debt in netted {
            guard let from = places[debt.debtor], let to = places[debt.creditor] else { continue }
            leaving[from].append(edges.count)
            edges.append(Edge(from: from, to: to, amount: debt.amount.rawValue))
        }
        (self.edges, self.leaving) = (edges, leaving)
    }

    private struct Pair: Hashable, Comparable, Sendable {
        let low: NodeID
        let high: NodeID

        init(_ low: NodeID, _ high: NodeID) { (self.low, self.high) = (low, high) }

        static func < (a: Pair, b: Pair) -> Bool { (a.low, a.high) < (b.low, b.high) }
    }

    // MARK: Reading

    /// What is owed now, by debtor and creditor.
    package var debts: [Debt] {
        edges.filter { $0.amount > 0 }.map {
            Debt(debtor: nodes[$0.from], creditor: nodes[$0.to], amount: Microcredits($0.amount))
        }
    }

    /// The sum of all debts.
    package var gross: Microcredits { edges.reduce(.zero) { $0 + Microcredits($1.amount) } }

    /// What each node is owed less what it owes.
    package var positions: SortedMap<NodeID, Microcredits> {
        var sums = [Int64](repeating: 0, count: nodes.count)
        for edge in edges {
            sums[edge.to] += edge.amount
            sums[edge.from] -= edge.amount
        }
        return SortedMap(zip(nodes, sums.map { Microcredits($0) }))
    }

    /// What debts come to at least that leave everybody's net position as it is: what those are owed together that are owed more
    /// than they owe.
    package var least: Microcredits { positions.values.reduce(.zero) { $0 + max(.zero, $1) } }

    // MARK: Netting

    /// Cancels cycles of at most `longest` debts until there are none.
    ///
    /// Cycles of great debts first, so that those are not used up by small ones: a bound that is halved again and again says how
    /// much each debt must come to at least (capacity scaling: J. Edmonds and R. M. Karp, Journal of the ACM 19(2), 1972). Within
    /// a bound the greatest debt comes first; through each debt, of its shortest cycles the one whose least debt is greatest (a
    /// breadth-first search that keeps the widest path to each node of a layer). Cancelling cycles is known from minimum-cost flow
    /// (M. Klein, Management Science 14(3), 1967). Here their length is bounded, for all who are on one must agree: ``least`` is not
    /// reached where only longer ones are left.
    ///
    /// Each cancelling ends a debt, so there are at most as many as debts; a search looks at every debt at most once. With m debts,
    /// the greatest of them a, that is O(m^2 log a) steps. The same debts give the same cycles on every machine.
    ///
    /// - Returns: what was cancelled, in this order.
    package mutating func cancelCycles(upTo longest: Int) -> [DebtCycle] {
        var cancelled: [DebtCycle] = []
        var search = Search(nodes: nodes.count)
        var bound = edges.reduce(1) { max($0, $1.amount) }
        repeat {
            bound = max(1, bound / 2)
            let order = edges.indices.filter { edges[$0].amount >= bound }
            for edge in order.sorted(by: { (edges[$1].amount, $0) < (edges[$0].amount, $1) }) {
                while edges[edge].amount >= bound,
                    let path = search.path(closing: edge, within: longest - 1, ofAtLeast: bound, edges, leaving)
                {
                    cancelled.append(cancel([edge] + path))
                }
            }
        } while bound > 1
        return cancelled
    }

    private mutating func cancel(_ cycle: [Int]) -> DebtCycle {
        let amount = cycle.reduce(Int64.max) { min($0, edges[$1].amount) }
        for edge in cycle { edges[edge].amount -= amount }
        return DebtCycle(members: cycle.map { nodes[edges[$0].from] }, amount: Microcredits(amount))
    }

    /// The room that searches share.
    private struct Search {
        /// In which search a node was reached last.
        private var reachedIn: [Int]
        private var layer: [Int]
        /// The least debt on the widest of the shortest paths to a node.
        private var width: [Int64]
        /// The last debt of that path.
        private var last: [Int]
        private var number = 0

        init(nodes: Int) {
            reachedIn = [Int](repeating: 0, count: nodes)
            layer = reachedIn
            last = reachedIn
            width = [Int64](repeating: 0, count: nodes)
        }

        /// The widest of the shortest paths of debts that closes a cycle with `edge`; `nil` when none has at most `hops` debts.
        mutating func path(
            closing edge: Int, within hops: Int, ofAtLeast bound: Int64, _ edges: [Edge], _ leaving: [[Int]]
        ) -> [Int]? {
            number += 1
            let (start, goal) = (edges[edge].to, edges[edge].from)
            (reachedIn[start], layer[start], width[start]) = (number, 0, edges[edge].amount)
            var frontier = [start]
            for depth in 1...max(1, hops) {
                frontier = advance(from: frontier, to: depth, ofAtLeast: bound, edges, leaving)
                if reachedIn[goal] == number { return trace(from: goal, to: start, edges) }
                if frontier.isEmpty { return nil }
            }
            return nil
        }

        private mutating func advance(
            from frontier: [Int], to depth: Int, ofAtLeast bound: Int64, _ edges: [Edge], _ leaving: [[Int]]
        ) -> [Int] {
            var next: [Int] = []
            for node in frontier {
                for edge in leaving[node] where edges[edge].amount >= bound {
                    let (target, narrowest) = (edges[edge].to, min(width[node], edges[edge].amount))
                    let isNew = reachedIn[target] != number
                    guard isNew || layer[target] == depth && narrowest > width[target] else { continue }
                    if isNew { next.append(target) }
                    (reachedIn[target], layer[target], width[target], last[target]) = (number, depth, narrowest, edge)
                }
            }
            return next
        }

        private func trace(from goal: Int, to start: Int, _ edges: [Edge]) -> [Int] {
            var path: [Int] = []
            var node = goal
            while node != start {
                path.append(last[node])
                node = edges[last[node]].from
            }
            return path.reversed()
        }
    }
}
