import Resources

/// What each peer would lend now, or why it would not.
package struct OffersReport: Report {
    package struct Offer: Encodable, Sendable {
        let node: String
        let name: String
        let terms: TermFigures?
        let limitsEnforced: Bool
        let refusal: RefusalFigures?
        let error: String?

        /// - Parameters:
        ///   - terms: `nil` when nothing is offered.
        ///   - error: why the peer could not be asked.
        package init(
            node: String, name: String, terms: TermFigures?, limitsEnforced: Bool, refusal: RefusalFigures?, error: String?
        ) {
            self.node = node
            self.name = name
            self.terms = terms
            self.limitsEnforced = limitsEnforced
            self.refusal = refusal
            self.error = error
        }
    }

    let offers: [Offer]
    package init(offers: [Offer]) { self.offers = offers }

    /// The offers as a table, then why the others make none.
    package func text(on page: Page) -> String {
        guard !offers.isEmpty else { return "no peers to ask: see 'surplus nodes'\n" }
        var table = Table([
            .init("NODE", .left, .shortened), .init("CPU", .right), .init("MEMORY", .right), .init("CORE-HOUR", .right, .omitted),
            .init("GIB-HOUR", .right, .omitted), .init("UP TO", .right, .omitted), .init("NOTICE", .left, .omitted),
            .init("LIMITS", .left, .omitted),
        ])
        var refusals = Sheet()
        for offer in offers {
            guard let terms = offer.terms else {
                refusals.add(
                    offer.name, offer.error ?? offer.refusal?.text ?? "offers nothing", offer.error == nil ? .warning : .bad)
                continue
            }
            table.add([
                .init(offer.name), .init(terms.amounts.cpu.shortText), .init(terms.amounts.memory.shortText),
                .init(terms.prices.cpu.shortText), .init(terms.prices.memory.shortText), .init(terms.term.shortText),
                .init(terms.notice), offer.limitsEnforced ? "enforced" : .init("not enforced", .warning),
            ])
        }
        let parts = [table.isEmpty ? "" : table.text(on: page), refusals.text(on: page)]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
