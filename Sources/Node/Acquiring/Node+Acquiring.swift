import Bookkeeping
import Policy
import Resources
import Trading

// What rules acquire and give back.

extension Node {
    /// Takes the readings of an instant.
    mutating func observeRules(_ surroundings: Surroundings, _ step: inout Step) {
        for index in acquisitions.all.indices {
            let before = acquisitions.all[index].gate.state
            guard acquisitions.all[index].gate.observe(surroundings, at: step.now.instant) else { continue }
            tellGate(of: acquisitions.all[index], before: before, &step)
        }
    }

    private func tellGate(of acquisition: Acquisition, before: Gate.State, _ step: inout Step) {
        let (rule, gate) = (acquisition.rule, acquisition.gate)
        switch gate.state {
        case .open:
            let found = gate.findings.map(\.text).joined(separator: "; ")
            let why = found.isEmpty ? "" : ": \(found)"
            step.tell("rule.opened", [], "borrow rule '\(rule.name)' acquires \(rule.amounts.text)\(why)")
        case .closed where before == .open || !leases(of: rule.name).isEmpty:
            step.tell(
                "rule.closed", [], "borrow rule '\(rule.name)' gives back what it holds: \(gate.objection ?? "")",
                [Event.Detail("leases", leases(of: rule.name).map(\.description).joined(separator: " "))])
        case .closed, .waiting: break
        }
    }

    /// A job is under a lease of a rule, or is there no more.
    mutating func occupy(_ id: LeaseID, by job: JobID, _ isOccupied: Bool, _ step: inout Step) {
        let occupant = Occupant(lease: id, job: job)
        guard leases[id]?.lease.rule != nil, isOccupied != acquisitions.occupants.contains(occupant) else { return }
        acquisitions.occupants.removeAll { $0 == occupant || leases[$0.lease]?.lease.isOpen != true }
        if isOccupied { acquisitions.occupants.append(occupant) }
        keepAcquisitions(&step)
    }

    func keepAcquisitions(_ step: inout Step) {
        step.record(.state(.setting, id: AcquisitionMemory.key, acquisitions.memory))
    }

    /// The open leases that a rule has borrowed.
    package func leases(of rule: String) -> [LeaseID] {
        leases.unsettled.values.filter { $0.lease.isOpen && $0.lease.rule == rule }.map(\.id)
    }

    // MARK: Following the rules

    /// Gives back what is not to be held any more, and asks for what is.
    mutating func pursueRules(_ step: inout Step) {
        guard !acquisitions.isIdle else { return }
        releaseStrays(&step)
        for index in acquisitions.all.indices {
            switch acquisitions.all[index].gate.state {
            case .waiting: break
            case .closed: relinquish(index, &step)
            case .open: pursue(index, &step)
            }
        }
    }

    /// When the rules want to be looked at again although nothing happens.
    func nextPursuit(at now: Moment) -> Instant? {
        acquisitions.all.indices.compactMap { index in
            let acquisition = acquisitions.all[index]
            guard acquisition.gate.state == .open, acquisition.request == nil, isShort(acquisition.rule) else { return nil }
            return acquisition.asksAgain?.instant(at: now)
        }.min()
    }

    /// The gate is closed. What something still runs under is kept until that is over.
    private mutating func relinquish(_ index: Int, _ step: inout Step) {
        if let request = acquisitions.all[index].request {
            acquisitions.all[index].request = nil
            cancel(request, &step)
        }
        (acquisitions.all[index].attempts, acquisitions.all[index].shortage) = ([], nil)
        for id in leases(of: acquisitions.all[index].rule.name) where !acquisitions.isOccupied(id) { release(id, &step) }
    }

    /// The gate is open: asks for what is missing, one peer's lease after the other.
    private mutating func pursue(_ index: Int, _ step: inout Step) {
        let rule = acquisitions.all[index].rule
        if acquisitions.all[index].attempts.isEmpty { begin(index, &step) }
        while acquisitions.all[index].request == nil, isShort(rule), let attempt = acquisitions.all[index].attempts.first {
            ask(by: attempt, index, &step)
        }
        if !isShort(rule) { (acquisitions.all[index].attempts, acquisitions.all[index].shortage) = ([], nil) }
    }

