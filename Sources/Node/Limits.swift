import Bookkeeping
import Policy
import Resources
import Trading

// Who a borrower is to the policy, and what it has already.

extension Node {
    /// What a user of a peer would be offered for `ask`, without obligation; a refusal says what would be instead.
    package func quote(_ ask: Ask, to peer: NodeID, for user: String = "", at now: Moment) -> Decision {
        quote(ask, to: borrower(peer, user), at: now)
    }

    package func quote(_ ask: Ask, to borrower: Borrower, at now: Moment) -> Decision {
        let decision = decide(ask, from: borrower, at: now)
        guard case .refuse(var refusal) = decision else { return decision }
        let alternatives = alternatives(to: ask, for: borrower, refused: refusal, at: now)
        refusal.alternatives = alternatives.isEmpty ? nil : Alternative.nearest(of: alternatives)
        return .refuse(refusal)
    }

    func decide(_ ask: Ask, from borrower: Borrower, at now: Moment) -> Decision {
        if let obstacle = obstacle(at: now) { return .refuse(obstacle) }
        let terms = Terms(
            amounts: ask.amounts, prices: ask.bid, term: ask.term, notice: ask.notice, start: ask.start,
            consideration: ask.consideration)
        if let refusal = objection(toStart: terms, at: now) { return .refuse(refusal) }
        var standing = standing(towards: borrower)
        let (from, until) = span(of: terms, takenUpBy: Negotiating.offerTime, at: now)
        standing.inKind = inKindStanding(towards: borrower, for: ask, at: now)
        if case .swap = ask.consideration { standing.taken = takenInSwaps }
        standing.committed = schedule(at: now).peak(from: from, until: until + Timing.turnover)
        if ask.start == nil, let sharedRoom {
            let shared = sharedRoom.shared + sharedRoom.inheritance(of: borrower.id)
            standing.committed.disk = max(.zero, standing.committed.disk - shared)
        }
        if policy.noticeClass(for: ask, given: standing) == .firm {
            standing.firm =
                ask.amounts.disk > .zero ? firmRoomOnDisk() : firmRoom(for: ask.term, after: ask.wait(at: now))
        }
        if isFarOff(terms, at: now) {
            standing.ownerUsage = .zero
            standing.heldBack = .nothing
        }
        return policy.decide(ask, from: borrower, given: standing)
    }

    /// A peer and its user as the policy sees them.
    package func borrower(_ peer: NodeID, _ user: String = "") -> Borrower {
        Borrower(id: peer, name: name(of: peer), roles: members[peer]?.roles ?? [], user: user)
    }

    /// How this node stands, whoever asks.
    package var standing: Standing {
        Standing(
            capacity: capacity, ownerUsage: owner.level, committed: committed,
            openLeases: holds.count + leases.taking.count { !$0.isDraining }, creditHeadroom: .zero,
            heldBack: gates.holdBack)
    }

    /// How this node stands towards one borrower.
    package func standing(towards borrower: Borrower) -> Standing {
        var result = standing
        result.creditHeadroom =
            books.trustLine(with: borrower.id) == nil ? creditLimit(of: borrower) : books.headroom(toOweBy: borrower.id)
        result.restrictions = restrictions(on: borrower)
        result.borrowerStanding = peerStanding(of: borrower.id).number
        return result
    }

    /// The limits in force that bind a borrower, with what their subjects have.
    ///
    /// - Parameter countingLeaving: whether leases count that are being taken back.
    func restrictions(on borrower: Borrower, countingLeaving: Bool = true) -> [Restriction] {
        let rules = policy.limits.rules(for: borrower).filter(gates.isInForce)
        guard !rules.isEmpty else { return [] }
        let holdings = holdings(countingLeaving: countingLeaving)
        return rules.map { index in
            let rule = policy.limits.rules[index]
            return Restriction(rule, tally(of: rule, for: borrower, holdings))
        }
    }

    /// Every limit that binds a borrower, in force now or not.
    package func limits(on borrower: Borrower) -> [(restriction: Restriction, isInForce: Bool)] {
        let holdings = holdings(countingLeaving: true)
        return policy.limits.rules(for: borrower).map { index in
            let rule = policy.limits.rules[index]
            return (Restriction(rule, tally(of: rule, for: borrower, holdings)), gates.isInForce(limit: index))
        }
    }

    /// The most a borrower's node may owe this one.
    package func creditLimit(of borrower: Borrower) -> Microcredits {
        let most = policy.creditLimit(of: borrower, standing: peerStanding(of: borrower.id), isInForce: gates.isInForce)
        return max(.zero, most - unpaid(by: borrower.id))
    }

    /// What guests of a borrower may reach beyond this node.
    ///
    /// - Throws: ``Refusal`` when they may reach nothing.
    package func network(for borrower: Borrower) throws(Refusal) -> OutboundNetwork {
        try policy.network(for: borrower, isInForce: gates.isInForce)
    }

