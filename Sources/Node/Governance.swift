import Bookkeeping
import Policy
import Resources
import Trading

// The policy and what it says changes: leases are brought in line with what may be lent from then on.

extension Node {
    mutating func adopt(_ policy: LendingPolicy, _ step: inout Step) {
        guard policy != given else { return }
        let isOtherDecay = policy.credit.decay != given.credit.decay
        given = policy
        self.policy = civil.map(policy.inForce) ?? policy
        gates = Gates(policy)
        let isOfRules = policy.borrow.rules != acquisitions.all.map(\.rule)
        acquisitions.adopt(policy.borrow.rules)
        if isOfRules { keepAcquisitions(&step) }
        foresight.adopt(policy)
        if isOtherDecay { reviseDecay(&step) }
        step.tell("policy.adopted", [], "lends by policy '\(policy.name)'")
        follow(&step)
    }

    mutating func observe(_ surroundings: Surroundings, _ step: inout Step) {
        observeRules(surroundings, &step)
        let before = gates.holdBack
        let isOtherTime = keepTime(surroundings.civil, &step)
        guard gates.observe(surroundings, at: step.now.instant) else {
            if isOtherTime { follow(&step) }
            return
        }
        let after = gates.holdBack
        tellChange("cpu", before.cpu, after.cpu, &step)
        tellChange("memory", before.memory, after.memory, &step)
        tellChange("disk", before.disk, after.disk, &step)
        follow(&step)
    }

    /// Lets the thresholds of the time of the week hold.
    ///
    /// - Returns: whether they are others than before.
    private mutating func keepTime(_ civil: CivilMinute, _ step: inout Step) -> Bool {
        self.civil = civil
        let current = given.inForce(at: civil)
        guard given.hasPeriods, current != policy else { return false }
        let isChange =
            current.cpu?.threshold != policy.cpu?.threshold || current.memory?.threshold != policy.memory?.threshold
            || current.disk?.threshold != policy.disk?.threshold
        policy = current
        if isChange {
            let bounds = [("cpu", current.cpu), ("memory", current.memory), ("disk", current.disk)].compactMap { name, rule in
                rule.map { "\(name) \($0.threshold.text)" }
            }
            step.tell("policy.threshold", [], "from now on the threshold is \(bounds.joined(separator: ", "))")
        }
        return isChange
    }

    private func tellChange(_ resource: String, _ before: String?, _ after: String?, _ step: inout Step) {
        guard (before == nil) != (after == nil) else { return }
        if let after {
            step.tell("lending.stopped", [], "\(resource) is not lent any more: \(after)")
        } else {
            step.tell("lending.started", [], "\(resource) is lent from now on: its condition holds")
        }
    }

    mutating func meet(_ peer: NodeID, _ name: String, _ roles: [String], _ step: inout Step) {
        members[peer] = Member(name: name, roles: roles)
        for line in books.trustLines where line.peer == peer { adjust(line, &step) }
    }

    // MARK: Following the policy

    /// Brings trust lines and running leases in line with the policy as it stands now.
    mutating func follow(_ step: inout Step) {
        for line in books.trustLines { adjust(line, &step) }
        followDecay(&step)
        takeBackWhatIsNotLent(&step)
        keepLimits(&step)
        fitIntoCapacity(&step)
    }

    /// Brings a trust line in line with the policy, and with what the peer has lent.
    mutating func adjust(_ line: TrustLine, _ step: inout Step) {
        var line = line
        let (granted, ownCeiling) = (limit(of: line.peer, in: line.unit), ownCeiling(in: line.unit))
        guard line.granted != granted || line.ownCeiling != ownCeiling else { return }
        (line.granted, line.ownCeiling) = (granted, ownCeiling)
        books.set(line)
        step.record(.trustLine(line))
    }

