import Node
import Resources

// What owners do, what the enforcer does about it, and what becomes of machines that go down.

extension Fleet {
    /// For so long after its owner does something else a machine is looked at every second.
    private static let settling = Microseconds.seconds(8)

    /// Judges the sample that is over, and lets owners do what they do in the next one.
    mutating func beginSample(_ number: Int) {
        if number > 0 { judge(number - 1) }
        guard number < length else { return }
        for index in nodes.indices {
            let samples = scenario.owners.machines[index]
            let usage = number < samples.count ? samples[number] : nil
            let was = nodes[index].usage
            nodes[index].usage = usage
            if number == 0 || (usage == nil) != (was == nil) {
                if usage == nil { takeDown(index) } else if number > 0 { bringUp(index) }
            }
            nodes[index].machine.setOwner(Amounts(cpu: (usage ?? .zero).of(scenario.capacity.cpu)))
            if number == 0 { beginLending(index) }
            nodes[index].usedBefore = nodes[index].used
            count(index)
            nodes[index].unsettledUntil = now + Self.settling
            look(at: index)
        }
    }

    /// The agent's reading of its machine, in the middle of each minute.
    mutating func readOwners() {
        if !isOver || nodes.contains(where: { !$0.machine.guests.isEmpty }) { schedule(.minute, after: .minutes(1)) }
        for index in nodes.indices where nodes[index].node != nil {
            settleAccounts(index)
            feed(.readings(owner: nodes[index].machine.owner, guests: nodes[index].machine.readings), to: index)
        }
    }

    /// Has a machine looked at now, or as soon as something can have come of it.
    mutating func look(at index: Int) {
        guard nodes[index].tick.map({ $0 > now }) ?? true else { return }
        nodes[index].tick = now
        queue.push(.tick(node: index), at: now)
    }

    mutating func tick(_ index: Int) {
        let moves = settleAccounts(index)
        guard !nodes[index].machine.guests.isEmpty else { return }
        if moves { nodes[index].unsettledUntil = now + Self.settling }
        let isUnsettled = nodes[index].unsettledUntil > now
        let isThrottled = nodes[index].machine.guests.values.contains { $0.isFrozen || $0.ceiling < $0.amounts.cpu }
        let pause: Microseconds = isUnsettled ? .seconds(1) : isThrottled ? .seconds(10) : .minutes(1)
        let next = min(now + pause, nextFinish(index) ?? now + pause)
        nodes[index].tick = max(next, now + .milliseconds(100))
        queue.push(.tick(node: index), at: nodes[index].tick ?? next)
    }

    /// Lets guests run until now, and carries out what the enforcer says and what is over.
    ///
    /// - Returns: whether anything moved on the ladder.
    @discardableResult
    mutating func settleAccounts(_ index: Int) -> Bool {
        let ticked = nodes[index].machine.tick(at: now)
        for end in ticked.ends { feed(.reclaim(end.lease, atOnce: end.atOnce, reason: end.reason), to: index) }
        for lease in ticked.expired where nodes[index].machine.guests[lease] != nil {
            let reading = closeGuest(lease, index)
            feed(.guestClosed(lease, reading), to: index)
        }
        for (lease, guest) in nodes[index].machine.guests.pairs { finish(lease, used: guest.usage.cpu) }
        return !ticked.moves.isEmpty
    }

    /// When the first guest is done with its job, as far as it goes on as now.
    private func nextFinish(_ index: Int) -> Instant? {
        nodes[index].machine.guests.pairs.compactMap { lease, guest -> Instant? in
            guard !guest.isFrozen, guest.ceiling > .zero, let task = taskOfLease[lease] else { return nil }
            let left = max(.zero, tasks[task].left - guest.usage.cpu)
            let span = left.scaled(by: 1000, over: guest.ceiling.rawValue).rawValue + 1000
            return now + Microseconds(min(span, Microseconds.days(365).rawValue))
        }.min()
    }

    /// Ends a guest in the kernel and remembers what it used.
    mutating func closeGuest(_ lease: LeaseID, _ index: Int) -> MeterReading? {
        let reading = nodes[index].machine.close(lease)
        if let used = reading?.usage.cpu {
            nodes[index].usedByGone += used
            usedUnder[lease] = used
        }
        return reading
    }

    // MARK: Outages

    /// A machine goes down, with its guests and its agent.
    mutating func takeDown(_ index: Int) {
        nodes[index].downs += 1
        guard nodes[index].downs == 1, !isOver else { return }
        report.outages += nodes[index].usage == nil ? 0 : 1
        let lost = nodes[index].machine.guests.keys
        for lease in lost { _ = closeGuest(lease, index) }
        nodes[index].machine.reboot(threshold: scenario.policy.thresholds(of: scenario.capacity))
        nodes[index].node = nil
        nodes[index].life += 1
        forgetRequests(of: index)
        for lease in lost where taskOfLease[lease] != nil {
            report.interrupted += 1
            lose(lease)
        }
    }

    mutating func bringUp(_ index: Int) {
        nodes[index].downs = max(0, nodes[index].downs - 1)
        guard nodes[index].downs == 0, nodes[index].node == nil, !isOver else { return }
        start(index)
    }
}
