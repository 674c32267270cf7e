import Resources

extension CreditHistoryReport {
    private static let columns = 40
    /// So many movements are shown to people; all that there are on a plain page and in JSON.
    private static let shownMovements = 10

    package func text(on page: Page) -> String {
        guard !page.isPlain else { return balances(on: page).text(on: page) }
        var head = Sheet()
        head.add("credits", nodeName, .strong)
        head.add("time", "\(since.clock(on: page)) to \(until.clock(on: page))")
        head.add("before", Microcredits(openingMicrocredits).text)
        head.add(sums)
        head.add("balance", Microcredits(closingMicrocredits).text, .strong)
        if disputed > 0 { head.add("in dispute", Microcredits(disputed).text, .warning) }
        guard !peers.isEmpty else { return head.text(on: page) + page.gap + page.hint("There are no peers yet.") }
        var parts = [head.text(on: page), balances(on: page).text(on: page)]
        if !inKind.isEmpty { parts.append(KindHistory.table(inKind).text(on: page)) }
        let limits = limits(on: page)
        if !limits.isEmpty { parts.append(limits.text(on: page)) }
        if !obligations.isEmpty { parts.append("owed in kind\n" + ObligationsReport(obligations).text(on: page)) }
        if !disputes.isEmpty { parts.append("in dispute\n" + DisputesReport(disputes).text(on: page)) }
        if !movements.isEmpty {
            parts.append("largest of \(counted(movementCount, "movement"))\n" + largest(on: page).text(on: page))
        }
        return parts.joined(separator: page.gap)
    }

    /// What is neither earned nor spent has a column where there is some of it; on a plain page always, so that each keeps its place.
    private func balances(on page: Page) -> Table {
        let others = otherLines(isPlain: page.isPlain)
        var table = Table(
            [.init("PEER", .left, .shortened), .init("BEFORE", .right), .init("EARNED", .right), .init("SPENT", .right)]
                + others.map { .init($0.label.uppercased(), .right) } + [
                    .init("BALANCE", .right), .init("NOT ACCEPTED", .right, .omitted), .init("OVER TIME", .left, .picture),
                ])
        for peer in peers {
            table.add(
                [
                    .init(peer.peerName), Self.number(peer.openingMicrocredits), Self.number(peer.earned),
                    Self.number(-peer.spent),
                ] + others.map { Self.number(peer.sums[$0]) } + [
                    Self.number(peer.closingMicrocredits, .strong),
                    Self.number(peer.disputedMicrocredits, peer.disputedMicrocredits == 0 ? .plain : .warning),
                    .init(line(of: peer).text(on: page)),
                ])
        }
        return table
    }

    /// What balances changed by beside what was earned and spent. What is cancelled is so only in kind.
    func otherLines(isPlain: Bool = false) -> [BalanceSums.Line] {
        BalanceSums.Line.allCases.filter { line in
            guard line != .earned, line != .spent else { return false }
            return isPlain ? line != .cancelled : peers.contains { $0.sums[line] != 0 }
        }
    }

    /// What stood in each column's time at its end, from the least to the most.
    private func line(of peer: Peer) -> Sparkline {
        let span = (until.timestamp - since.timestamp).rawValue
        let least = peer.balances.map(\.balanceMicrocredits).min() ?? 0
        var values = [Int64?](repeating: nil, count: Self.columns)
        for balance in peer.balances {
            let place = Int(
                Int128((balance.at.timestamp - since.timestamp).rawValue) * Int128(Self.columns - 1) / Int128(max(1, span)))
            values[min(max(0, place), Self.columns - 1)] = balance.balanceMicrocredits - least
        }
        for place in values.indices.dropFirst() where values[place] == nil { values[place] = values[place - 1] }
        return Sparkline(values: values, top: values.compactMap(\.self).max() ?? 0)
    }

    private func limits(on page: Page) -> Table {
        var table = Table([
            .init("PEER", .left, .shortened), .init("THEY MAY OWE", .right), .init("RESERVED", .right), .init("HEADROOM", .right),
            .init("WE MAY OWE", .right), .init("RESERVED", .right), .init("HEADROOM", .right),
            .init("IN DISPUTE", .right, .omitted),
        ])
        for peer in peers {
            guard let now = peer.now else { continue }
            table.add([
                .init(peer.peerName), Self.number(now.limitGrantedMicrocredits), Self.number(now.reservedOwedToUsMicrocredits),
                Self.number(now.headroomGrantedMicrocredits), Self.number(now.limitReceivedMicrocredits),
                Self.number(now.reservedWeOweMicrocredits), Self.number(now.headroomReceivedMicrocredits),
                Self.number(now.disputedMicrocredits, now.disputedMicrocredits == 0 ? .plain : .warning),
            ])
        }
        return table
    }

    private func largest(on page: Page) -> Table {
        var table = Table([
            .init("TIME"), .init("PEER", .left, .shortened), .init("FOR", .left, .shortened), .init("CREDITS", .right),
            .init("BALANCE", .right, .omitted), .init("LEASE", .left, .omitted),
        ])
        for movement in movements.prefix(Self.shownMovements) {
            table.add([
                .init(movement.at.clock(on: page), .dim), .init(movement.peerName),
                .init(movement.purpose.replacing("_", with: " ")), Self.number(movement.amountMicrocredits),
                Self.number(movement.balanceMicrocredits), .init(movement.lease ?? "", .dim),
            ])
        }
        return table
    }

    private static func number(_ value: Int64, _ tone: Tone = .plain) -> Table.Cell { .init(millionths(value), tone) }
}
