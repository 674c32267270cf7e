import Resources

/// What moved in one unit, with the balance after each entry. Sums never mix units.
struct StatementSection: Sendable {
    /// One change of the balance with one peer. Amounts are in base units of the section's unit.
    struct Line: Sendable {
        let unit: LedgerUnit
        let at: CivilTime
        let transfer: String
        let peer: String
        let peerName: String
        let purpose: String
        let lease: String?
        /// That it settles.
        let receipt: String?
        /// Positive where the peer came to owe this node more.
        let amount: Int64
        let balance: Int64
    }

    let unit: LedgerUnit
    /// What peers owed this node before, less what it owed them.
    let opening: Int64
    let closing: Int64
    /// Billed in the time and not accepted, less what became of such; not part of the balance.
    let disputed: Int64
    let lines: [Line]
    /// What the lines come to.
    let sums: BalanceSums

    /// - Parameters:
    ///   - isOfOnePeer: of what is between two peers only the side of the one that was asked for is told.
    ///   - opening: what stood before on accounts; those in other units are passed over, like entries in others.
    init(_ unit: LedgerUnit, isOfOnePeer: Bool, opening: [AccountStanding], entries: [PostedEntry]) {
        self.unit = unit
        var balance = opening.reduce(0) { $1.unit == unit && $1.account.hasPrefix("peer:") ? $0 + $1.net : $0 }
        self.opening = balance
        var lines: [Line] = []
        var sums = BalanceSums()
        var disputed: Int64 = 0
        for entry in entries where entry.unit == unit {
            disputed += entry.disputed
            for change in entry.changes where change.amount != 0 && (!isOfOnePeer || change.peer == entry.peer) {
                balance += change.amount
                sums.add(change.amount, for: entry.purpose)
                lines.append(
                    Line(
                        unit: unit, at: entry.at, transfer: entry.transfer, peer: change.peer, peerName: change.peerName,
                        purpose: entry.purpose, lease: entry.lease, receipt: entry.receipt, amount: change.amount,
                        balance: balance))
            }
        }
        self.lines = lines
        self.sums = sums
        self.disputed = disputed
        closing = balance
    }

    /// Nothing moved, nothing stands.
    var isEmpty: Bool { lines.isEmpty && opening == 0 && disputed == 0 }

    // MARK: For people

    /// What stood before, in a sheet that has more.
    func addOpening(to sheet: inout Sheet, with peer: String?) { sheet.add("before", standing(opening, with: peer)) }

    /// The table, and what it comes to below.
    ///
    /// - Parameter inDispute: in microcredits, now.
    func text(on page: Page, with peer: String?, inDispute: Int64) -> String {
        let body = lines.isEmpty ? "nothing moved in this time\n" : Self.table([self], on: page).text(on: page)
        var foot = Sheet()
        let isInKind = unit != .credit
        foot.add(isInKind ? "given" : "earned", unit.text(LedgerAmount(sums[.earned])))
        foot.add(isInKind ? "taken" : "spent", unit.text(LedgerAmount(-sums[.spent])))
        for (line, amount) in sums.others { foot.add(line.label, unit.text(LedgerAmount(amount))) }
        foot.add("balance", standing(closing, with: peer), .strong)
        if disputed != 0 { foot.add("not accepted", "\(unit.text(LedgerAmount(disputed))), no part of the balance", .warning) }
        if !isInKind, inDispute != 0 {
            let amount = unit.text(LedgerAmount(inDispute))
            foot.add("in dispute", "\(amount) now; that moves no balance before it is resolved", .warning)
        }
        return body + page.gap + foot.text(on: page)
    }

    /// The lines of sections below each other; on a plain page each says its unit.
    static func table(_ sections: [StatementSection], on page: Page) -> Table {
        let unit = sections.first?.unit ?? .credit
        let lines = sections.flatMap(\.lines)
        let hasReceipts = page.isPlain || lines.contains { $0.receipt != nil }
        var table = Table(
            [
                .init("TIME"), .init("PEER", .left, .shortened), .init("FOR", .left, .shortened), .init(unit.heading, .right),
                .init("BALANCE", .right), .init("LEASE", .left, .omitted), .init("TRANSFER", .left, .omitted),
            ] + (page.isPlain ? [.init("UNIT")] : []) + (hasReceipts ? [.init("RECEIPT", .left, .omitted)] : []))
        for line in lines {
            table.add(
                [
                    .init(line.at.clock(on: page), .dim), .init(line.peerName),
                    .init(page.isPlain ? line.purpose : line.purpose.replacing("_", with: " ")),
                    .init(line.unit.figure(line.amount)), .init(line.unit.figure(line.balance), .strong),
                    .init(line.lease ?? ""), .init(line.transfer, .dim),
                ] + (page.isPlain ? [.init(line.unit.rawValue)] : []) + (hasReceipts ? [.init(line.receipt ?? "", .dim)] : []))
        }
        return table
    }

    private func standing(_ balance: Int64, with peer: String?) -> String {
        guard balance != 0 else { return unit == .credit ? "0 credits" : "nothing" }
        let (amount, who) = (unit.text(LedgerAmount(abs(balance))), peer ?? "peers")
        return balance > 0 ? "\(amount), owed by \(who)" : "-\(amount), owed to \(who)"
    }
}

extension StatementSection.Line: Encodable {
    private enum CodingKeys: String, CodingKey {
        case at, transfer, peer, peerName, purpose, lease, receipt, amount, balance, amountMicrocredits, balanceMicrocredits
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(at, forKey: .at)
        try container.encode(transfer, forKey: .transfer)
        try container.encode(peer, forKey: .peer)
        try container.encode(peerName, forKey: .peerName)
        try container.encode(purpose, forKey: .purpose)
        try container.encodeIfPresent(lease, forKey: .lease)
        try container.encodeIfPresent(receipt, forKey: .receipt)
        try container.encode(amount, forKey: unit == .credit ? .amountMicrocredits : .amount)
        try container.encode(balance, forKey: unit == .credit ? .balanceMicrocredits : .balance)
    }
}

extension StatementSection: Encodable {
    private enum CodingKeys: String, CodingKey { case unit, opening, closing, disputed, entries }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(unit, forKey: .unit)
        try container.encode(opening, forKey: .opening)
        try container.encode(closing, forKey: .closing)
        try container.encode(disputed, forKey: .disputed)
        try container.encode(lines, forKey: .entries)
    }
}
