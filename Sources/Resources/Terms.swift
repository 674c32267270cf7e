/// What two peers agree on, or propose to: how much, at which prices, for how long, and with how much notice.
package struct Terms: Hashable, Codable, Sendable {
    package var amounts: Amounts
    package var prices: Prices
    package var term: Microseconds
    package var notice: NoticeClass

    package init(amounts: Amounts, prices: Prices, term: Microseconds, notice: NoticeClass) {
        self.amounts = amounts
        self.prices = prices
        self.term = term
        self.notice = notice
    }

    /// The most that a lease under these terms can cost, rounded up.
    package var ceiling: Microcredits { prices.ceiling(for: amounts, term: term) }
}
