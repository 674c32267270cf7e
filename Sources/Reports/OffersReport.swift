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
        // Disk is asked for by itself: then all offers are of it.
        let isDisk = offers.contains { $0.terms?.amounts.diskBytes != nil }
        let resources: [Table.Column] =
            isDisk
            ? [.init("DISK", .right), .init("GIB-HOUR", .right, .omitted)]
            : [
                .init("CPU", .right), .init("MEMORY", .right), .init("CORE-HOUR", .right, .omitted),
                .init("GIB-HOUR", .right, .omitted),
            ]
        var table = Table(
            [.init("NODE", .left, .shortened)] + resources + [
                .init("UP TO", .right, .omitted), .init("NOTICE", .left, .omitted), .init("LIMITS", .left, .omitted),
            ])
        var refusals = Sheet()
        for offer in offers {
            guard let terms = offer.terms else {
                refusals.add(
                    offer.name, offer.error ?? offer.refusal?.text ?? "offers nothing", offer.error == nil ? .warning : .bad)
                continue
            }
            let (amounts, prices) = (terms.amounts, terms.prices)
            let figures =
                isDisk
                ? [page.figure(amounts.disk), page.figure(prices.disk)]
                : [page.figure(amounts.cpu), page.figure(amounts.memory), page.figure(prices.cpu), page.figure(prices.memory)]
            table.add(
                [.init(offer.name)] + figures.map { .init($0) } + [
                    .init(page.figure(terms.term)), .init(terms.notice),
                    offer.limitsEnforced ? "enforced" : .init("not enforced", .warning),
                ])
        }
        let parts = [table.isEmpty ? "" : table.text(on: page), refusals.text(on: page)]
        return parts.filter { !$0.isEmpty }.joined(separator: page.gap)
    }
}