    /// Whether a rule has fewer leases than it is to have. One that is being taken back does not count.
    private func isShort(_ rule: AcquisitionRule) -> Bool {
        leases.unsettled.values.count { $0.lease.isOpen && $0.lease.rule == rule.name && $0.lease.state != .reclaiming }
            < rule.nodes
    }

    /// Begins a time of asking, when the last one is long enough ago.
    private mutating func begin(_ index: Int, _ step: inout Step) {
        let acquisition = acquisitions.all[index]
        guard acquisition.request == nil, isShort(acquisition.rule), acquisition.asksAgain?.hasPassed(at: step.now) ?? true else {
            return
        }
        acquisitions.all[index].attempts = attempts(of: acquisition.rule, at: step.now)
        acquisitions.all[index].asksAgain = Deadline(acquisition.rule.interval, after: step.now)
        keepAcquisitions(&step)
    }

    private mutating func ask(by attempt: Acquisition.Attempt, _ index: Int, _ step: inout Step) {
        let rule = acquisitions.all[index].rule
        do throws(Refusal) {
            let (want, peers) = try wish(of: rule, by: attempt, at: step.now)
            let id: RequestID = step.newID()
            acquisitions.all[index].request = id
            step.tell(
                "rule.asked", [id] + attempt.subjects,
                "borrow rule '\(rule.name)' asks for \(want.amounts.text) \(attempt.text)",
                [Event.Detail("rule", rule.name), Event.Detail("term", want.term.text)])
            borrow(id, want, from: peers, &step)
        } catch {
            missed(index, error.reason, &step)
        }
    }

    /// What was tried came to nothing.
    private mutating func missed(_ index: Int, _ reason: String, _ step: inout Step) {
        let acquisition = acquisitions.all[index]
        acquisitions.all[index].attempts = Array(acquisition.attempts.dropFirst())
        guard acquisition.shortage != reason else { return }
        acquisitions.all[index].shortage = reason
        step.tell(
            "rule.short", [], "borrow rule '\(acquisition.rule.name)' gets nothing: \(reason)",
            [Event.Detail("rule", acquisition.rule.name)])
    }

    // MARK: What comes of it

    /// Says what came of a request to who made it: a person, or a rule.
    mutating func report(_ id: RequestID, of rule: String?, _ result: Result<[LeaseID], Refusal>, _ step: inout Step) {
        guard let rule else { return step.act(.decided(id, result)) }
        guard let index = acquisitions.index(of: rule), acquisitions.all[index].request == id else {
            // Nobody wants it any more.
            if case .success(let leases) = result { for lease in leases { release(lease, &step) } }
            return
        }
        acquisitions.all[index].request = nil
        switch result {
        case .success(let leases):
            if case .redeeming = acquisitions.all[index].attempts.first { acquisitions.all[index].attempts.removeFirst() }
            acquisitions.all[index].shortage = nil
            for lease in leases { tellAcquired(lease, by: id, of: acquisitions.all[index].rule, &step) }
        case .failure(let refusal): missed(index, refusal.reason, &step)
        }
    }

    private func tellAcquired(_ id: LeaseID, by request: RequestID, of rule: AcquisitionRule, _ step: inout Step) {
        guard let lease = leases[id]?.lease else { return }
        step.tell(
            "rule.acquired", [id, request, lease.peer],
            "borrow rule '\(rule.name)' holds \(lease.amounts.text) of \(name(of: lease.peer))", [Event.Detail("rule", rule.name)]
        )
    }

    /// Wants nothing of a request any more; a lease that may still come of it is given back.
    mutating func cancel(_ id: RequestID, _ step: inout Step) {
        guard let entry = requests[id] else { return }
        let refusal = Refusal(term: "rule", reason: "it is not wanted any more")
        guard !entry.isInDoubt else { return fail(id, refusal, &step) }
        requests[id] = nil
        send(entry.request.withdrawals(except: []), &step)
    }
}

extension Acquisition.Attempt {
    fileprivate var subjects: [any CustomStringConvertible] {
        if case .redeeming(let obligation) = self { [obligation] } else { [] }
    }

    fileprivate var text: String {
        switch self {
        case .redeeming: "that is owed to this node"
        case .deferring: "to be given back later"
        case .paying: "for credits"
        }
    }
}
