import Resources

/// What a borrower would give in return for a lease.
package struct Means: Hashable, Codable, Sendable {
    /// Whether credits will do for all of it.
    package var credits: Bool
    /// The most that would be owed in kind, and the terms that would just do; nothing when `nil`.
    package var deferral: Deferral?
    /// What the lender owes already, where that and nothing else shall be used up.
    package var redemption: ObligationID?

    /// The most that would be lent in return, and nothing else given; nothing when `nil`.
    package var swap: Exchange?

    /// Credits alone unless said otherwise.
    package init(
        credits: Bool = true, deferral: Deferral? = nil, redemption: ObligationID? = nil, swap: Exchange? = nil
    ) {
        self.credits = credits
        self.deferral = deferral
        self.redemption = redemption
        self.swap = swap
    }

    /// What is proposed first: what is owed already, then what would be owed or lent, then credits.
    package var preferred: Consideration? {
        redemption.map(Consideration.redemption) ?? deferral.map(Consideration.deferred) ?? swap.map(Consideration.swap)
    }

    /// Why what a lender wants in return will not do; `nil` when it will.
    package func objection(to consideration: Consideration?) -> Refusal? {
        if let redemption, consideration != .redemption(of: redemption) {
            return Self.refusal("it would not count towards obligation \(redemption)")
        }
        switch consideration {
        case nil where credits, .redemption where redemption != nil: return nil
        case nil: return Self.refusal("credits are asked for all of it")
        case .redemption: return Self.refusal("an obligation would be used up that was not named")
        case .swap(let offered):
            guard let swap else { return Self.refusal("something is to be lent in return") }
            return swap.objection(to: offered)
        case .deferred(let offered):
            guard let deferral else { return Self.refusal("something in kind is asked for") }
            return deferral.objection(to: offered)
        }
    }

    fileprivate static func refusal(_ reason: String) -> Refusal { Refusal(term: "consideration", reason: reason) }
}

extension Deferral {
    /// Why other terms than these, which would just do, will not.
    fileprivate func objection(to offered: Deferral) -> Refusal? {
        guard offered.share.atMost(share) else { return Means.refusal("a larger part is asked for in kind") }
        guard offered.rate.atMost(rate) else {
            return Means.refusal(
                "\(offered.rate.text) would be owed for what is used")
        }
        guard offered.premium <= premium else {
            return Means.refusal("a premium of \(offered.premium.text) is asked for, at most \(premium.text) would do")
        }
        guard offered.from >= from, offered.until >= until else { return Means.refusal("it would fall due earlier") }
        return nil
    }
}

extension Exchange {
    /// Why something else than this, which would just do, will not.
    fileprivate func objection(to asked: Exchange) -> Refusal? {
        guard asked.amounts.fits(in: amounts), asked.term <= term else {
            return Means.refusal(
                "\(asked.amounts.text) are wanted in return for \(asked.term.text), at most \(amounts.text) for \(term.text) would be lent"
            )
        }
        guard asked.notice == notice else { return Means.refusal("it would be lent in return with '\(notice.rawValue)' notice") }
        return nil
    }
}

extension Terms {
    /// What so much would come to in all, what is owed in kind reckoned at these prices.
    func cost(of amounts: Amounts, for term: Microseconds) -> Microcredits {
        let most = tariff.ceiling(for: amounts, term: term)
        return most.credits + prices.cost(of: most.inKind)
    }
}
