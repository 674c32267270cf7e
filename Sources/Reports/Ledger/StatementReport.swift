import Resources

/// What moved between this node and one peer, or all of them, with the balance after each entry, as a bank would show it: first the
/// credits, then one section for each unit in which something moved or stands in kind.
package struct StatementReport: Report {
    /// The peer that was asked for; left out for all.
    let peerName: String?
    let since: CivilTime?
    let until: CivilTime?
    /// The first transfer that could be read, where the statement would reach further back.
    let beginsAt: CivilTime?
    /// In the order of the ledger's units. Credits are left out only where another unit was asked for.
    let sections: [StatementSection]
    /// What is in dispute now with those that it is about, whoever billed it and whether it was paid; it moves no balance.
    let inDisputeMicrocredits: Int64

    /// - Parameters:
    ///   - unit: the only one that is wanted; all that something moved in when `nil`.
    ///   - opening: what stood before on the accounts that the entries are about.
    ///   - entries: those of a unit in the order in which they were booked.
    package init(
        of peerName: String?, in unit: LedgerUnit? = nil, since: CivilTime?, until: CivilTime?, opening: [AccountStanding],
        entries: [PostedEntry], inDispute: Microcredits = .zero, begins: CivilTime? = nil
    ) {
        inDisputeMicrocredits = inDispute.rawValue
        self.peerName = peerName
        beginsAt = begins.flatMap { begins in since.map { $0.timestamp >= begins.timestamp } ?? false ? nil : begins }
        self.since = since
        self.until = until
        sections = (unit.map { [$0] } ?? LedgerUnit.allCases)
            .map { StatementSection($0, isOfOnePeer: peerName != nil, opening: opening, entries: entries) }
            .filter { unit != nil || $0.unit == .credit || !$0.isEmpty }
    }

    package func text(on page: Page) -> String {
        guard !page.isPlain else { return StatementSection.table(sections, on: page).text(on: page) }
        var head = Sheet()
        head.add("statement", peerName.map { "with \($0)" } ?? "with all peers", .strong)
        head.add("since", since?.clock(on: page))
        head.add("until", until?.clock(on: page))
        head.add("begins", beginsAt.map { "\($0.clock(on: page)); older ledger files were archived and are not mounted" })
        var parts: [String] = []
        for (place, section) in sections.enumerated() {
            var sheet = place == 0 ? head : Sheet()
            if section.unit != .credit { sheet.add("unit", section.unit.name, .strong) }
            section.addOpening(to: &sheet, with: peerName)
            parts += [sheet.text(on: page), section.text(on: page, with: peerName, inDispute: inDisputeMicrocredits)]
        }
        return parts.joined(separator: page.gap)
    }
}

extension StatementReport {
    private enum CodingKeys: String, CodingKey {
        case peerName, since, until, beginsAt, openingMicrocredits, closingMicrocredits, disputedMicrocredits,
            inDisputeMicrocredits,
            entries, inKind
    }

    /// Credits as they were written before anything could be owed in kind, the other units beside them.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(peerName, forKey: .peerName)
        try container.encodeIfPresent(since, forKey: .since)
        try container.encodeIfPresent(until, forKey: .until)
        try container.encodeIfPresent(beginsAt, forKey: .beginsAt)
        if let credits = sections.first(where: { $0.unit == .credit }) {
            try container.encode(credits.opening, forKey: .openingMicrocredits)
            try container.encode(credits.closing, forKey: .closingMicrocredits)
            try container.encode(credits.disputed, forKey: .disputedMicrocredits)
            try container.encode(inDisputeMicrocredits, forKey: .inDisputeMicrocredits)
            try container.encode(credits.lines, forKey: .entries)
        }
        try container.encode(sections.filter { $0.unit != .credit }, forKey: .inKind)
    }
}
