import Resources

/// For `hledger`, in the journal format of its manual (hledger.org/1.25/hledger.html). It ends with assertions of all balances.
struct HledgerJournal: Journal {
    private var accounts = JournalAccounts { kind, peer in
        switch kind {
        case "peer": "assets:peers:\(peer ?? "")"
        case "disputed": "assets:disputed:\(peer ?? "")"
        case "swap": "assets:swaps:\(peer ?? "")"
        case "earned": "income:lending"
        case "spent": "expenses:borrowing"
        case "converted": "equity:conversion"
        case "cancelled": "expenses:cancelled"
        case "decayed": "equity:decay"
        default: "equity:opening balances"
        }
    }
    private var last: String?

    mutating func head(of node: String, _ opening: [AccountStanding], since: CivilTime?) -> String {
        var text = "; The ledger of \(node), exported by surplus.\n"
        text += Charge.units.map(\.directive).joined()
        guard !opening.isEmpty else { return text }
        let postings = accounts.open(opening)
        last = since?.date
        text +=
            "\n\(since?.date ?? "1970-01-01") * opening balances\n"
            + postings.map { posting($0.account, $0.unit.exactText($0.amount)) }.joined()
        return text
    }

    mutating func text(of entry: PostedEntry) -> String {
        let (debit, credit) = entry.book(in: &accounts)
        let tags = ["transfer:\(entry.transfer)", entry.lease.map { "lease:\($0)" }, "time:\(entry.at.rfc3339)"].compactMap(
            \.self)
        last = max(last ?? entry.at.date, entry.at.date)
        return
            "\n\(entry.at.date) * \(entry.peerName) | \(entry.purpose.replacing("_", with: " "))  ; \(tags.joined(separator: ", "))\n"
            + posting(debit, entry.unit.exactText(entry.amount)) + posting(credit, entry.unit.exactText(-entry.amount))
    }

    func foot() -> String {
        guard let last else { return "" }
        return "\n\(last) * balances\n"
            + accounts.balances.pairs.map { line, amount in
                posting(line.account, "\(line.unit.exactText(0)) = \(line.unit.exactText(amount))")
            }.joined()
    }

    private func posting(_ account: String, _ amount: String) -> String { "    \(account)  \(amount)\n" }
}
