import Resources

/// What moved credits between this node and one peer, or all of them, with the balance after each, as a bank would show it.
package struct StatementReport: Report {
    package struct Line: Encodable, Sendable {
        let at: CivilTime
        let transfer: String
        let peer: String
        let peerName: String
        let purpose: String
        let lease: String?
        /// Positive where the peer came to owe this node more.
        let amountMicrocredits: Int64
        let balanceMicrocredits: Int64
    }

    /// The peer that was asked for; left out for all.
    let peerName: String?
    let since: CivilTime?
    let until: CivilTime?
    /// The first transfer that could be read, where the statement would reach further back.
    let beginsAt: CivilTime?
    /// What peers owed this node before, less what it owed them.
    let openingMicrocredits: Int64
    let closingMicrocredits: Int64
    /// Billed in the time and not accepted, less what became of such; not part of the balance.
    let disputedMicrocredits: Int64
    let entries: [Line]

    /// - Parameters:
    ///   - opening: what stood before on the accounts that the entries are about.
    ///   - entries: in the order in which they were booked.
    package init(
        of peerName: String?, since: CivilTime?, until: CivilTime?, opening: [AccountStanding], entries: [PostedEntry],
        begins: CivilTime? = nil
    ) {
        self.peerName = peerName
        beginsAt = begins.flatMap { begins in since.map { $0.timestamp >= begins.timestamp } ?? false ? nil : begins }
        self.since = since
        self.until = until
        var balance = opening.reduce(Microcredits.zero) { $1.account.hasPrefix("peer:") ? $0 + $1.credits : $0 }
        openingMicrocredits = balance.rawValue
        var lines: [Line] = []
        for entry in entries {
            // Of what is between two peers only the side of the one that was asked for.
            for change in entry.changes where change.amount != .zero && (peerName == nil || change.peer == entry.peer) {
                balance += change.amount
                lines.append(
                    Line(
                        at: entry.at, transfer: entry.transfer, peer: change.peer, peerName: change.peerName,
                        purpose: entry.purpose, lease: entry.lease, amountMicrocredits: change.amount.rawValue,
                        balanceMicrocredits: balance.rawValue))
            }
        }
        self.entries = lines
        closingMicrocredits = balance.rawValue
        disputedMicrocredits = entries.reduce(0) { $0 + $1.disputed.rawValue }
    }

    package func text(on page: Page) -> String {
        guard !page.isPlain else { return table(on: page).text(on: page) }
        var head = Sheet()
        head.add("statement", peerName.map { "with \($0)" } ?? "with all peers", .strong)
        head.add("since", since?.clock(on: page))
        head.add("until", until?.clock(on: page))
        head.add("begins", beginsAt.map { "\($0.clock(on: page)); older ledger files were archived and are not mounted" })
        head.add("before", standing(openingMicrocredits))
        var foot = Sheet()
        foot.add("earned", sum { $0 > 0 }.text)
        foot.add("spent", (-sum { $0 < 0 }).text)
        for purpose in Self.apart {
            let sum = sum(of: purpose)
            if sum != .zero { foot.add(purpose.replacing("_", with: " "), sum.text) }
        }
        if disputedMicrocredits != 0 { foot.add("disputed", Microcredits(disputedMicrocredits).text, .warning) }
        foot.add("balance", standing(closingMicrocredits), .strong)
        let body = entries.isEmpty ? "nothing moved in this time\n" : table(on: page).text(on: page)
        return [head.text(on: page), body, foot.text(on: page)].joined(separator: page.gap)
    }

    private func sum(where isWanted: (Int64) -> Bool) -> Microcredits {
        entries.reduce(.zero) { sum, entry in
            guard !Self.apart.contains(entry.purpose), isWanted(entry.amountMicrocredits) else { return sum }
            return sum + Microcredits(entry.amountMicrocredits)
        }
    }

    /// What is neither earned nor spent.
    private static let apart = ["netted", "given_back"]

    /// What something added to the balance. Netting adds nothing where the statement is with all peers.
    private func sum(of purpose: String) -> Microcredits {
        entries.reduce(.zero) { $1.purpose == purpose ? $0 + Microcredits($1.amountMicrocredits) : $0 }
    }

    private func standing(_ balance: Int64) -> String {
        let who = peerName ?? "peers"
        if balance == 0 { return "0 credits" }
        let amount = Microcredits(abs(balance)).text
        return balance > 0 ? "\(amount), owed by \(who)" : "-\(amount), owed to \(who)"
    }

    private func table(on page: Page) -> Table {
        var table = Table([
            .init("TIME"), .init("PEER", .left, .shortened), .init("FOR", .left, .shortened), .init("CREDITS", .right),
            .init("BALANCE", .right), .init("LEASE", .left, .omitted), .init("TRANSFER", .left, .omitted),
        ])
        for entry in entries {
            table.add([
                .init(entry.at.clock(on: page), .dim), .init(entry.peerName),
                .init(page.isPlain ? entry.purpose : entry.purpose.replacing("_", with: " ")),
                .init(Microcredits(entry.amountMicrocredits).fixed),
                .init(Microcredits(entry.balanceMicrocredits).fixed, .strong),
                .init(entry.lease ?? ""), .init(entry.transfer, .dim),
            ])
        }
        return table
    }
}
