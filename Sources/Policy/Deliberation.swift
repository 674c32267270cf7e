import Resources

/// One decision in the making: the nearest acceptable terms, and what speaks against those that were asked for.
struct Deliberation {
    /// When what is scarce now may be free again.
    static let retryAfter = Microseconds.seconds(30)

    let policy: LendingPolicy
    let ask: Ask
    let borrower: Borrower
    let standing: Standing
    private var objections: [Objection] = []

    /// Something that keeps the ask from being met as it is.
    private struct Objection {
        let term: String
        let reason: String
        /// Whether the borrower said beforehand that it would agree.
        var isConceded = false
    }

    init(policy: LendingPolicy, ask: Ask, borrower: Borrower, standing: Standing) {
        self.policy = policy
        self.ask = ask
        self.borrower = borrower
        self.standing = standing
    }

    private var isLastRound: Bool { ask.round == ask.rounds }

    mutating func conclude() throws(Refusal) -> Decision {
        let notice = try chooseNotice()
        let firm = notice.notice == .firm ? standing.firm : nil
        let amounts = try fitAmounts(firm)
        let given = try settleConsideration(amounts)
        let longest = try longestTerm(redeemingWith: amounts)
        let prices = standing.inKind?.redeemable?.prices ?? haggle(over: amounts, notice)
        let term = try fitTerm(amounts, Tariff(prices, given), firm, redeeming: longest)
        let consideration = try settleSwap(given, for: amounts, prices, term)
        let terms = Terms(
            amounts: amounts, prices: prices, term: term, notice: notice.notice, start: ask.start, consideration: consideration)
        let unsettled = objections.first { !$0.isConceded }
        if objections.isEmpty || (isLastRound && unsettled == nil) { return .offer(terms) }
        if isLastRound, let unsettled {
            let nearest = Alternative(settling: unsettled.term, terms)
            throw Refusal(term: unsettled.term, reason: unsettled.reason, alternatives: [nearest])
        }
        return .counter(terms, reason: objections.map(\.reason).joined(separator: "; "))
    }

    // MARK: Notice

    /// A firm lease is not had where less can be promised than would do: then it is the best of the other classes.
    private mutating func chooseNotice() throws(Refusal) -> NoticeMenu.Entry {
        let choice = policy.noticeEntry(for: ask, given: standing)
        guard choice.notice == .firm, let firm = standing.firm, !isEnough(firm) else { return choice }
        guard let others = policy.notices.without(.firm) else {
            throw Refusal(term: "notice", reason: "no firm terms: \(firm.reason)", retryAfter: firm.retryAfter)
        }
        objections.append(Objection(term: "notice", reason: "no firm terms: \(firm.reason)", isConceded: true))
        return others.choose(asked: ask.notice, allowed: standing.restrictions.settling { $0.notices })
    }

    private func isEnough(_ firm: FirmRoom) -> Bool {
        func isEnough<Q: Quantity>(_ rule: ResourceRule?, _ firm: Q, _ asked: Q, _ least: Q) -> Bool {
            // of what is not lent at all no class would give more
            rule == nil || asked == .zero || firm > .zero && firm >= least
        }
        return firm.longestTerm >= policy.shortestTerm
            && isEnough(policy.cpu, firm.amounts.cpu, ask.amounts.cpu, ask.least.cpu)
            && isEnough(policy.memory, firm.amounts.memory, ask.amounts.memory, ask.least.memory)
            && isEnough(policy.disk, firm.amounts.disk, ask.amounts.disk, ask.least.disk)
    }

    // MARK: Amounts

    /// - Parameter firm: what a firm lease is taken from; `nil` for one of another class.
    private mutating func fitAmounts(_ firm: FirmRoom?) throws(Refusal) -> Amounts {
        let free = policy.free(given: standing)
        let firm = firm?.amounts ?? free
        let most = policy.most(of: standing.capacity)
        let amounts = Amounts(
            cpu: try fit(
                Resource(
                    term: "cpu", rule: policy.cpu, asked: ask.amounts.cpu, least: ask.least.cpu, free: min(free.cpu, firm.cpu),
                    how: firm.cpu < free.cpu ? "promised firmly" : "lent", most: most.cpu,
                    heldBack: standing.heldBack.cpu, limit: { $0.cpu }, taken: { $0.cpu })),
            memory: try fit(
                Resource(
                    term: "memory", rule: policy.memory, asked: ask.amounts.memory, least: ask.least.memory,
                    free: min(free.memory, firm.memory), how: firm.memory < free.memory ? "promised firmly" : "lent",
                    most: most.memory, heldBack: standing.heldBack.memory, limit: { $0.memory }, taken: { $0.memory })),
            disk: try fit(
                Resource(
                    term: "disk", rule: policy.disk, asked: ask.amounts.disk, least: ask.least.disk,
                    free: min(free.disk, firm.disk), how: firm.disk < free.disk ? "promised firmly" : "lent", most: most.disk,
                    heldBack: standing.heldBack.disk, limit: { $0.disk }, taken: { $0.disk })))
        guard amounts.isPositive else {
            if let reason = ask.amounts.disk > .zero ? standing.heldBack.disk : standing.heldBack.cpu ?? standing.heldBack.memory
            {
                throw Refusal(term: "condition", reason: "not lent now: \(reason)", retryAfter: Self.retryAfter)
            }
            throw Refusal(
                term: ask.amounts.cpu > .zero ? "cpu" : ask.amounts.memory > .zero ? "memory" : "disk", reason: "nothing is free",
                retryAfter: Self.retryAfter)
        }
        return amounts
    }

