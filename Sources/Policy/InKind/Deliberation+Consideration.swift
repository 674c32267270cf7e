import Resources

// What is given in return: credits, something in kind later, or what is owed already.

extension Deliberation {
    /// What the lender would have in return for so much.
    mutating func settleConsideration(_ amounts: Amounts) throws(Refusal) -> Consideration? {
        switch ask.consideration {
        case nil:
            guard !policy.lendsForCredits(amounts) else { return nil }
            let asked = try proposal(for: amounts)
            object("consideration", "policy '\(policy.name)' lends this for something in kind later, not for credits")
            return .deferred(asked)
        case .deferred(let asked): return try settle(asked, amounts)
        case .redemption, .swap: return ask.consideration
        }
    }

    // MARK: Something in kind later

    /// What is nearest to the terms that a borrower would owe something on; `nil` where it is not let owe anything.
    private mutating func settle(_ asked: Deferral, _ amounts: Amounts) throws(Refusal) -> Consideration? {
        guard asked.isWithinBounds else { throw Refusal(term: "request", reason: "what would be owed in kind is out of range") }
        guard let inKind = standing.inKind else { return try fallBack("nothing can be owed in kind here") }
        var share = asked.share.limited(to: acceptedShare(of: amounts))
        guard share != .zero else { return try fallBack(objectionToOwing) }
        let rate = asked.rate.raised(to: leastRate)
        var nearest = Deferral(
            share: share, rate: rate, from: asked.from, until: min(asked.until, inKind.now + policy.deferral.within),
            premium: max(asked.premium, policy.deferral.premium))
        nearest.from = min(nearest.from, nearest.until + -Microseconds.minutes(1))
        share = share.limited(to: fitting(nearest, amounts, in: inKind.headroom))
        guard share != .zero else { return try fallBack("what may be owed in kind is owed already") }
        nearest.share = share
        guard inKind.now + max(ask.term, policy.shortestTerm) < nearest.until else {
            let remedy =
                nearest.until < asked.until ? "ask for a shorter time (--for)" : "write a later --due, or a shorter --for"
            let due = CivilDate(nearest.until).rfc3339Seconds
            throw Refusal(
                term: "consideration",
                reason: "what is owed would fall due at \(due), before the term of \(ask.term.text) is over: \(remedy)")
        }
        guard nearest != asked else { return .deferred(asked) }
        object("consideration", reason(for: nearest, insteadOf: asked))
        return .deferred(nearest)
    }

    /// Credits for all of it, where the lender takes them.
    private mutating func fallBack(_ reason: String) throws(Refusal) -> Consideration? {
        guard policy.lendsForCredits(ask.amounts) else { throw Refusal(term: "consideration", reason: reason) }
        object("consideration", reason)
        return nil
    }

    /// What a lender that takes no credits would have.
    private func proposal(for amounts: Amounts) throws(Refusal) -> Deferral {
        let share = acceptedShare(of: amounts)
        guard let inKind = standing.inKind, share != .zero else { throw Refusal(term: "consideration", reason: objectionToOwing) }
        let from = inKind.now + ask.term
        let asked = Deferral(
            share: share, rate: leastRate, from: from, until: max(inKind.now + policy.deferral.within, from + .hours(1)),
            premium: policy.deferral.premium)
        return asked
    }

    private var objectionToOwing: String { "policy '\(policy.name)' does not let this node owe anything in kind" }

    /// The largest part of each resource that this borrower may owe.
    private func acceptedShare(of amounts: Amounts) -> ResourceShares {
        func share(_ rule: ResourceRule?, _ isAsked: Bool) -> BasisPoints {
            guard isAsked, let inKind = rule?.inKind, inKind.from.admits(borrower) else { return .zero }
            return policy.deferral.share
        }
        return ResourceShares(
            cpu: share(policy.cpu, amounts.cpu > .zero), memory: share(policy.memory, amounts.memory > .zero),
            disk: share(policy.disk, amounts.disk > .zero))
    }

    /// What is to be given back at the least for what is used.
    private var leastRate: ResourceShares {
        let (free, most) = (policy.free(given: standing), policy.most(of: standing.capacity))
        func rate(_ rule: ResourceRule?, _ scarcity: BasisPoints) -> BasisPoints {
            guard let rule, let inKind = rule.inKind else { return .whole }
            return inKind.rate(at: scarcity, rule.pricing)
        }
        return ResourceShares(
            cpu: rate(policy.cpu, Self.scarcity(free.cpu, most.cpu)),
            memory: rate(policy.memory, Self.scarcity(free.memory, most.memory)),
            disk: rate(policy.disk, Self.scarcity(free.disk, most.disk)))
    }

