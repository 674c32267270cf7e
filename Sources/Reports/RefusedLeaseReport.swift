import Resources

/// Why nobody lends what was asked for, and what would be lent instead.
package struct RefusedLeaseReport: Report {
    /// Terms that would be agreed to as things stand.
    package struct Alternative: Encodable, Sendable {
        /// `less`, `later`, `dearer`, `elsewhere` or `otherwise`.
        let kind: String
        let node: String?
        let nodeName: String?
        let amounts: AmountFigures
        let termMicroseconds: Int64
        let prices: PriceFigures
        let notice: String
        /// When the term would begin; left out where it would at once.
        let start: CivilTime?
        /// From how many nodes, where several were asked for.
        let nodes: Int?
        /// What would have to be lent in return; left out where nothing would.
        let swap: Swap?
        /// What asks for it.
        let command: String

        package struct Swap: Encodable, Sendable {
            let amounts: AmountFigures
            let termMicroseconds: Int64

            package init(_ amounts: Amounts, for term: Microseconds) {
                self.amounts = AmountFigures(amounts)
                termMicroseconds = term.rawValue
            }
        }

        package init(
            kind: String, node: String?, nodeName: String?, terms: TermFigures, nodes: Int?, swap: Swap? = nil, command: String
        ) {
            self.kind = kind
            self.node = node
            self.nodeName = nodeName
            amounts = terms.amounts
            termMicroseconds = terms.termMicroseconds
            prices = terms.prices
            notice = terms.notice
            start = terms.startAt
            self.nodes = nodes
            self.swap = swap
            self.command = command
        }

        /// `less: node2 lends 0.5 cores, 1 GiB for 15 min`.
        func text(on page: Page) -> String {
            var text = "\(kind): \(nodeName ?? "somebody")"
            if let nodes { text = "\(kind): \(counted(nodes, "node"))" }
            text += nodes.map { $0 == 1 } ?? true ? " lends " : " lend "
            text += "\(amounts.text(on: page)) for \(Microseconds(termMicroseconds).shortText)"
            if let start { text += ", beginning at \(start.clockAndDistance(on: page))" }
            if let swap {
                text += ", in return for \(swap.amounts.text(on: page)) for \(Microseconds(swap.termMicroseconds).shortText)"
            } else if kind != "less" || nodes == nil {
                text += ", at \(prices.text(of: amounts))"
            }
            return text
        }
    }

    package let refusal: RefusalFigures
    let alternatives: [Alternative]

    package init(refusal: RefusalFigures, alternatives: [Alternative]) {
        self.refusal = refusal
        self.alternatives = alternatives
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("refused", refusal.text)
        for alternative in alternatives {
            sheet.add("nearest", alternative.text(on: page))
            sheet.add("ask with", alternative.command)
        }
        return sheet.text(on: page)
    }

    /// For the end of an error: a line for each alternative, and below it what to type, which stays whole.
    package func nearest(on page: Page) -> [String] {
        alternatives.flatMap { alternative in
            ("nearest: " + alternative.text(on: page)).printable.wrapped(at: page.width ?? .max) + ["    " + alternative.command]
        }
    }
}
