import Resources

/// How far a resource is lent for the same resource later, in place of credits.
package struct InKindRule: Hashable, Codable, Sendable {
    /// Who may owe it.
    package var from: Borrowers
    /// How much is to be given back for each unit used.
    package var rate: Rate
    /// The most that any one peer may owe of it, in the base unit of its use: core-microseconds, MiB-seconds.
    package var most: Int64

    package enum Rate: Hashable, Codable, Sendable {
        case fixed(BasisPoints)
        /// As much for as much while everything that may be lent is free, and more as it gets scarce: as the price in credits rises.
        case scarcity
    }

    package init(from: Borrowers = .everyone, rate: Rate = .fixed(.whole), most: Int64) {
        self.from = from
        self.rate = rate
        self.most = most
    }

    /// What is to be given back for each unit that is used while so much of what may be lent is taken.
    func rate(at scarcity: BasisPoints, _ pricing: Pricing) -> BasisPoints {
        switch rate {
        case .fixed(let rate): return rate
        case .scarcity:
            let idle = pricing.quote(at: .zero).asked
            guard idle > .zero else { return .whole }
            let factor = pricing.quote(at: scarcity).asked.scaled(by: BasisPoints.whole.rawValue, over: idle.rawValue)
            return min(max(.whole, BasisPoints(factor.rawValue)), Deferral.highestRate)
        }
    }
}

/// On which terms anything is owed to this node in kind.
package struct DeferralRule: Hashable, Codable, Sendable {
    /// The largest part of what is used that may be owed; the rest is paid in credits.
    package var share: BasisPoints
    /// The latest that it falls due, after it was agreed on.
    package var within: Microseconds
    /// What is added at the least where a debtor does not give what it is asked for.
    package var premium: BasisPoints

    package init(share: BasisPoints = .whole, within: Microseconds = .days(30), premium: BasisPoints = .percent(20)) {
        self.share = share
        self.within = within
        self.premium = premium
    }
}

/// What a lender knows of a borrower that would give something in kind.
package struct InKindStanding: Hashable, Codable, Sendable {
    /// Civil time.
    package var now: Timestamp
    /// How much more the borrower may come to owe in kind, reservations counted as owed.
    package var headroom: Usage
    /// What the ask would use up of what is owed to the borrower; `nil` where there is no such obligation.
    package var redeemable: Redeemable?

    package init(now: Timestamp, headroom: Usage, redeemable: Redeemable? = nil) {
        self.now = now
        self.headroom = headroom
        self.redeemable = redeemable
    }
}

/// What is left of something owed in kind.
package struct Redeemable: Hashable, Codable, Sendable {
    /// Less what open leases may still use of it.
    package var left: Usage
    /// Those of its agreement.
    package var prices: Prices
    package var from: Timestamp
    package var until: Timestamp

    package init(left: Usage, prices: Prices, from: Timestamp, until: Timestamp) {
        self.left = left
        self.prices = prices
        self.from = from
        self.until = until
    }
}
