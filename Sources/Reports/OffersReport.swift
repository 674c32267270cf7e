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
        guard !offers.isEmpty else { return page.hint("no peers to ask: see 'surplus nodes'") }
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
                .init(offer.name), .init(page.figure(terms.amounts.cpu)), .init(page.figure(terms.amounts.memory)),
                .init(page.figure(terms.prices.cpu)), .init(page.figure(terms.prices.memory)), .init(page.figure(terms.term)),
                .init(terms.notice), offer.limitsEnforced ? "enforced" : .init("not enforced", .warning),
            ])
        }
        let parts = [table.isEmpty ? "" : table.text(on: page), refusals.text(on: page)]
        return parts.filter { !$0.isEmpty }.joined(separator: page.gap)
    }
}
