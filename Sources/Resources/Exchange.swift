/// What a borrower lends in return, at the same time: the other half of a swap.
///
/// Both halves are worth the same. Each is billed for as much of that worth as was set aside of it, used or not, so that a swap in
/// which both give all they promised leaves nothing owed, and one that is cut short leaves the difference.
package struct Exchange: Hashable, Codable, Sendable {
    package var amounts: Amounts
    /// From the agreement on.
    package var term: Microseconds
    package var notice: NoticeClass
    /// How the resources of it are weighed against each other.
    package var prices: Prices
    /// What either half comes to when all of it is given; zero until the lender has reckoned it.
    package var worth: Microcredits

    package init(
        amounts: Amounts, term: Microseconds, notice: NoticeClass, prices: Prices = .free, worth: Microcredits = .zero
    ) {
        self.amounts = amounts
        self.term = term
        self.notice = notice
        self.prices = prices
        self.worth = worth
    }

    /// All of it.
    package var whole: Usage { Usage(of: amounts, for: term) }

    package var isWithinBounds: Bool {
        Bounds.accepts(amounts) && Bounds.accepts(term: term) && Bounds.accepts(prices)
            && (Microcredits.zero...Bounds.money).contains(worth)
    }
}

extension Terms {
    /// What is lent in return; `nil` where these are no terms of a swap.
    package var exchange: Exchange? { if case .swap(let exchange) = consideration { exchange } else { nil } }

    /// The terms of the other half of a swap, for which these are what is given in return.
    package var mirrored: Terms? {
        exchange.map { exchange in
            let back = Exchange(amounts: amounts, term: term, notice: notice, prices: prices, worth: exchange.worth)
            return Terms(
                amounts: exchange.amounts, prices: exchange.prices, term: exchange.term, notice: exchange.notice,
                consideration: .swap(back))
        }
    }

    /// The most that the borrower of a swap owes at any time while both sides give what they promised: what is left of the other half
    /// when this one is over. Rounded up.
    var lead: Microcredits {
        guard let exchange, exchange.term > term else { return .zero }
        return exchange.worth.scaled(by: (exchange.term - term).rawValue, over: exchange.term.rawValue) + 1
    }
}
