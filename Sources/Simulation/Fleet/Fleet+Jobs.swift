import Node
import Resources
import Trading

// Those who want something run.

extension Fleet {
    /// A task gets its turn to ask, or waits for it.
    mutating func enqueue(_ number: Int, after span: Microseconds = .zero) {
        let home = tasks[number].home
        guard nodes[home].asking < scenario.asking else { return nodes[home].queue.append(number) }
        nodes[home].asking += 1
        schedule(.ask(task: number), after: span)
    }

    /// A task has what it asked for, or will never have it: the next one has its turn.
    private mutating func passTurn(of number: Int) {
        let home = tasks[number].home
        nodes[home].asking -= 1
        guard nodes[home].queued < nodes[home].queue.count else { return }
        let next = nodes[home].queue[nodes[home].queued]
        nodes[home].queued += 1
        enqueue(next)
    }

    /// A task asks some nodes for a lease.
    mutating func ask(_ number: Int) {
        guard !isOver, tasks[number].state == .waiting else { return }
        let (job, home) = (tasks[number].job, tasks[number].home)
        guard job.amounts.fits(in: scenario.policy.most(of: scenario.capacity)) else {
            tasks[number].state = .hopeless
            return passTurn(of: number)
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
        guard let number = taskOfRequest.removeValue(forKey: request), let lender = index(of: entry.lease.peer), !isOver else {
            return feed(.release(lease), to: home)
        }
        // Its lender may have taken it back before anybody here has heard of it.
        guard entry.lease.isOpen else { return askAgain(number) }
        tasks[number].state = .running(lease, lender: lender)
        tasks[number].started = tasks[number].started ?? now
        taskOfLease[lease] = number
        passTurn(of: number)
        report.leases += 1
        if entry.lease.terms.notice == .firm { report.firmLeases += 1 }
        look(at: lender)
    }

    mutating func refuse(_ request: RequestID, _ refusal: Refusal) {
        guard let number = taskOfRequest.removeValue(forKey: request) else { return }
        report.refusals[refusal.term, default: 0] += 1
        askAgain(number)
    }

    private mutating func askAgain(_ number: Int) {
        tasks[number].state = .waiting
        schedule(.ask(task: number), after: pause(of: number))
    }

    /// A node has forgotten what it asked for.
    mutating func forgetRequests(of home: Int) {
        let lost = taskOfRequest.filter { tasks[$0.value].home == home }
        for (request, number) in lost.sorted(by: { $0.value < $1.value }) {
            taskOfRequest[request] = nil
            askAgain(number)
        }
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
        tasks[number].state = .waiting
        enqueue(number, after: pause(of: number))
    }

    /// How long a task waits before it asks again.
    private mutating func pause(of number: Int) -> Microseconds {
        let span = tasks[number].backoff
        return span + random.span(.zero...span)
    }

    private func waited(_ number: Int) -> Microseconds {
        (tasks[number].started ?? now) - (Self.beginning + tasks[number].job.submitted)
    }
}
