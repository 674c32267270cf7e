import Resources

/// What a command would do, and what that would cost. Nothing of it was done.
package struct DryRunReport: Report {
    /// Something that would happen.
    package struct Effect: Encodable, Sendable {
        /// The id or name of what it would happen to.
        let subject: String
        /// What would happen, in a few words.
        let effect: String
        let terms: TermFigures?
        /// What it would cost at most: reserved first, and paid as far as it is used.
        let ceilingMicrocredits: Int64?

        package init(_ subject: String, _ effect: String, terms: TermFigures? = nil, ceiling: Microcredits? = nil) {
            self.subject = subject
            self.effect = effect
            self.terms = terms
            ceilingMicrocredits = ceiling?.rawValue
        }
    }

    let dryRun = true
    /// The command, without its arguments.
    let command: String
    /// In one sentence.
    let summary: String
    let effects: [Effect]

    package init(command: String, summary: String, effects: [Effect]) {
        self.command = command
        self.summary = summary
        self.effects = effects
    }

    private enum CodingKeys: CodingKey { case dryRun, command, summary, effects }

    package func text(on page: Page) -> String {
        var table = Table([
            .init("WHAT"), .init("WOULD"), .init("AMOUNTS", .left, .omitted), .init("PRICES", .left, .omitted),
            .init("AT MOST", .right),
        ])
        for effect in effects {
            table.add([
                .init(effect.subject), .init(effect.effect), .init(effect.terms?.amounts.text(on: page) ?? "-"),
                .init(effect.terms?.priceText ?? "-"),
                .init(effect.ceilingMicrocredits.map { page.figure(Microcredits($0)) } ?? "-"),
            ])
        }
        let head = page.hint("dry run, nothing was changed: \(summary)")
        return table.isEmpty ? head : head + page.gap + table.text(on: page)
    }
}
