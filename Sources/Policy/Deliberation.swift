import Resources

/// One decision in the making: the nearest acceptable terms, and what speaks against those that were asked for.
struct Deliberation {
    /// When what is scarce now may be free again.
    static let retryAfter = Microseconds.seconds(30)

    let policy: LendingPolicy
    let ask: Ask
    let standing: Standing
    private var objections: [Objection] = []

    /// Something that keeps the ask from being met as it is.
    private struct Objection {
        let term: String
        let reason: String
        /// Whether the borrower said beforehand that it would agree.
        var isConceded = false
    }

    init(policy: LendingPolicy, ask: Ask, standing: Standing) {
        self.policy = policy
        self.ask = ask
        self.standing = standing
    }

    private var isLastRound: Bool { ask.round == ask.rounds }

    mutating func conclude() throws(Refusal) -> Decision {
        let amounts = try fitAmounts()
        let prices = haggle(over: amounts)
        let term = try fitTerm(amounts, prices)
        let terms = Terms(amounts: amounts, prices: prices, term: term, notice: policy.notice)
        let unsettled = objections.first { !$0.isConceded }
        if objections.isEmpty || (isLastRound && unsettled == nil) { return .offer(terms) }
        if isLastRound, let unsettled { throw Refusal(term: unsettled.term, reason: unsettled.reason) }
        return .counter(terms, reason: objections.map(\.reason).joined(separator: "; "))
    }

    // MARK: Amounts

    private mutating func fitAmounts() throws(Refusal) -> Amounts {
        let lendable = policy.lendable(given: standing)
        var idle = standing
        (idle.ownerUsage, idle.committed) = (.zero, .zero)
        let most = policy.lendable(given: idle)
        try check("cpu", policy.cpu, asked: ask.amounts.cpu, least: ask.least.cpu, free: lendable.cpu, most: most.cpu)
        try check(
            "memory", policy.memory, asked: ask.amounts.memory, least: ask.least.memory, free: lendable.memory, most: most.memory)
        let amounts = ask.amounts.limited(to: lendable)
        guard amounts.isPositive else {
            throw Refusal(
                term: ask.amounts.cpu > .zero ? "cpu" : "memory", reason: "nothing is free", retryAfter: Self.retryAfter)
        }
        return amounts
    }

    private mutating func check<Q: TextualQuantity>(
        _ term: String, _ rule: ResourceRule?, asked: Q, least: Q, free: Q, most: Q
    ) throws(Refusal) {
        guard least <= free else {
            guard rule != nil else {
                throw Refusal(term: "policy", reason: "policy '\(policy.name)' does not lend \(term)")
            }
            guard least <= most else {
                throw Refusal(
                    term: term, reason: "at most \(most.text) of \(term) can ever be lent (asked for: at least \(least.text))")
            }
            throw Refusal(
                term: term, reason: "\(free.text) of \(term) can be lent now (asked for: at least \(least.text))",
                retryAfter: Self.retryAfter)
        }
        guard asked > free else { return }
        objections.append(
            Objection(
                term: term, reason: "\(free.text) of \(term) can be lent now (asked for: \(asked.text))", isConceded: true))
    }

    // MARK: Prices

    private mutating func haggle(over amounts: Amounts) -> Prices {
        Prices(
            cpu: amounts.cpu > .zero ? settle(policy.cpu, bid: ask.bid.cpu, per: "core-hour") : .zero,
            memory: amounts.memory > .zero ? settle(policy.memory, bid: ask.bid.memory, per: "GiB-hour") : .zero)
    }

    /// The price of one resource in this round.
    ///
    /// The lowest acceptable price falls from the asking price to the floor in equal steps over the rounds: a linear
    /// time-dependent tactic (Faratin, Sierra and Jennings, "Negotiation decision functions for autonomous agents", 1998).
    private mutating func settle(_ rule: ResourceRule?, bid: Microcredits, per unit: String) -> Microcredits {
        guard let rule else { return .zero }
        let concession = (rule.price - rule.floor).scaled(by: Int64(ask.round - 1), over: Int64(max(1, ask.rounds - 1)))
        let acceptable = rule.price - concession
        guard bid < acceptable else { return min(rule.price, bid) }
        objections.append(
            Objection(
                term: "price",
                reason: "\(acceptable.text) per \(unit) is the lowest price in round \(ask.round), the bid is \(bid.text)"))
        return acceptable
    }

    // MARK: Term and credit

    private mutating func fitTerm(_ amounts: Amounts, _ prices: Prices) throws(Refusal) -> Microseconds {
        let term = min(ask.term, policy.longestTerm)
        if term < ask.term {
            objections.append(
                Objection(
                    term: "term", reason: "\(policy.longestTerm.text) is the longest term (asked for: \(ask.term.text))"))
        }
        let due = prices.ceiling(for: amounts, term: term)
        let headroom = standing.creditHeadroom
        // What is given away needs no credit; the ceiling is rounded up and would ask for a microcredit.
        guard prices != .free, due > headroom else { return term }
        let shortfall = "\((due - headroom).text) of credit is missing: up to \(due.text) for \(term.text), \(headroom.text) left"
        guard let affordable = longestTerm(upTo: term, costing: headroom, amounts, prices) else {
            throw Refusal(term: "credit", reason: shortfall)
        }
        objections.append(Objection(term: "credit", reason: shortfall))
        return affordable
    }

    /// The longest term in whole seconds that costs at most `limit`; `nil` when that is shorter than the policy's shortest.
    private func longestTerm(
        upTo term: Microseconds, costing limit: Microcredits, _ amounts: Amounts, _ prices: Prices
    ) -> Microseconds? {
        func costs(_ seconds: Int64) -> Bool { prices.ceiling(for: amounts, term: .seconds(seconds)) <= limit }
        var (within, beyond): (Int64, Int64) = (0, term.rawValue / 1_000_000 + 1)
        while beyond - within > 1 {
            let middle = (within + beyond) / 2
            if costs(middle) { within = middle } else { beyond = middle }
        }
        return within > 0 && .seconds(within) >= policy.shortestTerm ? .seconds(within) : nil
    }
}
