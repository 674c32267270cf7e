import Bookkeeping
import Resources
import Trading

// What each side holds of how much a lease has used.

/// What the jobs under a lease have reported that they used.
package struct JobCount: Hashable, Codable, Sendable {
    /// Those that have not ended.
    private var open: [JobID] = []
    private var used = CoreMicroseconds.zero
    /// Whether it is known of all that have ended.
    private var isWhole = true

    mutating func begin(_ job: JobID) {
        if !open.contains(job) { open.append(job) }
    }

    /// One that was not known of, as one that is reported again after a restart, leaves all unknown.
    ///
    /// - Parameter most: all that the lease can give in its term. What a lender's machine reports beyond it says no more than that.
    mutating func end(_ job: JobID, _ used: CoreMicroseconds?, atMost most: CoreMicroseconds) {
        if let place = open.firstIndex(of: job), let used {
            open.remove(at: place)
            self.used = min(most, self.used.clampedSum(max(.zero, used)))
        } else {
            open.removeAll { $0 == job }
            isWhole = false
        }
    }

    /// `nil` while it is not known of every job.
    var total: CoreMicroseconds? { open.isEmpty && isWhole ? used : nil }
}

extension Node {
    mutating func begin(_ job: JobID, under id: LeaseID, _ step: inout Step) {
        change(id, { $0.begin(job) }, &step)
    }

    /// A job has ended and says what it has used.
    mutating func count(_ used: CoreMicroseconds?, by job: JobID, under id: LeaseID, _ step: inout Step) {
        guard let lease = leases[id]?.lease else { return }
        let most = Usage(of: lease.terms.amounts, for: lease.wholeTerm(at: step.now) + Timing.clockSlack).cpu
        change(id, { $0.end(job, used, atMost: most) }, &step)
    }

    private mutating func change(_ id: LeaseID, _ body: (inout JobCount) -> Void, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.role == .borrower else { return }
        var jobs = entry.jobs ?? JobCount()
        body(&jobs)
        guard jobs != entry.jobs else { return }
        entry.jobs = jobs
        keep(entry, &step)
    }

    /// What speaks for the borrower's side.
    func evidence(about entry: LeaseEntry, at now: Moment) -> BorrowerEvidence {
        BorrowerEvidence(plausible: plausible(entry, at: now), elapsed: elapsed(of: entry, at: now), counted: entry.jobs?.total)
    }

    private func elapsed(of entry: LeaseEntry, at now: Moment) -> Microseconds {
        max(.zero, min(entry.lease.wholeTerm(at: now), -entry.lease.began.remaining(at: now)))
    }

    /// The most that a lease can have used, by this side's clock and by what its jobs have reported of themselves. A half of a swap
    /// bills what was set aside, whatever was used of it.
    func plausible(_ entry: LeaseEntry, at now: Moment) -> Usage {
        var most = Usage(of: entry.lease.terms.amounts, for: elapsed(of: entry, at: now) + Timing.clockSlack)
        if entry.lease.other == nil, let counted = entry.jobs?.total {
            most.cpu = min(most.cpu, policy.credit.disputes.most(counting: counted))
        }
        return most
    }
}

extension Receipt {
    var evidence: LenderEvidence { LenderEvidence(usage: usage, elapsed: elapsed, throttled: throttled) }
}
