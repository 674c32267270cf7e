import Bookkeeping
import Policy
import Resources
import Trading

// What is promised when, and terms that begin later than they were agreed on.

extension Node {
    /// What is promised of this machine from now on.
    ///
    /// - Parameter own: a lease that is left out.
    func schedule(without own: LeaseID? = nil, at now: Moment) -> Schedule {
        var schedule = Schedule()
        for entry in leases.taking where entry.id != own {
            let from = entry.hasBegun ? now.instant : entry.lease.began.instant(at: now)
            let until = entry.lease.isOpen ? entry.lease.ends.instant(at: now) : clearance(of: entry, at: now)
            schedule.add(entry.lease.amounts, from: from, until: max(until, now.instant) + Timing.turnover)
        }
        #if Defects
            if Defect.active == .offeredTwice { return schedule }
        #endif
        for hold in holds.values {
            let (from, until) = span(of: hold.terms, takenUpBy: hold.until.remaining(at: now), at: now)
            schedule.add(hold.terms.amounts, from: from, until: until + Timing.turnover)
        }
        return schedule
    }

    /// When what is over holds its part no more: when its guests are gone from the kernel, or what is stored from the disk.
    private func clearance(of entry: LeaseEntry, at now: Moment) -> Instant {
        guard entry.isDraining, let closed = entry.lease.closedAt else { return now.instant }
        return closed.instant(at: now) + Timing.drainage
    }

    /// When terms would be in use that are agreed on within `delay`.
    func span(of terms: Terms, takenUpBy delay: Microseconds, at now: Moment) -> (from: Instant, until: Instant) {
        guard terms.start != nil else { return (now.instant, now.instant + max(.zero, delay) + terms.term) }
        let from = now.instant + terms.wait(at: now.utc)
        return (max(now.instant, from), from + terms.term)
    }

    /// Whether a term begins so late that what the owner uses and which conditions hold now say nothing about it.
    func isFarOff(_ terms: Terms, at now: Moment) -> Bool { terms.wait(at: now.utc) > Timing.foreseeable }

    /// Why a start cannot be agreed on.
    func objection(toStart terms: Terms, at now: Moment) -> Refusal? {
        let wait = terms.wait(at: now.utc)
        if wait < -Terms.startTolerance {
            return Refusal(
                term: "start",
                reason: "the start is past by \((-wait).shortText): clocks may differ by \(Terms.startTolerance.text)")
        }
        guard wait <= Terms.farthestStart else {
            return Refusal(
                term: "start", reason: "the start is \(wait.shortText) ahead, at most \(Terms.farthestStart.text) are promised")
        }
        return nil
    }

    // MARK: Beginning

    /// Begins a promise whose time has come, on either side. A lender that still has to clear out what ended before waits for
    /// that.
    mutating func beginIfDue(_ id: LeaseID, _ step: inout Step) {
        guard var entry = leases[id], entry.isWaiting, entry.lease.began.hasPassed(at: step.now) else { return }
        if entry.lease.role == .borrower {
            guard entry.lease.begin() else { return }
            keep(entry, &step)
            step.tell(
                "lease.begun", [id, entry.lease.peer], "its term begins: \(name(of: entry.lease.peer)) lends it from now on")
            return step.act(.changed(id))
        }
        let room = (policy.most(of: capacity) - committed).clampedToZero
        guard entry.lease.amounts.fits(in: room) || committed == .zero else { return }
        _ = entry.lease.begin()
        entry.open(billing: rhythm.receipts, at: step.now)
        keep(entry, &step)
        step.tell(
            "lease.begun", [id, entry.lease.peer], "its term begins: it is lent to \(name(of: entry.lease.peer)) from now on")
        step.setAside(entry.lease)
        step.act(.changed(id))
        // What a condition holds back at the start is taken back like anything that runs.
        if entry.lease.state != .reclaiming, policy.stop == .takeBack, let reason = heldBack(entry.lease) {
            reclaim(id, atOnce: false, reason: "not lent any more: \(reason)", &step)
        }
    }

    /// What has been promised to others of the time that a renewal asks for.
    func collision(of renewal: Renewal, _ lease: Lease, at now: Moment) -> Refusal? {
        let ends = lease.ends.instant(at: now)
        var others = schedule(without: lease.id, at: now).peak(from: ends, until: ends + renewal.span + Timing.turnover)
        if lease.isOfDisk, let sharedRoom { others.disk = max(.zero, others.disk - sharedRoom.shared) }
        guard !(others + lease.amounts).fits(in: policy.most(of: capacity)) else { return nil }
        return Refusal(term: "promise", reason: "the time after its term is promised to others")
    }
}

extension LeaseEntry {
    /// Whether its term has begun on this side, as far as the kernel is concerned.
    package var hasBegun: Bool { lease.role == .lender ? guest != .absent : lease.state != .promised }

    /// Whether its term begins later than it was agreed on, and has not yet.
    var isPromise: Bool { lease.state == .promised }

    /// Whether its term is still to begin, though it may be under notice already.
    var isWaiting: Bool { lease.isOpen && !hasBegun }
}
