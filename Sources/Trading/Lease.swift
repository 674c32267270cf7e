import Resources

/// A time-bounded grant under an agreement, as one of its two sides keeps it.
///
///     promised -> granted -> active <-> shrunk -> reclaiming -> closed -> settled
///
/// Only a lease whose term begins later is promised first; notice, release and prices hold for it from then on.
/// Beside the state stands whether the other side has been heard of since this one restarted: a lease is then
/// *suspect*, which changes nothing about its term. Each transition returns whether it changed anything; one that comes
/// twice or too late changes nothing.
package struct Lease: Hashable, Codable, Sendable {
    package enum Role: String, Hashable, Codable, Sendable { case lender, borrower }

    package enum State: String, Hashable, Codable, Sendable, CaseIterable {
        /// Agreed on, its term begins later.
        case promised
        /// Committed by the lender, its resources not yet set aside in the kernel.
        case granted
        case active
        /// Running with less than was granted.
        case shrunk
        /// The owner has given notice.
        case reclaiming
        /// Nothing may be used any more; the last receipt is under way.
        case closed
        case settled
    }

    package enum EndReason: String, Hashable, Codable, Sendable, CaseIterable {
        /// The borrower gave it back.
        case released
        /// Its term ran out.
        case expired
        /// The owner took it back.
        case revoked
        /// The lender could not provide what it had granted.
        case failed
    }

    /// What was set aside up to a time since the beginning.
    private struct Stretch: Hashable, Codable, Sendable {
        let elapsed: Microseconds
        let usage: Usage
    }

    package let id: LeaseID
    package let agreement: AgreementID
    package let role: Role
    /// The other side.
    package let peer: NodeID
    package let user: String
    package let terms: Terms
    /// The lease that is lent in return; `nil` where it is no half of a swap.
    package let other: LeaseID?
    /// What may be used now: the terms' amounts, or less once shrunk.
    package private(set) var amounts: Amounts
    /// How much was set aside before that was changed last; `nil` while it never was.
    private var earlier: Stretch?
    package private(set) var state: State
    package private(set) var isSuspect = false
    /// When it began. On the borrower: when the acceptance was first sent, which is before the lender's commit, so that a
    /// borrower never believes in a lease longer than its lender does. Of a promise: when it begins.
    package private(set) var began: Deadline
    package private(set) var ends: Deadline
    package private(set) var renewals = 0
    /// Whether the borrower's agent renews it until told otherwise. Meaningless on the lender.
    package var renewsItself: Bool
    package private(set) var reclaimBy: Deadline?
    package private(set) var closedAt: Deadline?
    package private(set) var endReason: EndReason?
    /// Why it is being, or was, taken back or ended, for people.
    package private(set) var reason = ""
    /// On the borrower: the request for several leases at once that it is a part of.
    package let group: RequestID?
    /// On the borrower: the job that it was borrowed for.
    package let job: JobID?
    /// On the borrower: the rule of its policy that has borrowed it.
    package let rule: String?

    /// - Parameters:
    ///   - now: when it was agreed on; see ``began`` for what that is on the borrower.
    ///   - wait: how long after that its term begins.
    ///   - remaining: how long after that its term ends.
    package init(
        _ agreement: Agreement, role: Role, at now: Moment, wait: Microseconds = .zero, remaining: Microseconds,
        renewsItself: Bool = false, group: RequestID? = nil, job: JobID? = nil, rule: String? = nil
    ) {
        id = agreement.lease
        self.agreement = agreement.id
        self.role = role
        peer = role == .lender ? agreement.borrower : agreement.lender
        user = agreement.user
        terms = agreement.terms
        other = agreement.other?.lease
        amounts = agreement.terms.amounts
        state = wait > .zero ? .promised : role == .lender ? .granted : .active
        began = Deadline(max(.zero, wait), after: now)
        ends = Deadline(remaining, after: now)
        self.renewsItself = renewsItself
        self.group = group
        self.job = job
        self.rule = rule
    }

    /// Whether it holds: neither closed nor settled. The term is judged by ``hasEnded(at:)``.
    package var isOpen: Bool { state != .closed && state != .settled }

    /// Whether it ended before its term began, so that it never could be used.
    package var endedUnused: Bool { closedAt.map { $0.utc < began.utc } ?? false }

    package func hasEnded(at now: Moment) -> Bool { ends.hasPassed(at: now) }

    /// Time from its beginning to now, or to its closing; never negative.
    package func elapsed(at now: Moment) -> Microseconds {
        let untilNow = -began.remaining(at: now)
        guard let closedAt else { return max(.zero, untilNow) }
        return max(.zero, min(untilNow, untilNow + closedAt.remaining(at: now)))
    }

    /// What was set aside so far, used or not: amounts over time, within the term.
    package func setAside(at now: Moment) -> Usage {
        guard let earlier else { return Usage(of: amounts, for: spent(at: now)) }
        return earlier.usage + Usage(of: amounts, for: max(.zero, spent(at: now) - earlier.elapsed))
    }

    /// One that is closed as run out has run out, though the other side's clock may have been a little ahead.
    private func spent(at now: Moment) -> Microseconds {
        let whole = max(.zero, wholeTerm(at: now))
        return endReason == .expired ? whole : min(elapsed(at: now), whole)
    }

    /// The whole term with its renewals.
    package func wholeTerm(at now: Moment) -> Microseconds { ends.remaining(at: now) - began.remaining(at: now) }
}