    /// One resource in an ask, with what there is of it.
    private struct Resource<Q: TextualQuantity> {
        let term: String
        let rule: ResourceRule?
        let asked: Q
        let least: Q
        let free: Q
        /// What can be done with no more than that.
        let how: String
        let most: Q
        let heldBack: String?
        let limit: (LimitRule) -> Q?
        let taken: (Amounts) -> Q
    }

    /// What can be given of a resource: what is free, or what the strictest limit leaves.
    private mutating func fit<Q>(_ resource: Resource<Q>) throws(Refusal) -> Q {
        guard resource.asked > .zero else { return .zero }
        guard resource.rule != nil || resource.least == .zero else {
            throw Refusal(term: "policy", reason: "policy '\(policy.name)' does not lend \(resource.term)")
        }
        if resource.rule != nil, let reason = resource.heldBack {
            guard resource.least == .zero else {
                throw Refusal(
                    term: "condition", reason: "\(resource.term) is not lent now: \(reason)", retryAfter: Self.retryAfter)
            }
            object(resource, "\(resource.term) is not lent now: \(reason)")
            return .zero
        }
        let limit = standing.restrictions.strictest { restriction in
            resource.limit(restriction.rule).map { max(.zero, $0 - resource.taken(restriction.tally.amounts)) }
        }
        if let limit, limit.value < resource.free { return try fit(resource, into: limit.value, by: limit.by) }
        guard resource.least <= resource.free else { throw refusal(of: resource) }
        if resource.asked > resource.free {
            object(
                resource,
                "\(resource.free.text) of \(resource.term) can be \(resource.how) now (asked for: \(resource.asked.text))")
        }
        return min(resource.asked, resource.free)
    }

    private mutating func fit<Q>(_ resource: Resource<Q>, into left: Q, by rule: LimitRule) throws(Refusal) -> Q {
        guard resource.asked > left else { return resource.asked }
        let limit = resource.limit(rule).map(\.text) ?? ""
        let reason = "\(rule.subject.text) has \(left.text) left of at most \(limit) of \(resource.term)"
        guard resource.least <= left else {
            let canEver = (resource.limit(rule) ?? .zero) >= resource.least
            throw Refusal(
                term: resource.term, reason: "\(reason) (asked for: at least \(resource.least.text))",
                retryAfter: canEver ? Self.retryAfter : nil)
        }
        object(resource, "\(reason) (asked for: \(resource.asked.text))")
        return left
    }

    private func refusal<Q>(of resource: Resource<Q>) -> Refusal {
        let asked = "(asked for: at least \(resource.least.text))"
        guard resource.least <= resource.most else {
            return Refusal(
                term: resource.term, reason: "at most \(resource.most.text) of \(resource.term) can ever be lent \(asked)")
        }
        return Refusal(
            term: resource.term, reason: "\(resource.free.text) of \(resource.term) can be \(resource.how) now \(asked)",
            retryAfter: Self.retryAfter)
    }

    private mutating func object<Q>(_ resource: Resource<Q>, _ reason: String) {
        objections.append(Objection(term: resource.term, reason: reason, isConceded: true))
    }

    // MARK: Prices

    private mutating func haggle(over amounts: Amounts, _ notice: NoticeMenu.Entry) -> Prices {
        let factors = [notice.price] + [standing.restrictions.settling { $0.price }].compactMap(\.self)
        let (free, most) = (policy.free(given: standing), policy.most(of: standing.capacity))
        return Prices(
            cpu: amounts.cpu > .zero
                ? settle(policy.cpu, Self.scarcity(free.cpu, most.cpu), factors, bid: ask.bid.cpu, per: "core-hour") : .zero,
            memory: amounts.memory > .zero
                ? settle(policy.memory, Self.scarcity(free.memory, most.memory), factors, bid: ask.bid.memory, per: "GiB-hour")
                : .zero,
            disk: amounts.disk > .zero
                ? settle(policy.disk, Self.scarcity(free.disk, most.disk), factors, bid: ask.bid.disk, per: "GiB-hour of disk")
                : .zero)
    }

    /// The part of what may be lent that is taken, by the owner or by guests.
    static func scarcity<Q: Quantity>(_ free: Q, _ most: Q) -> BasisPoints {
        guard most > .zero else { return .whole }
        let taken = (most - min(free, most)).scaled(by: BasisPoints.whole.rawValue, over: most.rawValue)
        return BasisPoints(taken.rawValue)
    }

