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
        /// What would be given in return other than credits, in a few words; left out where nothing would.
        let inReturn: String?
        /// What would be owed in kind at most, or come off what is owed; left out where nothing would.
        let ceilingInKind: UsageFigures?

        package init(
            _ subject: String, _ effect: String, terms: TermFigures? = nil, ceiling: Microcredits? = nil,
            inReturn: String? = nil, inKind: Usage = .zero
        ) {
            self.subject = subject
            self.effect = effect
            self.terms = terms
            ceilingMicrocredits = ceiling?.rawValue
            self.inReturn = inReturn
            ceilingInKind = inKind == .zero ? nil : UsageFigures(inKind)
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
        var columns: [Table.Column] = [
            .init("WHAT"), .init("WOULD"), .init("AMOUNTS", .left, .omitted), .init("PRICES", .left, .omitted),
            .init("AT MOST", .right),
        ]
        let returnsAnything = effects.contains { $0.inReturn != nil }
        if returnsAnything { columns.append(.init("IN RETURN", .left, .omitted)) }
        var table = Table(columns)
        for effect in effects {
            var cells: [Table.Cell] = [
                .init(effect.subject), .init(effect.effect), .init(effect.terms?.amounts.text(on: page) ?? "-"),
                .init(effect.terms?.priceText ?? "-"),
                .init(effect.ceilingMicrocredits.map { page.figure(Microcredits($0)) } ?? "-"),
            ]
            if returnsAnything { cells.append(.init(effect.inReturn ?? "-")) }
            table.add(cells)
        }
        let head = page.hint("dry run, nothing was changed: \(summary)")
        return table.isEmpty ? head : head + page.gap + table.text(on: page)
    }
}
