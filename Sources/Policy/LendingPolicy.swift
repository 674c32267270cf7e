import Resources

/// What an owner lends, to whom, at which price and within which bounds; and on which terms this node may borrow.
package struct LendingPolicy: Hashable, Codable, Sendable {
    /// A label for people; it has no meaning in decisions.
    package var name: String
    /// How processing is lent; `nil` when it is not.
    package var cpu: ResourceRule?
    /// How memory is lent; `nil` when it is not.
    package var memory: ResourceRule?
    package var borrowers: Borrowers
    /// The longest term of one lease; longer wishes are countered with it.
    package var longestTerm: Microseconds
    /// The shortest term worth a lease.
    package var shortestTerm: Microseconds
    /// Whether a lease may be renewed at its end, each time for at most ``longestTerm``.
    package var renewable: Bool
    /// The warning that borrowers get before a lease is ended early.
    package var notice: NoticeClass
    /// The most leases lent at one time.
    package var maximumLeases: Int
    package var credit: CreditRule
    package var borrow: BorrowRule

    package init(
        name: String, cpu: ResourceRule? = nil, memory: ResourceRule? = nil, borrowers: Borrowers = .everyone,
        longestTerm: Microseconds = .minutes(15), shortestTerm: Microseconds = .seconds(1), renewable: Bool = true,
        notice: NoticeClass = .standard, maximumLeases: Int = 64, credit: CreditRule = CreditRule(),
        borrow: BorrowRule = BorrowRule()
    ) {
        self.name = name
        self.cpu = cpu
        self.memory = memory
        self.borrowers = borrowers
        self.longestTerm = longestTerm
        self.shortestTerm = shortestTerm
        self.renewable = renewable
        self.notice = notice
        self.maximumLeases = maximumLeases
        self.credit = credit
        self.borrow = borrow
    }

    /// Whether anything is lent to anybody.
    package var lendsAnything: Bool { (cpu != nil || memory != nil) && borrowers.admitted != .nobody }

    /// The bound below which owner and guests together are kept, zero for what is not lent.
    package func thresholds(of capacity: Amounts) -> Amounts {
        Amounts(cpu: cpu?.threshold.of(capacity.cpu) ?? .zero, memory: memory?.threshold.of(capacity.memory) ?? .zero)
    }
}

/// How one resource is lent.
package struct ResourceRule: Hashable, Codable, Sendable {
    /// The part of the capacity below which owner and guests together stay.
    package var threshold: BasisPoints
    /// The most of the capacity that is lent at all, however idle the owner is.
    package var share: BasisPoints
    /// The asking price, in microcredits per core-hour or GiB-hour.
    package var price: Microcredits
    /// The lowest price accepted in the last round of haggling, at most ``price``.
    package var floor: Microcredits

    /// - Parameter floor: no haggling when it is left out.
    package init(threshold: BasisPoints, share: BasisPoints, price: Microcredits, floor: Microcredits? = nil) {
        self.threshold = threshold
        self.share = share
        self.price = price
        self.floor = floor ?? price
    }
}

/// How far this node trusts others to pay, and how far it goes into debt itself.
package struct CreditRule: Hashable, Codable, Sendable {
    /// The most any one peer may owe this node.
    package var granted: Microcredits
    /// The most this node owes any one peer.
    package var owes: Microcredits

    package init(granted: Microcredits = .credits(10), owes: Microcredits = .credits(10)) {
        self.granted = granted
        self.owes = owes
    }
}

/// On which terms this node borrows when the request does not say.
package struct BorrowRule: Hashable, Codable, Sendable {
    /// The highest prices that are accepted.
    package var maximumPrices: Prices

    package init(maximumPrices: Prices = Prices(cpu: .credits(2), memory: 500_000)) {
        self.maximumPrices = maximumPrices
    }
}
