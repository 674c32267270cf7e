import Resources

/// When this node acquires capacity from its peers by itself, how much of it, and within which budget.
///
/// While its gate is open leases are held that renew themselves; once it closes they are given back.
package struct AcquisitionRule: Hashable, Codable, Sendable {
    package var name: String
    /// When something is acquired. Between its two conditions things stay as they are.
    package var release: ReleaseRule
    /// What each node is to give.
    package var amounts: Amounts
    /// What would do of it; at most `amounts`.
    package var least: Amounts
    /// From how many nodes.
    package var nodes: Int
    /// Who is asked.
    package var from: Borrowers
    /// The least warning that will do before a lease is ended early; any when `nil`.
    package var leastNotice: NoticeClass?
    /// The highest prices that are accepted; those of ``BorrowRule/maximumPrices`` when `nil`.
    package var maximumPrices: Prices?
    /// The longest term of a lease, and of each renewal.
    package var term: Microseconds
    /// What is given in return, the first that will do.
    package var pays: [Payment]
    /// What it may cost in credits; nothing when `nil`.
    package var budget: Budget?
    /// Between two times of asking at least.
    package var interval: Microseconds
    /// Whose jobs may run under what is held: names of users of this node; everybody's when `nil`.
    package var users: Set<String>?

    /// A way to pay.
    package enum Payment: String, Hashable, Codable, Sendable, CaseIterable {
        /// What peers owe this node in kind is used up, what falls due first in front.
        case obligations
        /// The same is owed for it, as far as ``BorrowRule/owesInKind`` goes.
        case deferred
        case credits
    }

    /// What leases of a rule may cost in credits.
    package struct Budget: Hashable, Codable, Sendable {
        /// Paid and reserved together, in any time of the length of `period`.
        package var credits: Microcredits
        package var period: Period
        /// The most that is reserved at any moment; as much as `credits` when `nil`.
        package var atOnce: Microcredits?

        package init(credits: Microcredits, period: Period, atOnce: Microcredits? = nil) {
            self.credits = credits
            self.period = period
            self.atOnce = atOnce
        }
    }

    /// A length of time that a budget is for.
    package enum Period: String, Hashable, Codable, Sendable, CaseIterable {
        case hour, day, week
        /// 30 days.
        case month

        package var span: Microseconds {
            switch self {
            case .hour: .hours(1)
            case .day: .days(1)
            case .week: .days(7)
            case .month: .days(30)
            }
        }
    }

    package init(
        name: String, release: ReleaseRule, amounts: Amounts, least: Amounts? = nil, nodes: Int = 1, from: Borrowers = .everyone,
        leastNotice: NoticeClass? = nil, maximumPrices: Prices? = nil, term: Microseconds = .minutes(15),
        pays: [Payment] = [.obligations, .credits], budget: Budget? = nil, interval: Microseconds = .minutes(1),
        users: Set<String>? = nil
    ) {
        self.name = name
        self.release = release
        self.amounts = amounts
        self.least = least ?? amounts
        self.nodes = nodes
        self.from = from
        self.leastNotice = leastNotice
        self.maximumPrices = maximumPrices
        self.term = term
        self.pays = pays
        self.budget = budget
        self.interval = interval
        self.users = users
    }

    /// No policy has more of them.
    package static let most = 32
    /// A lease for less time than this is of no use.
    package static let shortestTerm = Microseconds.minutes(1)

    /// The user in whose name it borrows, as lenders see it. No name of a user has a colon.
    package var user: String { "rule:\(name)" }

    /// Whether jobs of a user may run under what it holds.
    package func admits(user: String) -> Bool { users?.contains(user) ?? true }
}