    /// Gives notice to leases that the policy would not grant any more to anybody, or not to their holder.
    private mutating func takeBackWhatIsNotLent(_ step: inout Step) {
        for lease in lent {
            if let reason = refusal(of: lease) ?? unlent(lease) {
                reclaim(lease.id, atOnce: false, reason: reason, &step)
            } else if policy.stop == .takeBack, lease.state != .promised, let reason = heldBack(lease) {
                reclaim(lease.id, atOnce: false, reason: "not lent any more: \(reason)", &step)
            }
        }
    }

    private func unlent(_ lease: Lease) -> String? {
        if !policy.lendsAnything { return "the policy lends nothing any more" }
        if lease.amounts.cpu > .zero, policy.cpu == nil { return "the policy lends no cpu any more" }
        if lease.amounts.memory > .zero, policy.memory == nil { return "the policy lends no memory any more" }
        if lease.amounts.disk > .zero, policy.disk == nil { return "the policy lends no disk any more" }
        return nil
    }

    /// Gives notice to the youngest leases of whoever has more than its limits allow.
    private mutating func keepLimits(_ step: inout Step) {
        guard !policy.limits.rules.isEmpty else { return }
        for lease in lent.reversed() {
            let restrictions = restrictions(on: borrower(lease.peer, lease.user), countingLeaving: false)
            guard let excess = restrictions.first(where: { $0.isExceeded(with: lease.amounts) }) else { continue }
            reclaim(lease.id, atOnce: false, reason: "\(excess.rule.subject.text) has more than the policy allows", &step)
        }
    }

    /// Makes leases smaller that may be made smaller at once, and gives notice to the youngest of the others, until all fit
    /// into what the policy lends at most. What was made smaller before grows again where there is room.
    private mutating func fitIntoCapacity(_ step: inout Step) {
        let most = policy.most(of: capacity)
        var kept = Schedule()
        for lease in lent {
            let isElastic = lease.terms.notice == .elastic
            let wanted = isElastic ? lease.terms.amounts : lease.amounts
            let (from, until) = (lease.began.instant(at: step.now), lease.ends.instant(at: step.now))
            let room = (most - kept.peak(from: from, until: until)).clampedToZero
            let given = wanted.limited(to: room)
            // What is kept in memory or on a disk does not become less.
            let isKept = given.memory == wanted.memory && given.disk == wanted.disk
            if given == wanted || (isElastic && isKept && given.cpu >= Self.elasticFloor.of(wanted.cpu)) {
                resize(lease.id, to: given, "the policy lends \(most.cpu.text) at most", &step)
                kept.add(given, from: from, until: until)
            } else {
                reclaim(lease.id, atOnce: false, reason: "the policy lends \(most.text) at most", &step)
            }
        }
    }

    /// Below this part of what was granted an elastic lease is of no use and ends.
    private static let elasticFloor = BasisPoints.percent(10)

    /// Leases that are lent and not being taken back, oldest first.
    private var lent: [Lease] {
        leases.unsettled.values.map(\.lease).filter { $0.role == .lender && $0.isOpen && $0.state != .reclaiming }
    }

    // MARK: Sizes

    private mutating func resize(_ id: LeaseID, to amounts: Amounts, _ reason: String, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.resize(to: amounts, at: step.now) else { return }
        keep(entry, &step)
        let change = "from now on it is \(amounts.text)"
        step.tell("lease.resized", [id, entry.lease.peer], "\(change): \(reason)")
        if entry.hasBegun { step.change(entry.lease) }
        step.send(.resized(id, amounts, reason: reason), to: entry.lease.peer)
        step.act(.changed(id))
    }

    /// The lender gives more or less of a lease from now on.
    mutating func resized(_ id: LeaseID, _ amounts: Amounts, _ reason: String, by peer: NodeID, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.role == .borrower, entry.lease.peer == peer, Bounds.accepts(amounts),
            entry.lease.resize(to: amounts, at: step.now)
        else { return }
        keep(entry, &step)
        step.tell(
            "lease.resized", [id, peer], "\(name(of: peer)) gives \(entry.lease.amounts.text) of it: \(reason.prefix(500))")
        step.act(.changed(id))
    }
}
