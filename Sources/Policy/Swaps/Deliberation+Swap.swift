import Resources

// What is lent in return at the same time.

extension Deliberation {
    /// What the lender would have lent in return for so much: in proportion to what was offered, as much as is worth the same.
    mutating func settleSwap(
        _ consideration: Consideration?, for amounts: Amounts, _ prices: Prices, _ term: Microseconds
    ) throws(Refusal) -> Consideration? {
        guard case .swap(let offered) = consideration, !ask.isOwn else { return consideration }
        let rule = try swapRule(for: offered)
        let worth = prices.cost(of: Usage(of: amounts, for: term))
        guard worth > .zero else {
            throw Refusal(
                term: "consideration", reason: "policy '\(policy.name)' lends this for nothing, and wants nothing for it")
        }
        var back = offered
        back.term = max(
            .seconds(1), term == ask.term ? offered.term : offered.term.scaled(by: term.rawValue, over: ask.term.rawValue))
        (back.prices, back.worth) = (ownPrices, worth)
        let value = back.prices.cost(of: back.whole)
        guard value > .zero else {
            throw Refusal(term: "consideration", reason: "what is offered in return is of no use to policy '\(policy.name)'")
        }
        back.amounts = offered.amounts.raised(by: rule.rate.of(worth).rawValue, over: value.rawValue)
        guard back.amounts.fits(in: rule.takes - standing.taken) else { throw tooMuch(back, rule) }
        if !back.amounts.fits(in: offered.amounts) {
            object(
                "consideration", "\(back.amounts.text) for \(back.term.text) are worth as much (offered: \(offered.amounts.text))"
            )
        }
        try checkCredit(back, for: amounts, term)
        return .swap(back)
    }

    private func swapRule(for offered: Exchange) throws(Refusal) -> SwapRule {
        guard offered.isWithinBounds else {
            throw Refusal(term: "request", reason: "what would be lent in return is out of range")
        }
        guard !offered.amounts.mixesDisk else { throw Refusal(term: "request", reason: Amounts.mixingDisk) }
        guard ask.start == nil else { throw Refusal(term: "start", reason: "both halves of a swap begin at once") }
        guard let rule = policy.swap, rule.from.admits(borrower) else {
            throw Refusal(
                term: "consideration", reason: "policy '\(policy.name)' takes nothing in return from this node at the same time")
        }
        return rule
    }

    /// What this node would ask for as much of its own.
    private var ownPrices: Prices {
        let (free, most) = (policy.free(given: standing), policy.most(of: standing.capacity))
        func price(_ rule: ResourceRule?, _ scarcity: BasisPoints) -> Microcredits {
            rule?.pricing.quote(at: scarcity).asked ?? .zero
        }
        return Prices(
            cpu: price(policy.cpu, Self.scarcity(free.cpu, most.cpu)),
            memory: price(policy.memory, Self.scarcity(free.memory, most.memory)),
            disk: price(policy.disk, Self.scarcity(free.disk, most.disk)))
    }

    private func tooMuch(_ back: Exchange, _ rule: SwapRule) -> Refusal {
        let left = (rule.takes - standing.taken).clampedToZero
        return Refusal(
            term: "consideration",
            reason:
                "\(back.amounts.text) for \(back.term.text) are worth as much, and policy '\(policy.name)' takes \(left.text) more in return",
            retryAfter: back.amounts.fits(in: rule.takes) ? Self.retryAfter : nil)
    }

    /// Where one half lasts longer than the other, somebody is ahead for a while.
    private func checkCredit(_ back: Exchange, for amounts: Amounts, _ term: Microseconds) throws(Refusal) {
        let terms = Terms(amounts: amounts, prices: back.prices, term: term, notice: back.notice, consideration: .swap(back))
        guard terms.ceiling.credits > creditHeadroom else { return }
        throw Refusal(
            term: "credit",
            reason:
                "what is lent is over before what is lent in return: \(terms.ceiling.credits.text) would be owed meanwhile, \(creditHeadroom.text) may be"
        )
    }
}

extension Amounts {
    /// Each times `numerator` over `denominator`, rounded up to whole millicores and mebibytes.
    fileprivate func raised(by numerator: Int64, over denominator: Int64) -> Amounts {
        func raised(_ value: Int64) -> Int64 {
            let product = Int128(value) * Int128(numerator)
            return Int64(clamping: (product + Int128(denominator) - 1) / Int128(denominator))
        }
        let mebibyte: Int64 = 1 << 20
        func mebibytes(_ bytes: Bytes, atMost most: Bytes) -> Bytes {
            Bytes(min(raised((bytes.rawValue + mebibyte - 1) / mebibyte), most.rawValue >> 20) << 20)
        }
        return Amounts(
            cpu: Millicores(raised(cpu.rawValue)), memory: mebibytes(memory, atMost: Bounds.memory),
            disk: mebibytes(disk, atMost: Bounds.disk))
    }
}