extension Lease {
    /// The term of a promise begins.
    package mutating func begin() -> Bool {
        guard state == .promised else { return false }
        state = role == .lender ? .granted : amounts == terms.amounts ? .active : .shrunk
        return true
    }

    package mutating func activate() -> Bool {
        guard state == .granted else { return false }
        state = amounts == terms.amounts ? .active : .shrunk
        return true
    }

    /// Lengthens the term. `number` must be the next renewal's.
    package mutating func renew(_ number: Int, by span: Microseconds) -> Bool {
        guard isOpen, state != .reclaiming, number == renewals + 1 else { return false }
        renewals = number
        ends = ends.extended(by: span)
        return true
    }

    /// Lowers, or restores, what may be used. More than the terms grant is never given.
    package mutating func resize(to amounts: Amounts, at now: Moment) -> Bool {
        let new = amounts.limited(to: terms.amounts).clampedToZero
        guard isOpen, new != self.amounts else { return false }
        earlier = Stretch(elapsed: spent(at: now), usage: setAside(at: now))
        self.amounts = new
        if state == .active || state == .shrunk { state = new == terms.amounts ? .active : .shrunk }
        return true
    }

    /// Begins to take it back: it ends when `notice` has passed, or at its term if that comes first.
    package mutating func reclaim(notice: Microseconds, reason: String, at now: Moment) -> Bool {
        guard isOpen, state != .reclaiming else { return false }
        state = .reclaiming
        self.reason = reason
        let deadline = Deadline(min(notice, ends.remaining(at: now)), after: now)
        reclaimBy = deadline
        ends = deadline
        return true
    }

    package mutating func close(_ endReason: EndReason, reason: String, at now: Moment) -> Bool {
        #if Defects
            let mayClose = isOpen || Defect.active == .closedTwice
        #else
            let mayClose = isOpen
        #endif
        guard mayClose else { return false }
        state = .closed
        self.endReason = endReason
        if !reason.isEmpty { self.reason = reason }
        closedAt = Deadline(now)
        isSuspect = false
        return true
    }

    package mutating func settle() -> Bool {
        guard state == .closed else { return false }
        state = .settled
        return true
    }

    /// Expresses its deadlines by the clocks as they stand now.
    package mutating func anchor(at now: Moment) {
        began = began.anchored(at: now)
        ends = ends.anchored(at: now)
        reclaimBy = reclaimBy?.anchored(at: now)
        closedAt = closedAt?.anchored(at: now)
    }

    /// Marks it until the other side is heard of again.
    package mutating func suspect() -> Bool {
        guard isOpen, !isSuspect else { return false }
        isSuspect = true
        return true
    }

    package mutating func trust() -> Bool {
        guard isSuspect else { return false }
        isSuspect = false
        return true
    }
}
