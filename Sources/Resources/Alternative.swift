/// Terms near those that were refused which would be agreed to as things stand. Nothing is held for it.
package struct Alternative: Hashable, Codable, Sendable {
    package enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// Smaller amounts, a shorter term, less notice or fewer nodes.
        case less
        /// The same at another time.
        case later
        /// The same at a higher price.
        case dearer
        /// The same from a node that was not asked.
        case elsewhere
        /// The same for something else in return.
        case otherwise
    }

    package var kind: Kind
    /// Who would lend; `nil` from a lender that speaks of itself.
    package var node: NodeID?
    package var terms: Terms
    /// How many nodes would lend at the same time, where several were asked for.
    package var nodes: Int?

    /// What an objection to a term leaves: the terms that would do instead.
    package init(settling term: String, _ terms: Terms) {
        self.init(term == "price" ? .dearer : term == "consideration" ? .otherwise : .less, terms)
    }

    package init(_ kind: Kind, _ terms: Terms, from node: NodeID? = nil, nodes: Int? = nil) {
        self.kind = kind
        self.node = node
        self.terms = terms
        self.nodes = nodes
    }

    /// The most that travel with one refusal.
    package static let most = 16

    /// The nearest of each kind: what is largest of the lesser, soonest of the later, cheapest of the others. In the order of
    /// the kinds.
    package static func nearest(of alternatives: [Alternative]) -> [Alternative] {
        Kind.allCases.compactMap { kind in alternatives.filter { $0.kind == kind }.min { $0.isNearer(than: $1) } }
    }

    private func isNearer(than other: Alternative) -> Bool {
        let (a, b) = (terms, other.terms)
        if (nodes ?? 0) != (other.nodes ?? 0) { return (nodes ?? 0) > (other.nodes ?? 0) }
        if kind == .later, a.start != b.start {
            return a.wait(at: Timestamp(microseconds: 0)) < b.wait(at: Timestamp(microseconds: 0))
        }
        if kind == .less, a.amounts != b.amounts { return b.amounts.inOrder < a.amounts.inOrder }
        if a.prices != b.prices {
            return (a.prices.cpu, a.prices.memory, a.prices.disk) < (b.prices.cpu, b.prices.memory, b.prices.disk)
        }
        return a.term > b.term
    }
}