    /// What one borrower has of this node: a lease or a binding offer.
    private struct Holding {
        let borrower: Borrower
        let amounts: Amounts
        /// What it may still come to cost, and what it has cost so far.
        let owed: Microcredits
        /// Whether it counts against what may be lent; a lease that is only unsettled does not.
        let isOpen: Bool
        /// Whether only its disk does.
        var isDraining = false
    }

    private func holdings(countingLeaving: Bool) -> [Holding] {
        let lent = leases.unsettled.values.filter { $0.lease.role == .lender }.map { entry in
            return Holding(
                borrower: borrower(entry.lease.peer, entry.lease.user), amounts: entry.lease.amounts,
                owed: reserved(for: entry).credits + entry.bill.accepted.credits,
                isOpen: entry.holdsCapacity && (countingLeaving || entry.lease.state != .reclaiming && !entry.isDraining),
                isDraining: entry.isDraining)
        }
        let draining = leases.draining.values.map { entry in
            Holding(
                borrower: borrower(entry.lease.peer, entry.lease.user), amounts: entry.lease.amounts, owed: .zero,
                isOpen: countingLeaving, isDraining: true)
        }
        return lent + draining
            + holds.values.map { hold in
                Holding(
                    borrower: borrower(hold.borrower, hold.user), amounts: hold.terms.amounts, owed: hold.terms.ceiling.credits,
                    isOpen: true)
            }
    }

    private func tally(of rule: LimitRule, for borrower: Borrower, _ holdings: [Holding]) -> SubjectTally {
        var tally = SubjectTally.zero
        for holding in holdings where policy.limits.counts(holding.borrower, towards: rule, for: borrower) {
            if holding.isOpen {
                tally.amounts += holding.amounts
                if !holding.isDraining { tally.leases += 1 }
            }
            tally.owed += holding.owed
        }
        if rule.owes != nil, let debts = debts(towards: rule) { tally.owed = debts }
        return tally
    }

    /// What several nodes owe together, where a rule bounds that; `nil` for rules about users, whose debts the books do not
    /// tell apart.
    private func debts(towards rule: LimitRule) -> Microcredits? {
        let lines = books.trustLines(in: .credit)
        switch rule.subject {
        case .everyone: return lines.reduce(.zero) { $0 + books.debt(of: $1.peer) }
        case .group(let name):
            guard let group = policy.limits.group(named: name) else { return .zero }
            return lines.reduce(.zero) { group.hasNode(borrower($1.peer)) ? $0 + books.debt(of: $1.peer) : $0 }
        case .eachPeer, .eachUser, .peer, .user, .role: return nil
        }
    }

    // MARK: Renewals

    /// The longest term that the policy gives the holder of a lease.
    func longestTerm(of lease: Lease) -> Microseconds {
        let rules = policy.limits.rules(for: borrower(lease.peer, lease.user)).filter(gates.isInForce)
        return rules.compactMap { policy.limits.rules[$0].longestTerm }.reduce(policy.longestTerm, min)
    }

    /// What the policy has against a renewal.
    func policyObjection(to renewal: Renewal, of lease: Lease) -> Refusal? {
        guard policy.renewable, policy.lendsAnything else {
            return Refusal(term: "policy", reason: "the policy renews no leases")
        }
        if let reason = refusal(of: lease) { return Refusal(term: "borrower", reason: reason) }
        let standing = standing(towards: borrower(lease.peer, lease.user))
        if let refusal = policy.standingObjection(given: standing) { return refusal }
        let held = heldBack(lease)
        if let reason = held { return Refusal(term: "condition", reason: "not lent now: \(reason)", retryAfter: .seconds(30)) }
        let longest = longestTerm(of: lease)
        guard renewal.span > .zero, renewal.span <= longest else {
            return Refusal(term: "term", reason: "\(renewal.span.text) asked, the longest term is \(longest.text)")
        }
        return nil
    }

    /// Why the policy does not lend to the holder of a lease any more.
    func refusal(of lease: Lease) -> String? {
        // Names say nothing before the pool has said whose they are.
        guard members[lease.peer] != nil else { return nil }
        let borrower = borrower(lease.peer, lease.user)
        guard policy.borrowers.admits(borrower) else { return "the policy lends to '\(borrower.name)' no more" }
        let refusing = policy.limits.rules(for: borrower).first { gates.isInForce(limit: $0) && policy.limits.rules[$0].refuses }
        return refusing.map { "the policy lends to \(policy.limits.rules[$0].subject.text) no more" }
    }

    /// Why what a lease uses is definitely not released now.
    func heldBack(_ lease: Lease) -> String? {
        let (stopped, reasons) = (gates.hasStopped, gates.holdBack)
        if lease.amounts.cpu > .zero, stopped.cpu { return reasons.cpu }
        if lease.amounts.memory > .zero, stopped.memory { return reasons.memory }
        if lease.amounts.disk > .zero, stopped.disk { return reasons.disk }
        return nil
    }
}
