import Resources

/// One line for each transfer, with headings (RFC 4180). What stood before is not in it.
struct CSVJournal: Journal {
    mutating func head(of node: String, _ opening: [AccountStanding], since: CivilTime?) -> String {
        "sequence,at,transfer,purpose,debit,credit,unit,amount,peer,peer_name,lease\r\n"
    }

    mutating func text(of entry: PostedEntry) -> String {
        let fields = [
            "\(entry.sequence)", entry.at.rfc3339, entry.transfer, entry.purpose, entry.debit, entry.credit,
            entry.unit.rawValue, "\(entry.amount)", entry.peer, entry.peerName, entry.lease ?? "",
        ]
        return fields.map(Self.quoted).joined(separator: ",") + "\r\n"
    }

    func foot() -> String { "" }

    private static func quoted(_ field: String) -> String {
        field.contains { ",\"\r\n".contains($0) } ? "\"\(field.replacing("\"", with: "\"\""))\"" : field
    }
}

/// One object a line: first what stood before, account by account, then the transfers.
struct JSONJournal: Journal {
    mutating func head(of node: String, _ opening: [AccountStanding], since: CivilTime?) throws -> String {
        try opening.map { try jsonText(of: $0, compact: true) }.joined()
    }

    mutating func text(of entry: PostedEntry) throws -> String { try jsonText(of: entry, compact: true) }

    func foot() -> String { "" }
}