    /// The price of one resource in this round.
    ///
    /// The lowest acceptable price falls from the asking price to the floor in equal steps over the rounds: a linear
    /// time-dependent tactic (Faratin, Sierra and Jennings, "Negotiation decision functions for autonomous agents", 1998).
    private mutating func settle(
        _ rule: ResourceRule?, _ scarcity: BasisPoints, _ factors: [BasisPoints], bid: Microcredits, per unit: String
    ) -> Microcredits {
        guard let rule else { return .zero }
        let (asked, least) = rule.pricing.quote(at: scarcity, factors: factors)
        let concession = (asked - least).scaled(by: Int64(ask.round - 1), over: Int64(max(1, ask.rounds - 1)))
        let acceptable = asked - concession
        guard bid < acceptable else { return min(asked, bid) }
        objections.append(
            Objection(
                term: "price",
                reason: "\(acceptable.text) per \(unit) is the lowest price in round \(ask.round), the bid is \(bid.text)"))
        return acceptable
    }

    /// Notes something that keeps the ask from being met as it is.
    mutating func object(_ term: String, _ reason: String) { objections.append(Objection(term: term, reason: reason)) }

    // MARK: Term and credit

    /// - Parameter redeeming: how long what is owed lasts, where that is used up.
    private mutating func fitTerm(
        _ amounts: Amounts, _ tariff: Tariff, _ firm: FirmRoom?, redeeming: Microseconds?
    ) throws(Refusal) -> Microseconds {
        let limit = standing.restrictions.strictest { $0.rule.longestTerm }
        let usual = min(policy.longestTerm, limit?.value ?? policy.longestTerm)
        let longest = min(usual, firm?.longestTerm ?? usual, redeeming ?? usual)
        let term = min(ask.term, longest)
        guard term >= policy.shortestTerm else {
            if let redeeming, redeeming < policy.shortestTerm {
                throw Refusal(
                    term: "consideration",
                    reason:
                        "what is left of what is owed would last \(redeeming.text) at the most, the shortest term is \(policy.shortestTerm.text); ask for less \(ask.amounts.options)"
                )
            }
            throw Refusal(
                term: "term",
                reason:
                    "\(limit?.by.subject.text ?? "nobody") can have \(term.text), the shortest term is \(policy.shortestTerm.text)"
            )
        }
        if term < ask.term, redeeming == longest {
            object("term", objection(toRedeemingFor: term, with: amounts))
        } else if term < ask.term {
            let whose =
                longest < usual
                ? " that can be promised firmly"
                : limit.map { $0.value == longest && longest < policy.longestTerm ? " for \($0.by.subject.text)" : "" } ?? ""
            object("term", "\(longest.text) is the longest term\(whose) (asked for: \(ask.term.text))")
        }
        let due = tariff.ceiling(for: amounts, term: term).credits
        let headroom = creditHeadroom
        // What is given away needs no credit; the ceiling is rounded up and would ask for a microcredit.
        guard tariff.prices != .free, due > headroom else { return term }
        let shortfall =
            "\((due - headroom).text) of credit is missing: up to \(due.text) for \(term.text), \(headroom.text) left\(raisingCredit)"
        guard let affordable = longestTerm(upTo: term, costing: headroom, amounts, tariff) else {
            throw Refusal(term: "credit", reason: shortfall)
        }
        objections.append(Objection(term: "credit", reason: shortfall))
        return affordable
    }

    /// What the borrower's own line and the limits on groups and users leave.
    var creditHeadroom: Microcredits {
        let limit = standing.restrictions.strictest { restriction in
            restriction.rule.subject.limitsOneNode ? nil : restriction.rule.owes.map { $0 - restriction.tally.owed }
        }
        return min(standing.creditHeadroom, limit?.value ?? standing.creditHeadroom)
    }

    /// What gives the borrower more credit, where it can have any.
    private var raisingCredit: String {
        let isRaised = policy.credit.newcomers != nil && policy.credit.raise > 0
        return isRaised ? "; lending to this node raises the limit" : ""
    }

    /// The longest term in whole seconds that costs at most `limit`; `nil` when that is shorter than the policy's shortest.
    private func longestTerm(
        upTo term: Microseconds, costing limit: Microcredits, _ amounts: Amounts, _ tariff: Tariff
    ) -> Microseconds? {
        func costs(_ seconds: Int64) -> Bool { tariff.ceiling(for: amounts, term: .seconds(seconds)).credits <= limit }
        var (within, beyond): (Int64, Int64) = (0, term.rawValue / 1_000_000 + 1)
        while beyond - within > 1 {
            let middle = (within + beyond) / 2
            if costs(middle) { within = middle } else { beyond = middle }
        }
        return within > 0 && .seconds(within) >= policy.shortestTerm ? .seconds(within) : nil
    }
}