    /// The part of each resource that can be owed without going beyond what may be owed.
    private func fitting(_ deferral: Deferral, _ amounts: Amounts, in headroom: Usage) -> ResourceShares {
        let due = deferral.owed(for: Usage(of: amounts, for: ask.term))
        func share<Q: Quantity>(_ share: BasisPoints, _ due: Q, _ room: Q) -> BasisPoints {
            due <= room ? share : share.scaled(by: max(.zero, room).rawValue, over: due.rawValue)
        }
        return ResourceShares(
            cpu: share(deferral.share.cpu, due.cpu, headroom.cpu),
            memory: share(deferral.share.memory, due.memory, headroom.memory),
            disk: share(deferral.share.disk, due.disk, headroom.disk))
    }

    private func reason(for nearest: Deferral, insteadOf asked: Deferral) -> String {
        var changes: [String] = []
        if nearest.share != asked.share {
            changes.append("\(nearest.share.text) may be owed in kind (--defer)")
        }
        if nearest.rate != asked.rate {
            let rate = nearest.rate
            changes.append(
                rate.disk == .zero
                    ? "\(rate.cpu.text) of the processing and \(rate.memory.text) of the memory are to be given back (--rate)"
                    : "\(rate.disk.text) of the disk is to be given back (--rate)")
        }
        if nearest.premium != asked.premium { changes.append("the premium is at least \(nearest.premium.text) (--premium)") }
        if nearest.until != asked.until {
            changes.append("policy '\(policy.name)' lets it fall due within \(policy.deferral.within.text) at the latest (--due)")
        } else if nearest.from != asked.from {
            changes.append("it can be asked for during a minute at the least (--due-from)")
        }
        return changes.joined(separator: ", ")
    }

    // MARK: What is owed already

    /// The longest term that what is owed lasts for; `nil` where nothing is to be used up.
    func longestTerm(redeemingWith amounts: Amounts) throws(Refusal) -> Microseconds? {
        guard case .redemption(let id) = ask.consideration else { return nil }
        guard let inKind = standing.inKind, let owed = inKind.redeemable else {
            throw Refusal(term: "consideration", reason: "this node owes no obligation \(id) to who asks")
        }
        guard owed.left != .zero else {
            throw Refusal(
                term: "consideration",
                reason: "nothing of obligation \(id) is free: it is settled, or open leases use it up (surplus obligation show)")
        }
        let begins = inKind.now + max(.zero, ask.start.map { $0 - inKind.now } ?? .zero)
        guard begins >= owed.from else {
            throw Refusal(
                term: "consideration", reason: "obligation \(id) falls due later", retryAfter: owed.from - inKind.now)
        }
        guard begins < owed.until else { throw Refusal(term: "consideration", reason: "obligation \(id) is past its window") }
        let longest = min(owed.left.lasting(amounts), owed.until - begins)
        // Whole seconds where that makes no difference to whether it is lent.
        return longest.wholeSeconds >= policy.shortestTerm ? longest.wholeSeconds : longest
    }

    /// Why what is owed gives no more than `term`.
    func objection(toRedeemingFor term: Microseconds, with amounts: Amounts) -> String {
        guard let inKind = standing.inKind, let owed = inKind.redeemable else { return "" }
        let begins = inKind.now + max(.zero, ask.start.map { $0 - inKind.now } ?? .zero)
        let head = "its term is \(term.text) instead of \(ask.term.text): what is owed "
        guard owed.left.lasting(amounts) <= owed.until - begins else {
            return head + "falls due at \(CivilDate(owed.until).rfc3339Seconds)"
        }
        return head + "has \(owed.left.text) left, used up in that time with \(amounts.text); ask for less \(amounts.options)"
    }
}

extension ResourceShares {
    static let zero = ResourceShares(.zero)

    fileprivate func limited(to other: ResourceShares) -> ResourceShares {
        ResourceShares(cpu: min(cpu, other.cpu), memory: min(memory, other.memory), disk: min(disk, other.disk))
    }

    fileprivate func raised(to other: ResourceShares) -> ResourceShares {
        ResourceShares(cpu: max(cpu, other.cpu), memory: max(memory, other.memory), disk: max(disk, other.disk))
    }
}

extension LendingPolicy {
    /// Whether credits alone will do for so much.
    func lendsForCredits(_ amounts: Amounts) -> Bool {
        (amounts.cpu == .zero || cpu?.takesCredits ?? true) && (amounts.memory == .zero || memory?.takesCredits ?? true)
            && (amounts.disk == .zero || disk?.takesCredits ?? true)
    }
}
