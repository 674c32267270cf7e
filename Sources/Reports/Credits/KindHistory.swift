import Resources

/// How it went over a time with one peer in one unit of what is owed in kind. Amounts are in base units of the unit; positive is what
/// the peer came to owe this node, or owes it.
package struct KindHistory: Encodable, Sendable {
    let peer: String
    let peerName: String
    let unit: LedgerUnit
    let opening: Int64
    /// What this node gave: what was lent and is owed for, and what was given back of its own debts.
    fileprivate(set) var given: Int64 = 0
    /// What this node took, negative.
    fileprivate(set) var taken: Int64 = 0
    /// What became credits.
    fileprivate(set) var converted: Int64 = 0
    /// What is asked for no more.
    fileprivate(set) var cancelled: Int64 = 0

    /// What stood in the end.
    var closing: Int64 { opening + given + taken + converted + cancelled }

    private enum CodingKeys: String, CodingKey {
        case peer, peerName, unit, opening, given, taken, converted, cancelled, closing
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(peer, forKey: .peer)
        try container.encode(peerName, forKey: .peerName)
        try container.encode(unit, forKey: .unit)
        for (key, amount) in [
            (CodingKeys.opening, opening), (.given, given), (.taken, taken), (.converted, converted), (.cancelled, cancelled),
            (.closing, closing),
        ] {
            try container.encode(amount, forKey: key)
        }
    }
}

extension KindHistory {
    private struct Key: Comparable, Sendable {
        let name: String
        let peer: String
        let unit: LedgerUnit

        private var texts: [String] { [name, peer, String(unit.offset)] }

        static func < (a: Self, b: Self) -> Bool { a.texts.lexicographicallyPrecedes(b.texts) }
    }

    /// Of each peer and unit in which something stood or moved, by the peers' names.
    static func all(opening: [AccountStanding], entries: [PostedEntry]) -> [KindHistory] {
        var found = SortedMap<Key, KindHistory>()
        for standing in opening where standing.unit != .credit && standing.account.hasPrefix("peer:") {
            let (peer, name) = (standing.peer ?? "", standing.peerName ?? "")
            found[Key(name: name, peer: peer, unit: standing.unit)] = KindHistory(
                peer: peer, peerName: name, unit: standing.unit, opening: standing.net)
        }
        for entry in entries where entry.unit != .credit {
            for change in entry.changes {
                let key = Key(name: change.peerName, peer: change.peer, unit: entry.unit)
                var history =
                    found[key] ?? KindHistory(peer: change.peer, peerName: change.peerName, unit: entry.unit, opening: 0)
                history.add(change.amount, for: entry.purpose)
                found[key] = history
            }
        }
        return found.values
    }

    private mutating func add(_ amount: Int64, for purpose: String) {
        switch TransferPurpose(rawValue: purpose)?.line {
        case .converted: converted += amount
        case .cancelled: cancelled += amount
        default: if amount > 0 { given += amount } else { taken += amount }
        }
    }
}

// MARK: For people

extension KindHistory {
    /// What is told of each in words: an amount of nothing is left blank.
    private var figures: [String] {
        [opening, given, taken, converted, cancelled, closing].map { $0 == 0 ? "" : unit.text(LedgerAmount($0)) }
    }

    static func table(_ histories: [KindHistory]) -> Table {
        var table = Table([
            .init("PEER", .left, .shortened), .init("IN KIND"), .init("BEFORE", .right), .init("GIVEN", .right),
            .init("TAKEN", .right), .init("CONVERTED", .right, .omitted), .init("CANCELLED", .right, .omitted),
            .init("BALANCE", .right),
        ])
        for history in histories {
            table.add(
                [.init(history.peerName), .init(history.unit.name)] + history.figures.map { .init($0) })
        }
        return table
    }

    /// The same as a table of the page.
    static func markup(_ histories: [KindHistory]) -> String {
        Markup.table(
            [
                ("Peer", ""), ("In kind", ""), ("Before", "number"), ("Given", "number"), ("Taken", "number"),
                ("Converted", "number"), ("Cancelled", "number"), ("Balance", "number"),
            ],
            histories.map { [Markup.text($0.peerName), $0.unit.name] + $0.figures.map(Markup.text) },
            caption: "What moved in kind by peer")
    }
}
