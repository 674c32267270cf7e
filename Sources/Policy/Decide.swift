import Resources

extension LendingPolicy {
    /// What could be lent to anyone now.
    ///
    /// Of each resource the smaller of two bounds, less what is committed: the share of the capacity that is lent at
    /// most, and what the owner leaves free below the threshold. Nothing of what the policy's conditions hold back.
    package func lendable(given standing: Standing) -> Amounts {
        let free = free(given: standing)
        return Amounts(
            cpu: standing.heldBack.cpu == nil ? free.cpu : .zero,
            memory: standing.heldBack.memory == nil ? free.memory : .zero,
            disk: standing.heldBack.disk == nil ? free.disk : .zero)
    }

    /// The same, whatever the conditions say.
    func free(given standing: Standing) -> Amounts {
        func free<Q: Quantity>(_ rule: ResourceRule?, _ capacity: Q, _ owner: Q, _ committed: Q) -> Q {
            guard let rule else { return .zero }
            return max(.zero, min(rule.share.of(capacity), rule.threshold.of(capacity) - owner) - committed)
        }
        return Amounts(
            cpu: free(cpu, standing.capacity.cpu, standing.ownerUsage.cpu, standing.committed.cpu),
            memory: free(memory, standing.capacity.memory, standing.ownerUsage.memory, standing.committed.memory),
            disk: free(disk, standing.capacity.disk, standing.ownerUsage.disk, standing.committed.disk))
    }

    /// The most any one node may owe, as far as this borrower is concerned: what the most specific limit says, or the
    /// policy's general one.
    ///
    /// - Parameters:
    ///   - standing: how the borrower's node stands with this one.
    ///   - isInForce: whether the limit at an index of ``LimitBook/rules`` counts now.
    package func creditLimit(
        of borrower: Borrower, standing: PeerStanding, isInForce: (Int) -> Bool = { _ in true }
    ) -> Microcredits {
        let rules = limits.rules(for: borrower).filter(isInForce).map { Restriction(limits.rules[$0]) }
        return rules.settling { $0.subject.limitsOneNode ? $0.owes : nil } ?? credit.limit(for: standing)
    }

    /// What guests of a borrower may reach beyond the machine: what the policy allows, unless the most specific limit says none.
    ///
    /// - Parameter isInForce: whether the limit at an index of ``LimitBook/rules`` counts now.
    /// - Throws: ``Refusal`` of the term `network` when they may reach nothing.
    package func network(
        for borrower: Borrower, isInForce: (Int) -> Bool = { _ in true }
    ) throws(Refusal) -> OutboundNetwork {
        let remedy = "; ask for none, or ask another node"
        guard let network else {
            throw Refusal(term: "network", reason: "policy '\(name)' gives guests no network" + remedy)
        }
        let rules = limits.rules(for: borrower).filter(isInForce).map { Restriction(limits.rules[$0]) }
        let deciding = rules.settling { rule in rule.network.map { ($0, rule.subject.text) } }
        guard let (_, subject) = deciding, deciding?.0 == false else { return network }
        throw Refusal(term: "network", reason: "policy '\(name)' gives guests of \(subject) no network" + remedy)
    }

    /// The class of notice that fits an ask best, if as much of it is free.
    package func noticeClass(for ask: Ask, given standing: Standing) -> NoticeClass {
        noticeEntry(for: ask, given: standing).notice
    }

    func noticeEntry(for ask: Ask, given standing: Standing) -> NoticeMenu.Entry {
        notices.choose(asked: ask.notice, allowed: standing.restrictions.settling { $0.notices })
    }

    /// Decides about one ask. The same arguments give the same answer, which names the terms and numbers behind it.
    ///
    /// Everything that keeps the ask from being met goes into one counter-proposal, so that a borrower that takes it needs
    /// one more round. In the last round there is nothing left to counter: amounts between the least and the asked are
    /// offered, everything else is refused.
    package func decide(_ ask: Ask, from borrower: Borrower, given standing: Standing) -> Decision {
        do throws(Refusal) {
            try admit(ask)
            try admit(borrower, given: standing)
            var deliberation = Deliberation(policy: self, ask: ask, borrower: borrower, standing: standing)
            return try deliberation.conclude()
        } catch {
            return .refuse(error)
        }
    }

    /// Refuses what no honest borrower asks, so that the rest can calculate without overflow.
    private func admit(_ ask: Ask) throws(Refusal) {
        func require(_ condition: Bool, _ fault: String) throws(Refusal) {
            guard condition else { throw Refusal(term: "request", reason: fault) }
        }
        try require(Bounds.accepts(ask.amounts), "the amounts are not positive or beyond all bounds")
        try require(ask.least.fits(in: ask.amounts), "the least amounts are above the amounts asked for")
        try require(ask.least.isNatural, "the least amounts are negative")
        try require(!ask.amounts.mixesDisk, Amounts.mixingDisk)
        try require(Bounds.accepts(term: ask.term), "the term is not positive or beyond all bounds")
        try require(Bounds.accepts(ask.bid), "the prices are negative or beyond all bounds")
        try require(ask.round >= 1 && ask.round <= ask.rounds, "round \(ask.round) of \(ask.rounds) does not exist")
        guard ask.term >= shortestTerm else {
            throw Refusal(term: "term", reason: "the term of \(ask.term.text) is below the shortest, \(shortestTerm.text)")
        }
    }

    /// Why the borrower's standing does not do.
    package func standingObjection(given standing: Standing) -> Refusal? {
        let lacking = standing.restrictions.first { $0.rule.leastStanding ?? 0 > standing.borrowerStanding }
        return lacking.map { restriction in
            Refusal(
                term: "standing",
                reason:
                    "its standing with this node is \(standing.borrowerStanding), policy '\(name)' lends to \(restriction.rule.subject.text)"
                    + " from \(restriction.rule.leastStanding ?? 0) on")
        }
    }

    private func admit(_ borrower: Borrower, given standing: Standing) throws(Refusal) {
        guard lendsAnything else { throw Refusal(term: "policy", reason: "policy '\(name)' lends nothing") }
        guard borrowers.admits(borrower) else {
            throw Refusal(term: "borrower", reason: "policy '\(name)' does not lend to '\(borrower.name)'")
        }
        if let refusing = standing.restrictions.first(where: \.rule.refuses) {
            throw Refusal(term: "borrower", reason: "policy '\(name)' does not lend to \(refusing.rule.subject.text)")
        }
        if let refusal = standingObjection(given: standing) { throw refusal }
        guard standing.openLeases < maximumLeases else {
            throw Refusal(
                term: "leases", reason: "\(standing.openLeases) of at most \(maximumLeases) leases are taken",
                retryAfter: Deliberation.retryAfter)
        }
        for restriction in standing.restrictions {
            guard let most = restriction.rule.leases, restriction.tally.leases >= most else { continue }
            throw Refusal(
                term: "leases",
                reason: "\(restriction.rule.subject.text) has \(restriction.tally.leases) of at most \(most) leases",
                retryAfter: most == 0 ? nil : Deliberation.retryAfter)
        }
    }
}

extension Subject {
    /// Whether what it may owe is one node's trust line, as opposed to a bound on several together or on users.
    var limitsOneNode: Bool {
        switch self {
        case .eachPeer, .peer, .role: true
        case .everyone, .eachUser, .user, .group: false
        }
    }
}
