import Resources

/// What this node earned and spent, and how it stands with each peer.
package struct CreditsReport: Report {
    package struct Line: Encodable, Sendable {
        let peer: String
        let peerName: String
        let balanceMicrocredits: Int64
        let pendingOwedToUsMicrocredits: Int64
        let pendingWeOweMicrocredits: Int64
        let limitGrantedMicrocredits: Int64
        let limitReceivedMicrocredits: Int64
        let disputedMicrocredits: Int64
        /// Left out where no netting is under way.
        let nettingMicrocredits: Int64?

        /// - Parameters:
        ///   - balance: posted; positive where the peer owes this node.
        ///   - limitGranted: the most the peer may owe this node.
        ///   - limitReceived: the most this node may owe the peer.
        ///   - netting: what nettings under way hold of the balance.
        package init(
            peer: String, peerName: String, balance: Microcredits, pendingOwedToUs: Microcredits, pendingWeOwe: Microcredits,
            limitGranted: Microcredits, limitReceived: Microcredits, disputed: Microcredits,
            netting: Microcredits = .zero
        ) {
            self.peer = peer
            self.peerName = peerName
            balanceMicrocredits = balance.rawValue
            pendingOwedToUsMicrocredits = pendingOwedToUs.rawValue
            pendingWeOweMicrocredits = pendingWeOwe.rawValue
            limitGrantedMicrocredits = limitGranted.rawValue
            limitReceivedMicrocredits = limitReceived.rawValue
            disputedMicrocredits = disputed.rawValue
            nettingMicrocredits = netting == .zero ? nil : netting.rawValue
        }
    }

    let balanceMicrocredits: Int64
    let earnedMicrocredits: Int64
    let spentMicrocredits: Int64
    let pendingIncomingMicrocredits: Int64
    let pendingOutgoingMicrocredits: Int64
    let lines: [Line]
    let obligations: [ObligationReport]

    /// - Parameter obligations: what is owed in kind and not settled, what falls due first in front.
    package init(
        balance: Microcredits, earned: Microcredits, spent: Microcredits, pendingIncoming: Microcredits,
        pendingOutgoing: Microcredits, lines: [Line], obligations: [ObligationReport] = []
    ) {
        balanceMicrocredits = balance.rawValue
        earnedMicrocredits = earned.rawValue
        spentMicrocredits = spent.rawValue
        pendingIncomingMicrocredits = pendingIncoming.rawValue
        pendingOutgoingMicrocredits = pendingOutgoing.rawValue
        self.lines = lines
        self.obligations = obligations
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("balance", Microcredits(balanceMicrocredits).text, .strong)
        sheet.add("earned", Self.withPending(earnedMicrocredits, pendingIncomingMicrocredits))
        sheet.add("spent", Self.withPending(spentMicrocredits, pendingOutgoingMicrocredits))
        var parts = [sheet.text(on: page)]
        if !lines.isEmpty { parts.append(table.text(on: page)) }
        if !obligations.isEmpty, !page.isPlain { parts.append("owed in kind\n" + ObligationsReport(obligations).text(on: page)) }
        return parts.joined(separator: page.gap)
    }

    private static func withPending(_ posted: Int64, _ pending: Int64) -> String {
        Microcredits(posted).text + (pending == 0 ? "" : ", and \(Microcredits(pending).text) pending")
    }

    /// The headings carry the unit, the cells only numbers.
    private var table: Table {
        var table = Table([
            .init("PEER", .left, .shortened), .init("CREDITS", .right), .init("PENDING", .right),
            .init("THEY MAY OWE", .right, .omitted),
            .init("WE MAY OWE", .right, .omitted), .init("DISPUTED", .right, .omitted),
        ])
        for line in lines {
            let pending = line.pendingOwedToUsMicrocredits - line.pendingWeOweMicrocredits
            table.add([
                .init(line.peerName), Self.number(line.balanceMicrocredits), Self.number(pending),
                Self.number(line.limitGrantedMicrocredits), Self.number(line.limitReceivedMicrocredits),
                .init(Self.number(line.disputedMicrocredits).text, line.disputedMicrocredits == 0 ? .plain : .warning),
            ])
        }
        return table
    }

    private static func number(_ value: Int64) -> Table.Cell {
        .init(String(Microcredits(value).text.prefix { $0 != " " }))
    }
}
