import Resources

/// A node's ledger as a file that programs for bookkeeping read: what moved credits, or what is owed in kind, each amount once with
/// the accounts that it went between, and at the end what that comes to.
///
/// Balances of a journal that begins later than the ledger come from `equity:opening balances`. Times are dates of UTC.
package protocol Journal: Sendable {
    /// What stands at the beginning of the file.
    mutating func head(of node: String, _ opening: [AccountStanding], since: CivilTime?) throws -> String
    /// - Parameter entry: the next, in the order in which they were booked.
    mutating func text(of entry: PostedEntry) throws -> String
    /// What stands at its end.
    func foot() -> String
}

/// In which form a ledger is exported.
package enum JournalFormat: String, CaseIterable, Sendable {
    /// Plain text accounting: hledger.org, beancount.github.io.
    case hledger, beancount
    /// One line for each transfer, RFC 4180.
    case csv
    /// JSON Lines.
    case json

    /// An empty one.
    package var journal: any Journal {
        switch self {
        case .hledger: HledgerJournal()
        case .beancount: BeancountJournal()
        case .csv: CSVJournal()
        case .json: JSONJournal()
        }
    }
}

/// The names of accounts in a journal, each peer's told apart from all others', and what stands on them.
struct JournalAccounts: Sendable {
    private(set) var balances = SortedMap<Line, Int64>()
    private var taken: Set<String> = []
    /// Whose name each is, by account.
    private var names: [String: String] = [:]

    /// An account in one unit.
    struct Line: Comparable, Sendable {
        let account: String
        let unit: LedgerUnit

        static func < (a: Self, b: Self) -> Bool { (a.account, a.unit.offset) < (b.account, b.unit.offset) }
    }

    private let spell: @Sendable (_ kind: String, _ peer: String?) -> String

    /// - Parameter spell: how the format writes the account of a kind, with a peer by its name.
    init(_ spell: @escaping @Sendable (_ kind: String, _ peer: String?) -> String) { self.spell = spell }

    /// The name of an account; two nodes of one name are told apart by their ids.
    mutating func name(of account: String, peer: String?, _ peerName: String?) -> String {
        if let name = names[account] { return name }
        let kind = String(account.prefix { $0 != ":" })
        var name = spell(kind, peerName)
        if let peer, taken.contains(name) { name = spell(kind, "\(peerName ?? "")-\(peer.suffix(6))") }
        names[account] = name
        taken.insert(name)
        return name
    }

    fileprivate mutating func add(_ amount: Int64, _ unit: LedgerUnit, to name: String) {
        let line = Line(account: name, unit: unit)
        balances[line] = (balances[line] ?? 0) + amount
    }

    /// One side of something that was booked.
    struct Posting: Sendable {
        let account: String
        let peer: String?
        let unit: LedgerUnit
        let amount: Int64
    }

    /// What stood before the first entry, against an account of its own.
    mutating func open(_ opening: [AccountStanding]) -> [Posting] {
        let equity = name(of: "opening", peer: nil, nil)
        return opening.flatMap { standing in
            let name = name(of: standing.account, peer: standing.peer, standing.peerName)
            let postings = [
                Posting(account: name, peer: standing.peer, unit: standing.unit, amount: standing.net),
                Posting(account: equity, peer: nil, unit: standing.unit, amount: -standing.net),
            ]
            for posting in postings { add(posting.amount, posting.unit, to: posting.account) }
            return postings
        }
    }
}

extension PostedEntry {
    /// The two accounts of an entry by a journal's names, after it was added to what stands on them.
    func book(in accounts: inout JournalAccounts) -> (debit: String, credit: String) {
        func name(of account: String) -> String {
            let party = party(of: account)
            return accounts.name(of: account, peer: party?.id, party?.name)
        }
        let (debit, credit) = (name(of: self.debit), name(of: self.credit))
        accounts.add(amount, unit, to: debit)
        accounts.add(-amount, unit, to: credit)
        return (debit, credit)
    }
}
