import Resources

/// A page in HTML that needs nothing else: no network, no script, no font. It follows the reader's choice of light or dark, and is
/// printed in light.
extension CreditHistoryReport {
    /// - Parameter utcOffset: of the time zone that times are told in.
    package func html(utcOffset: Microseconds) -> String {
        let clock = Clock(utcOffset: utcOffset)
        let sections = [
            balanceSection(clock), sumSection, flowSection, kindSection, limitSection(clock), obligationSection(clock),
            disputeSection(clock),
            movementSection(clock),
        ]
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(Markup.text("Credits of \(nodeName)"))</title>
            <style>
            \(CreditPageStyle.sheet)</style>
            </head>
            <body>
            <header>
            <h1>\(Markup.text("Credits of \(nodeName)"))</h1>
            <p>\(Markup.text("\(clock.text(since)) to \(clock.text(until)), \(clock.zone). Amounts are in credits."))</p>
            </header>
            \(tiles)
            \(peers.isEmpty ? "<section><p>This node has no peers yet.</p></section>" : sections.joined())
            <footer><p>\(Markup.text("Made by surplus \(Software.version) on \(clock.text(at))."))</p></footer>
            </body>
            </html>

            """
    }

    // MARK: Sections

    private var tiles: String {
        let whose =
            closingMicrocredits < 0 ? "owed by this node" : closingMicrocredits > 0 ? "owed to this node" : "nothing is owed"
        let otherwise = sums.others.reduce(0) { $0 + $1.amount }
        let tiles: [(String, String, String)] =
            [
                ("Balance", Self.amount(closingMicrocredits), whose), ("Earned", Self.amount(earnedMicrocredits), "in this time"),
                ("Spent", Self.amount(spentMicrocredits), "in this time"),
            ]
            + (sums.others.isEmpty
                ? [] : [("Otherwise", Self.amount(otherwise), sums.others.map(\.line.label).joined(separator: ", "))])
            + [
                (
                    "Reserved now", Self.amount(reservedOwedToUs + reservedWeOwe),
                    "\(Self.amount(reservedOwedToUs)) to come in, \(Self.amount(reservedWeOwe)) to go out"
                ),
                (
                    "In dispute now", Self.amount(disputed),
                    "\(Self.amount(disputedHere)) billed here, \(Self.amount(disputedThere)) by peers"
                ),
            ]
        let items = tiles.map { name, value, note in
            "<div><dt>\(name)</dt><dd>\(Markup.text(value))<small>\(Markup.text(note))</small></dd></div>"
        }
        return "<dl class=\"tiles\">\n\(items.joined(separator: "\n"))\n</dl>"
    }

    /// How each balance came about: a row adds up, and so does a column.
    private var sumSection: String {
        let others = otherLines()
        func row(_ name: String, _ opening: Int64, _ sums: BalanceSums, _ closing: Int64) -> [String] {
            [name] + ([opening, sums[.earned], sums[.spent]] + others.map { sums[$0] } + [closing]).map(Self.amount)
        }
        var rows = peers.map { row(Markup.text($0.peerName), $0.openingMicrocredits, $0.sums, $0.closingMicrocredits) }
        if peers.count > 1 { rows.append(row("All", openingMicrocredits, sums, closingMicrocredits)) }
        let titles = ["Before", "Earned", "Spent"] + others.map(\.label.capitalisedFirst) + ["Balance"]
        return section(
            "How the balances came about",
            "What stood before and what moved in this time come to what stands. What a peer came to owe this node is positive.",
            Markup.table([("Peer", "")] + titles.map { ($0, "number") }, rows, caption: "What moved each balance, by peer"))
    }

    private func balanceSection(_ clock: Clock) -> String {
        let charts = peers.map { peer in
            let chart = StepChart(
                range: since.timestamp..<until.timestamp, balances: peer.balances, utcOffset: clock.utcOffset,
                title: "Balance with \(peer.peerName), from \(Self.amount(peer.openingMicrocredits)) to "
                    + "\(Self.amount(peer.closingMicrocredits)) credits")
            return """
                <figure><figcaption>\(Markup.text(peer.peerName)) <b>\(Self.amount(peer.closingMicrocredits))</b></figcaption>
                \(chart.html())</figure>
                """
        }
        return section(
            "Balances over time",
            "Above zero the peer owes this node, below zero this node owes the peer."
                + (peers.count > 1 ? " Each chart has a scale of its own." : ""),
            "<div class=\"charts\">\n\(charts.joined(separator: "\n"))\n</div>")
    }

    /// What each side came to owe the other, as bars from a common middle.
    private var flowSection: String {
        let most = peers.reduce(0) { max($0, $1.earned, $1.spent) }
        guard most > 0 else { return "" }
        let rows = peers.filter { $0.earned > 0 || $0.spent > 0 }.map { peer in
            """
            <div class="flow"><span class="name">\(Markup.text(peer.peerName))</span>\
            <span class="value out">\(Self.amount(peer.spent))</span>\(Bar(peer.spent, of: most, "ours", isFromRight: true).svg)\
            \(Bar(peer.earned, of: most, "theirs").svg)<span class="value">\(Self.amount(peer.earned))</span></div>
            """
        }
        let compensation = peers.reduce((paid: Int64(0), earned: Int64(0))) {
            ($0.paid + $1.compensationPaidMicrocredits, $0.earned + $1.compensationEarnedMicrocredits)
        }
        let note =
            compensation.paid + compensation.earned == 0
            ? ""
            : " Of these \(Self.amount(compensation.paid)) were paid and \(Self.amount(compensation.earned)) received as "
                + "compensation for notice that a lender did not keep."
        return section(
            "Who paid whom",
            "To the left what this node came to owe a peer, to the right what the peer came to owe this node." + note,
            """
            <div class="flows">
            <div class="flow head"><span class="name">Peer</span><span class="value out">This node paid</span><span></span>\
            <span></span><span class="value">The peer paid</span></div>
            \(rows.joined(separator: "\n"))
            </div>
            """)
    }

    /// What moved in kind, each unit by itself.
    private var kindSection: String {
        guard !inKind.isEmpty else { return "" }
        return section(
            "In kind",
            "Core time and memory time that are owed as such. What a peer came to owe this node is positive: what this node gave, and "
                + "gave back. What was converted became credits, what was cancelled is asked for no more.",
            KindHistory.markup(inKind))
    }

    private func limitSection(_ clock: Clock) -> String {
        let rows = peers.compactMap { peer -> [String]? in
            guard let now = peer.now else { return nil }
            return [
                Markup.text(peer.peerName),
                limit("theirs", max(0, now.balanceMicrocredits), now.reservedOwedToUsMicrocredits, now.limitGrantedMicrocredits),
                Self.amount(now.headroomGrantedMicrocredits),
                limit("ours", max(0, -now.balanceMicrocredits), now.reservedWeOweMicrocredits, now.limitReceivedMicrocredits),
                Self.amount(now.headroomReceivedMicrocredits),
            ]
        }
        guard !rows.isEmpty else { return "" }
        return section(
            "Limits, and what is reserved",
            "As of \(clock.text(at)). What is reserved for leases counts as owed; headroom is what may still be reserved. What "
                + "one side owes is headroom of the other.",
            Markup.table(
                [
                    ("Peer", ""), ("They owe, of what they may", "wide"), ("Headroom", "number"),
                    ("We owe, of what we may", "wide"), ("Headroom", "number"),
                ],
                rows, caption: "Limits and headroom by peer"))
    }

    /// What is owed and reserved of a limit, as a bar and in words.
    private func limit(_ style: String, _ owed: Int64, _ reserved: Int64, _ limit: Int64) -> String {
        let words = "\(Self.amount(owed)) of \(Self.amount(limit))" + (reserved > 0 ? ", \(Self.amount(reserved)) reserved" : "")
        return Bar(owed, of: limit, style, then: reserved).svg + "<span class=\"words\">\(words)</span>"
    }

    /// A calendar: each obligation's window as a bar from now to the last of their ends.
    private func obligationSection(_ clock: Clock) -> String {
        guard let end = obligations.map(\.dueUntil.timestamp).max() else { return "" }
        let whole = max(1, (end - at.timestamp).rawValue)
        let rows = obligations.map { one in
            let (from, until) = (one.dueFrom.timestamp, one.dueUntil.timestamp)
            let start = max(0, (from - at.timestamp).rawValue)
            let window = Bar(
                max(0, (until - at.timestamp).rawValue - start), of: whole, one.owedToUs ? "theirs" : "ours", after: start)
            return [
                Markup.text(one.peerName), one.owedToUs ? "The peer" : "This node", Markup.text(one.left.text),
                Self.amount(one.worthMicrocredits),
                window.svg
                    + "<span class=\"words\">\(clock.text(one.dueFrom)) to \(clock.text(one.dueUntil)), \(one.state)</span>",
            ]
        }
        return section(
            "Owed in kind",
            "As of \(clock.text(at)). The bars are the times in which it falls due, between now and \(clock.text(CivilTime(end))). "
                + "What is left after that becomes credits.",
            Markup.table(
                [("Peer", ""), ("Owed by", ""), ("Left", ""), ("Worth", "number"), ("Falls due", "wide")], rows,
                caption: "What is owed in kind, by when it falls due"))
    }

    private func disputeSection(_ clock: Clock) -> String {
        let rows = peers.filter { $0.disputedMicrocredits != 0 || $0.now.map { $0.disputedMicrocredits > 0 } == true }.map {
            [
                Markup.text($0.peerName), Self.amount($0.disputedMicrocredits),
                Self.amount($0.now?.disputedMicrocredits ?? 0),
            ]
        }
        guard !rows.isEmpty || !disputes.isEmpty else { return "" }
        let byPeer =
            rows.isEmpty
            ? ""
            : Markup.table(
                [("Peer", ""), ("Billed here in this time, not accepted", "number"), ("In dispute now", "number")], rows,
                caption: "What is in dispute, by peer")
        return section(
            "In dispute",
            "As of \(clock.text(at)). It moves no balance before it is resolved: what was billed and not accepted is part of none, "
                + "what was paid and is disputed is until it is given back.", byPeer + disputeTable(clock))
    }

    /// Those that are open, each with who says what.
    private func disputeTable(_ clock: Clock) -> String {
        guard !disputes.isEmpty else { return "" }
        let rows = disputes.map {
            [
                Markup.text(clock.text($0.openedAt)), Markup.text($0.peerName), $0.billedByUs ? "This node" : "The peer",
                Markup.text(DisputeReport.text($0.leftMicrocredits, $0.leftInKind)), Markup.text($0.reason),
                "<code>\(Markup.text($0.dispute))</code>",
            ]
        }
        return Markup.table(
            [("Opened", "time"), ("Peer", ""), ("Billed by", ""), ("Left", ""), ("Why", ""), ("Dispute", "id")], rows,
            caption: "What is in dispute, the oldest first")
    }

    private func movementSection(_ clock: Clock) -> String {
        guard !movements.isEmpty else { return "" }
        let rows = movements.map {
            [
                Markup.text(clock.text($0.at)), Markup.text($0.peerName), Markup.text($0.purpose.replacing("_", with: " ")),
                Self.amount($0.amountMicrocredits), Self.amount($0.balanceMicrocredits),
                "<code>\(Markup.text($0.lease ?? ""))</code>",
            ]
        }
        let some =
            movements.count < movementCount ? "The \(movements.count) largest of \(movementCount)." : "All \(movementCount)."
        return section(
            "Largest movements",
            some + " What a peer came to owe this node is positive, what this node came to owe it negative.",
            Markup.table(
                [
                    ("Time", "time"), ("Peer", ""), ("For", ""), ("Credits", "number"), ("Balance after", "number"),
                    ("Lease", "id"),
                ],
                rows, caption: "The largest movements"))
    }

    private func section(_ title: String, _ note: String, _ content: String) -> String {
        """
        <section>
        <h2>\(Markup.text(title))</h2>
        <p>\(Markup.text(note))</p>
        \(content)
        </section>

        """
    }

    private static func amount(_ value: Int64) -> String { (value < 0 ? "\u{2212}" : "") + millionths(abs(value)) }
}

extension String {
    fileprivate var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}

/// Times as the page tells them.
private struct Clock {
    let utcOffset: Microseconds

    func text(_ time: CivilTime) -> String {
        let civil = CivilDate(time.timestamp + utcOffset)
        return "\(civil.date) \(civil.time.prefix(5))"
    }

    /// `UTC+01:00`.
    var zone: String {
        let minutes = utcOffset.rawValue / 60_000_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return minutes == 0 ? "UTC" : "UTC\(minutes < 0 ? "\u{2212}" : "+")\(two(abs(minutes) / 60)):\(two(abs(minutes) % 60))"
    }
}

/// A bar as long as a value is of a whole, with another one behind it.
private struct Bar {
    private static let length: Int64 = 1000

    let svg: String

    init(
        _ value: Int64, of whole: Int64, _ style: String, then next: Int64 = 0, after before: Int64 = 0, isFromRight: Bool = false
    ) {
        func length(_ value: Int64) -> Int64 {
            guard value > 0, whole > 0 else { return 0 }
            // what there is can be seen
            return max(4, Int64(Int128(min(value, whole)) * Int128(Self.length) / Int128(whole)))
        }
        let (first, second) = (length(value), length(next))
        let start = isFromRight ? Self.length - first : min(length(before), Self.length - first)
        let reserved = Self.rectangle("reserved", from: first, min(second, Self.length - first))
        svg = """
            <svg class="bar \(style)" viewBox="0 0 \(Self.length) 10" preserveAspectRatio="none" aria-hidden="true">\
            \(Self.rectangle("room", from: 0, Self.length))\(Self.rectangle("fill", from: start, first))\(reserved)</svg>
            """
    }

    private static func rectangle(_ style: String, from start: Int64, _ length: Int64) -> String {
        length > 0 ? "<rect class=\"\(style)\" x=\"\(start)\" width=\"\(length)\" height=\"10\"/>" : ""
    }
}
