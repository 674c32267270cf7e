import Resources

/// For `bean-check` and the other programs of Beancount, in its language of version 2 (beancount.github.io/docs). It ends with
/// assertions of all balances, as of the day after.
struct BeancountJournal: Journal {
    /// The first component must be one of five, and each begin with a capital or a digit and have no others than letters, digits
    /// and dashes.
    private var accounts = JournalAccounts { kind, peer in
        let name = String((peer ?? "").map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        let part = name.first.map { $0 == "-" ? "N" + name : $0.uppercased() + name.dropFirst() } ?? ""
        return switch kind {
        case "peer": "Assets:Peers:\(part)"
        case "disputed": "Assets:Disputed:\(part)"
        case "swap": "Assets:Swaps:\(part)"
        case "earned": "Income:Lending"
        case "spent": "Expenses:Borrowing"
        case "converted": "Equity:Conversion"
        case "cancelled": "Expenses:Cancelled"
        case "decayed": "Equity:Decay"
        default: "Equity:Opening-Balances"
        }
    }
    private var opened: Set<String> = []
    private var last: CivilTime?

    mutating func head(of node: String, _ opening: [AccountStanding], since: CivilTime?) -> String {
        var text = "option \"title\" \"The ledger of \(node)\"\noption \"operating_currency\" \"CREDIT\"\n"
        guard !opening.isEmpty else { return text }
        let date = since?.date ?? "1970-01-01"
        let postings = accounts.open(opening)
        last = since
        for posting in postings { text += open(posting.account, date, posting.peer) }
        return text + "\n\(date) * \"opening balances\"\n"
            + postings.map { posting($0.account, $0.unit.exactText($0.amount)) }.joined()
    }

    mutating func text(of entry: PostedEntry) -> String {
        let (debit, credit) = entry.book(in: &accounts)
        let date = entry.at.date
        var text = ""
        for (name, account) in [(debit, entry.debit), (credit, entry.credit)] {
            text += open(name, date, entry.party(of: account)?.id)
        }
        if last.map({ $0.timestamp < entry.at.timestamp }) ?? true { last = entry.at }
        text += "\n\(date) * \"\(entry.peerName)\" \"\(entry.purpose.replacing("_", with: " "))\"\n"
        text += "  transfer: \"\(entry.transfer)\"\n  time: \"\(entry.at.rfc3339)\"\n"
        if let lease = entry.lease { text += "  lease: \"\(lease)\"\n" }
        return text + posting(debit, entry.unit.exactText(entry.amount)) + posting(credit, entry.unit.exactText(-entry.amount))
    }

    func foot() -> String {
        guard let last else { return "" }
        let date = CivilTime(last.timestamp + .days(1)).date
        return "\n" + accounts.balances.pairs.map { "\(date) balance \($0.account)  \($0.unit.exactText($1))\n" }.joined()
    }

    /// The directive that an account needs before it is used.
    private mutating func open(_ account: String, _ date: String, _ peer: String?) -> String {
        guard opened.insert(account).inserted else { return "" }
        return "\n\(date) open \(account)\n" + (peer.map { "  node: \"\($0)\"\n" } ?? "")
    }

    private func posting(_ account: String, _ amount: String) -> String { "  \(account)  \(amount)\n" }
}
