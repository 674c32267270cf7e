import Policy
import Resources
import Trading

// What the owner is expected to use, and what can be promised firmly on that.

extension Node {
    /// Takes a reading of the owner's use into the forecast.
    mutating func foresee(_ usage: Amounts, _ step: inout Step) {
        guard foresight.read(usage, of: capacity, by: policy, at: step.now), let kept = foresight.kept else { return }
        step.record(.state(.setting, id: ForesightMemory.key, kept))
    }

    /// Why so much of a resource can be promised firmly to a term, and no more; `nil` for one that is not lent.
    package func firmExplanations(for term: Microseconds) -> (cpu: FirmExplanation?, memory: FirmExplanation?) {
        let span = min(term, foresight.reach)
        let horizon = foresight.samples(in: span)
        return (
            bounds(of: \.cpu, for: span).map { foresight.cpu.explain(horizon: horizon, $0) },
            bounds(of: \.memory, for: span).map { foresight.memory.explain(horizon: horizon, $0) }
        )
    }

    /// What bounds a promise that lasts for a time from now; `nil` when the resource is not lent.
    private func bounds(of rule: KeyPath<LendingPolicy, ResourceRule?>, for span: Microseconds) -> Outlook.Bounds? {
        guard let share = policy[keyPath: rule]?.share, let threshold = lowestThreshold(of: rule, for: span) else { return nil }
        return Outlook.Bounds(threshold: threshold, share: share)
    }

    /// The lowest bound that the owner sets to a resource within a time from now; `nil` when it is not lent.
    private func lowestThreshold(of rule: KeyPath<LendingPolicy, ResourceRule?>, for span: Microseconds) -> BasisPoints? {
        guard let inForce = policy[keyPath: rule]?.threshold, let given = given[keyPath: rule] else { return nil }
        guard let civil, !given.periods.isEmpty else { return inForce }
        let minutes = Int(span.rawValue / Microseconds.minutes(1).rawValue)
        return (0...minutes).reduce(inForce) { min($0, given.threshold(at: civil.advanced(by: $1))) }
    }

    /// What can still be promised firmly to a lease.
    ///
    /// - Parameter own: a lease that is left out of what is promised already.
    func firmRoom(for term: Microseconds, after wait: Microseconds = .zero, without own: LeaseID? = nil) -> FirmRoom {
        let wait = max(.zero, wait)
        guard wait < foresight.reach else {
            return .nothing("no forecast reaches a term that begins in \(wait.shortText)")
        }
        let longest = foresight.reach - wait
        let span = wait + min(term, longest)
        let horizon = foresight.samples(in: span)
        let cpu = bounds(of: \.cpu, for: span).map { foresight.cpu.promise(horizon: horizon, $0) }
        let memory = bounds(of: \.memory, for: span).map { foresight.memory.promise(horizon: horizon, $0) }
        let promised = firmlyPromised(without: own)
        func room<Q: Quantity>(_ promise: FirmPromise?, _ capacity: Q, _ promised: Q) -> Q {
            max(.zero, (promise?.amount ?? .zero).of(capacity) - promised)
        }
        let reasons = [
            cpu.map { "of cpu \(foresight.cpu.text(of: $0))" }, memory.map { "of memory \(foresight.memory.text(of: $0))" },
            promised == .zero ? nil : "\(promised.text) are promised firmly already",
        ]
        return FirmRoom(
            amounts: Amounts(
                cpu: room(cpu, capacity.cpu, promised.cpu), memory: room(memory, capacity.memory, promised.memory)),
            longestTerm: longest, reason: reasons.compactMap(\.self).joined(separator: "; "),
            retryAfter: foresight.sample * max(1, foresight.cpu.samplesMissing))
    }

    /// The same of disk. What the owner keeps on it changes slowly and is no matter of forecasts, and what is lent of it is set
    /// aside: all that is left below the owner's bound is as good as promised, however long.
    func firmRoomOnDisk(without own: LeaseID? = nil) -> FirmRoom {
        let promised = firmlyPromised(without: own).disk
        let below = policy.thresholds(of: capacity).disk - owner.level.disk
        let room = max(.zero, min(policy.most(of: capacity).disk, below) - promised)
        return FirmRoom(
            amounts: Amounts(disk: room), longestTerm: Bounds.term, reason: "\(room.text) of disk can be promised firmly",
            retryAfter: foresight.sample)
    }

    /// What is promised firmly, in leases and in binding offers, whenever they begin.
    private func firmlyPromised(without own: LeaseID?) -> Amounts {
        #if Defects
            if Defect.active == .firmPromisesForgotten { return .zero }
        #endif
        let lent = leases.taking.reduce(Amounts.zero) { sum, entry in
            let counts = entry.lease.terms.notice == .firm && entry.id != own
            return counts ? sum + entry.lease.amounts : sum
        }
        return holds.values.reduce(lent) { $1.terms.notice == .firm ? $0 + $1.terms.amounts : $0 }
    }

    /// What the forecast has against a longer term of a firm lease.
    func firmObjection(to renewal: Renewal, of lease: Lease, at now: Moment) -> Refusal? {
        guard lease.terms.notice == .firm else { return nil }
        let room =
            lease.isOfDisk
            ? firmRoomOnDisk(without: lease.id)
            : firmRoom(for: max(.zero, lease.ends.remaining(at: now)) + renewal.span, without: lease.id)
        guard !lease.amounts.fits(in: room.amounts) else { return nil }
        return Refusal(
            term: "notice", reason: "cannot be promised firmly any longer: \(room.reason)", retryAfter: room.retryAfter)
    }
}
