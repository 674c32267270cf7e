import Node
import Resources
import Trading

// Those who want something run.

extension Fleet {
    /// A task asks some nodes for a lease.
    mutating func ask(_ number: Int) {
        guard !isOver, tasks[number].state == .waiting else { return }
        let (job, home) = (tasks[number].job, tasks[number].home)
        guard job.amounts.fits(in: scenario.policy.most(of: scenario.capacity)) else {
            tasks[number].state = .hopeless
            return
        }
        guard nodes[home].node != nil else { return schedule(.ask(task: number), after: .minutes(5)) }
        let want = Want(
            amounts: job.amounts, term: scenario.policy.longestTerm, maxPrices: scenario.policy.borrow.maximumPrices,
            notice: job.notice, user: "u\(job.user)", renewsItself: true)
        let request = RequestID(at: moment.utc, using: &random)
        taskOfRequest[request] = number
        tasks[number].state = .asking(request)
        tasks[number].attempts += 1
        report.requests += 1
        feed(.borrow(request, want, from: peers(of: home)), to: home)
    }

    /// Whom a node asks: some of the others that are there, at random.
    private mutating func peers(of home: Int) -> [NodeID] {
        var chosen: [Int] = []
        for _ in 0..<scenario.asked * 3 where chosen.count < min(scenario.asked, nodes.count - 1) {
            let candidate = Int.random(in: nodes.indices, using: &random)
            if candidate != home, nodes[candidate].node != nil, !chosen.contains(candidate) { chosen.append(candidate) }
        }
        return chosen.map { nodes[$0].id }
    }

    mutating func begin(_ request: RequestID, _ leases: [LeaseID], _ home: Int) {
        guard let lease = leases.first, let entry = nodes[home].node?.leases[lease] else { return }
        guard let number = taskOfRequest.removeValue(forKey: request), let lender = index(of: entry.lease.peer),
            entry.lease.isOpen, tasks[number].state == .asking(request), !isOver
        else { return feed(.release(lease), to: home) }
        tasks[number].state = .running(lease, lender: lender)
        tasks[number].started = tasks[number].started ?? now
        taskOfLease[lease] = number
        report.leases += 1
        if entry.lease.terms.notice == .firm { report.firmLeases += 1 }
        look(at: lender)
    }

    mutating func refuse(_ request: RequestID, _ refusal: Refusal) {
        guard let number = taskOfRequest.removeValue(forKey: request) else { return }
        report.refusals[refusal.term, default: 0] += 1
        wait(number)
    }

    /// Something about a lease has changed that its holder is told of.
    mutating func look(at lease: LeaseID, _ index: Int) {
        guard let entry = nodes[index].node?.leases[lease], entry.lease.role == .borrower, !entry.lease.isOpen,
            taskOfLease[lease] != nil
        else { return }
        guard !isOver else { return }
        report.endedEarly += 1
        lose(lease)
    }

    /// A guest has used this much: perhaps its job is done.
    mutating func finish(_ lease: LeaseID, used: CoreMicroseconds) {
        guard !isOver, let number = taskOfLease[lease], used >= tasks[number].left else { return }
        report.useful += tasks[number].job.work
        report.waits.append(waited(number))
        tasks[number].state = .finished
        taskOfLease[lease] = nil
        feed(.release(lease), to: tasks[number].home)
    }

    /// A lease ended before its job was done: what was not saved is lost.
    mutating func lose(_ lease: LeaseID) {
        guard !isOver, let number = taskOfLease.removeValue(forKey: lease), case .running(_, let lender) = tasks[number].state
        else { return }
        let used = nodes[lender].machine.guests[lease]?.usage.cpu ?? usedUnder[lease] ?? .zero
        let done = tasks[number].saved + used
        let saved = scenario.checkpoint.map { max(tasks[number].saved, $0 * (done.rawValue / $0.rawValue)) } ?? .zero
        report.wasted += done - saved
        tasks[number].saved = saved
        if nodes[tasks[number].home].node != nil { feed(.release(lease), to: tasks[number].home) }
        wait(number)
    }

    private mutating func wait(_ number: Int) {
        tasks[number].state = .waiting
        let span = tasks[number].backoff
        schedule(.ask(task: number), after: span + random.span(.zero...span))
    }

    private func waited(_ number: Int) -> Microseconds {
        (tasks[number].started ?? now) - (Self.beginning + tasks[number].job.submitted)
    }
}
