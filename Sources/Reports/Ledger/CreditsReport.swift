import Resources

/// What this node earned and spent, and how it stands with each peer.
package struct CreditsReport: Report {
    package struct Line: Encodable, Sendable {
        /// What speaks for a peer, by what both have signed, and against it.
        package struct Standing: Encodable, Hashable, Sendable {
            let number: Int64
            let lentMicrocredits: Int64
            let redeemedMicrocredits: Int64
            let refusedMicrocredits: Int64
            let inDisputeMicrocredits: Int64

            package init(
                number: Int64, lent: Microcredits, redeemed: Microcredits, refused: Microcredits, inDispute: Microcredits
            ) {
                self.number = number
                lentMicrocredits = lent.rawValue
                redeemedMicrocredits = redeemed.rawValue
                refusedMicrocredits = refused.rawValue
                inDisputeMicrocredits = inDispute.rawValue
            }

            /// For people.
            var text: String {
                let parts = [
                    ("lent", lentMicrocredits), ("redeemed", redeemedMicrocredits), ("refused", refusedMicrocredits),
                    ("in dispute", inDisputeMicrocredits),
                ].filter { $0.1 > 0 }.map { "\(Microcredits($0.1).text) \($0.0)" }
                return parts.isEmpty ? "\(number)" : "\(number): \(parts.joined(separator: ", "))"
            }
        }

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
        /// Left out by agents that do not tell.
        let standing: Standing?

        /// - Parameters:
        ///   - balance: posted; positive where the peer owes this node.
        ///   - limitGranted: the most the peer may owe this node.
        ///   - limitReceived: the most this node may owe the peer.
        ///   - netting: what nettings under way hold of the balance.
        package init(
            peer: String, peerName: String, balance: Microcredits, pendingOwedToUs: Microcredits, pendingWeOwe: Microcredits,
            limitGranted: Microcredits, limitReceived: Microcredits, disputed: Microcredits,
            netting: Microcredits = .zero, standing: Standing? = nil
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
            self.standing = standing
        }
    }

    let balanceMicrocredits: Int64
    let openingMicrocredits: Int64
    let earnedMicrocredits: Int64
    let spentMicrocredits: Int64
    /// Positive where peers came to owe this node more.
    let swappedMicrocredits: Int64
    let convertedMicrocredits: Int64
    let nettedMicrocredits: Int64
    let decayedMicrocredits: Int64
    let givenBackMicrocredits: Int64
    let pendingIncomingMicrocredits: Int64
    let pendingOutgoingMicrocredits: Int64
    let lines: [Line]
    let obligations: [ObligationReport]
    let disputes: [DisputeReport]

    private let sums: BalanceSums

    private enum CodingKeys: String, CodingKey {
        case balanceMicrocredits, openingMicrocredits, earnedMicrocredits, spentMicrocredits, swappedMicrocredits
        case convertedMicrocredits, nettedMicrocredits, decayedMicrocredits, givenBackMicrocredits
        case pendingIncomingMicrocredits, pendingOutgoingMicrocredits, lines, obligations, disputes
    }

    /// - Parameters:
    ///   - opening: what stood before the first ledger file that is there.
    ///   - sums: what moved since.
    ///   - obligations: what is owed in kind and not settled, what falls due first in front.
    ///   - disputes: what is in dispute, the oldest first.
    package init(
        opening: Microcredits = .zero, sums: BalanceSums, pendingIncoming: Microcredits, pendingOutgoing: Microcredits,
        lines: [Line], obligations: [ObligationReport] = [], disputes: [DisputeReport] = []
    ) {
        self.sums = sums
        openingMicrocredits = opening.rawValue
        balanceMicrocredits = opening.rawValue + sums.change
        earnedMicrocredits = sums[.earned]
        spentMicrocredits = -sums[.spent]
        swappedMicrocredits = sums[.swapped]
        convertedMicrocredits = sums[.converted]
        nettedMicrocredits = sums[.netted]
        decayedMicrocredits = sums[.decayed]
        givenBackMicrocredits = sums[.givenBack]
        pendingIncomingMicrocredits = pendingIncoming.rawValue
        pendingOutgoingMicrocredits = pendingOutgoing.rawValue
        self.lines = lines
        self.obligations = obligations
        self.disputes = disputes
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        if openingMicrocredits != 0 { sheet.add("before", Microcredits(openingMicrocredits).text) }
        sheet.add(sums)
        sheet.add("balance", Microcredits(balanceMicrocredits).text, .strong)
        sheet.add("pending", pending)
        var parts = [sheet.text(on: page)]
        if !lines.isEmpty { parts.append(table.text(on: page)) }
        if !obligations.isEmpty, !page.isPlain { parts.append("owed in kind\n" + ObligationsReport(obligations).text(on: page)) }
        if !disputes.isEmpty, !page.isPlain { parts.append("in dispute\n" + DisputesReport(disputes).text(on: page)) }
        return parts.joined(separator: page.gap)
    }

    /// What is reserved and moves the balance only as far as it is used.
    private var pending: String? {
        let parts = [(pendingIncomingMicrocredits, "to come in"), (pendingOutgoingMicrocredits, "to go out")].filter { $0.0 != 0 }
        return parts.isEmpty ? nil : parts.map { "\(Microcredits($0.0).text) \($0.1)" }.joined(separator: ", ")
    }

    /// The headings carry the unit, the cells only numbers.
    private var table: Table {
        var table = Table([
            .init("PEER", .left, .shortened), .init("CREDITS", .right), .init("PENDING", .right),
            .init("THEY MAY OWE", .right, .omitted),
            .init("WE MAY OWE", .right, .omitted), .init("DISPUTED", .right, .omitted), .init("STANDING", .right, .omitted),
        ])
        for line in lines {
            let pending = line.pendingOwedToUsMicrocredits - line.pendingWeOweMicrocredits
            table.add([
                .init(line.peerName), Self.number(line.balanceMicrocredits), Self.number(pending),
                Self.number(line.limitGrantedMicrocredits), Self.number(line.limitReceivedMicrocredits),
                .init(Self.number(line.disputedMicrocredits).text, line.disputedMicrocredits == 0 ? .plain : .warning),
                .init(line.standing.map { String($0.number) } ?? ""),
            ])
        }
        return table
    }

    private static func number(_ value: Int64) -> Table.Cell {
        .init(String(Microcredits(value).text.prefix { $0 != " " }))
    }
}
