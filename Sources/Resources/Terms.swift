/// What two peers agree on, or propose to: how much, at which prices, for how long, and with how much notice.
package struct Terms: Hashable, Codable, Sendable {
    package var amounts: Amounts
    package var prices: Prices
    package var term: Microseconds
    package var notice: NoticeClass
    /// When the term begins, in civil time; at once when `nil`. Clocks may differ by ``startTolerance``.
    package var start: Timestamp?
    /// What is given in return, where it is not credits alone.
    package var consideration: Consideration?

    package init(
        amounts: Amounts, prices: Prices, term: Microseconds, notice: NoticeClass, start: Timestamp? = nil,
        consideration: Consideration? = nil
    ) {
        self.amounts = amounts
        self.prices = prices
        self.term = term
        self.notice = notice
        self.start = start
        self.consideration = consideration
    }

    package var tariff: Tariff {
        Tariff(prices, consideration, whole: exchange == nil ? nil : Usage(of: amounts, for: term))
    }

    /// Whether anything in them speaks of disk.
    package var hasDisk: Bool {
        guard amounts.disk == .zero, prices.disk == .zero else { return true }
        return switch consideration {
        case .deferred(let deferral): deferral.share.disk != .zero
        case .swap(let exchange): exchange.amounts.disk != .zero || exchange.prices.disk != .zero
        case nil, .redemption: false
        }
    }

    /// Whether what is lent, or what is lent in return, is disk together with something else; the two may be of different kinds.
    package var mixesDisk: Bool { amounts.mixesDisk || exchange?.amounts.mixesDisk == true }

    /// Whether something comes to be owed in kind under them.
    package var defers: Bool { if case .deferred = consideration { true } else { false } }

    /// The most that a lease under these terms can come to; of a swap, the most that its borrower can come to owe for it.
    package var ceiling: Charge {
        exchange == nil ? tariff.ceiling(for: amounts, term: term) : Charge(credits: lead)
    }

    /// By how much the clocks of two nodes may differ where a start is agreed on: a start that is past by no more is still
    /// accepted, and what one side takes for the beginning the other may take for a moment this much before or after it.
    package static let startTolerance = Microseconds.seconds(5)
    /// How far ahead capacity is promised.
    package static let farthestStart = Microseconds.days(7)

    /// How long after `now` the term begins: zero for what begins at once, negative for a start that is past.
    package func wait(at now: Timestamp) -> Microseconds { start.map { $0 - now } ?? .zero }
}
