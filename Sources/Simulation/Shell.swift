import Bookkeeping
import Node
import Resources
import Trading

// The part of an agent around its core, simulated: durability order, sending, the warden's answers, crash and restart.

extension World {
    /// Starts, or restarts, an agent from what is durable.
    mutating func start(_ index: Int) {
        let now = moment(index)
        var node = Node(
            id: nodes[index].id, capacity: scenario.capacity, policy: scenario.policy, restoring: nodes[index].disk.snapshot,
            at: now)
        checkRestored(node, index)
        nodes[index].life += 1
        nodes[index].diskFree = self.now
        let life = nodes[index].life
        note("start", index, "life \(life)")
        let outcome = node.resume(at: now, random: &nodes[index].random, notary: nodes[index].notary)
        nodes[index].node = node
        commit(outcome, index)
        feed(.lending(nil), to: index)
    }

    mutating func feed(_ event: NodeEvent, to index: Int) {
        guard var node = nodes[index].node else { return }
        nodes[index].node = nil
        let outcome = node.handle(event, at: moment(index), random: &nodes[index].random, notary: nodes[index].notary)
        nodes[index].node = node
        commit(outcome, index)
        check(index)
    }

    /// Sends an outcome's records to the disk; its actions wait until they are there.
    private mutating func commit(_ outcome: Outcome, _ index: Int) {
        if let wake = outcome.wake, wake != nodes[index].wake {
            nodes[index].wake = wake
            queue.push(.wake(node: index, life: nodes[index].life), at: max(now, wake))
        }
        guard !outcome.records.isEmpty || !outcome.actions.isEmpty else { return }
        nodes[index].batches += 1
        let batch = SimulatedNode.Batch(number: nodes[index].batches, outcome: outcome)
        nodes[index].uncommitted.append(batch)
        let took = outcome.records.isEmpty ? .zero : random.span(scenario.commitTime)
        nodes[index].diskFree = max(nodes[index].diskFree, now) + took
        queue.push(.committed(node: index, life: nodes[index].life, batch: batch.number), at: nodes[index].diskFree)
    }

    mutating func committed(_ index: Int, _ life: Int, _ number: Int) {
        guard nodes[index].life == life, nodes[index].uncommitted.first?.number == number else { return }
        let isWritten = scenario.unwritten == .zero || !random.chance(scenario.unwritten)
        let batch = nodes[index].commitFirst(isWritten: isWritten, at: moment(index))
        counts.commits += 1
        if let fault = nodes[index].disk.fault { violate("replay changes nothing", index, fault) }
        for action in batch.outcome.actions { perform(action, index) }
    }

    mutating func wake(_ index: Int, _ life: Int) {
        guard nodes[index].life == life, nodes[index].node != nil, let wake = nodes[index].wake, wake <= now else { return }
        nodes[index].wake = nil
        feed(.tick, to: index)
    }

    private mutating func perform(_ action: NodeAction, _ index: Int) {
        let life = nodes[index].life
        switch action {
        case .send(let peer, let message): send(message, from: index, to: peer)
        case .openGuest(let lease, let amounts, let remaining):
            let fails = isBusy && random.chance(50)
            if fails {
                return schedule(
                    .event(node: index, life: life, .guestFailed(lease, reason: "no room in the kernel")), after: .milliseconds(5)
                )
            }
            let appetite = BasisPoints(Int64.random(in: 0...10_000, using: &random))
            nodes[index].machine.open(lease, amounts, until: now + remaining, appetite: appetite)
            schedule(.event(node: index, life: life, .guestOpened(lease)), after: .milliseconds(5))
        case .changeGuest(let lease, let amounts, let remaining):
            nodes[index].machine.change(lease, amounts, until: now + remaining)
        case .closeGuest(let lease):
            let reading = nodes[index].machine.close(lease)
            let took = random.span(.milliseconds(1) ... .milliseconds(80))
            schedule(.event(node: index, life: life, .guestClosed(lease, reading)), after: took)
        case .decided(_, .success(let leases)):
            checkWhole(leases, index)
            use(leases, index)
        case .decided(let request, .failure):
            checkNothingKept(of: request, index)
            counts.refusals += 1
        case .renewed, .changed: break
        }
    }

    // MARK: The network

    private mutating func send(_ message: TradeMessage, from index: Int, to peer: NodeID) {
        guard let target = self.index(of: peer) else { return }
        counts.sent += 1
        remember(message, by: index)
        if isBusy, random.chance(scenario.loss) {
            counts.lost += 1
            return
        }
        queue.push(.deliver(from: index, to: target, message), at: now + random.span(scenario.delay))
        if isBusy, random.chance(scenario.duplication) {
            queue.push(.deliver(from: index, to: target, message), at: now + random.span(scenario.delay))
        }
        if isBusy, random.chance(scenario.lateReplay) {
            queue.push(.deliver(from: index, to: target, message), at: now + random.span(.seconds(1) ... .minutes(2)))
        }
    }

    mutating func deliver(_ message: TradeMessage, from: Int, to: Int) {
        guard nodes[to].node != nil else { return }
        let sender = nodes[from].name
        note(message.name, to, "from \(sender)")
        let event = NodeEvent.message(from: nodes[from].id, message)
        feed(event, to: to)
        if random.chance(.percent(5)) { checkReplay(event, to) }
    }

    // MARK: Faults and people

    mutating func crashSomebody() {
        guard isBusy else { return }
        schedule(.crash, after: random.span(.milliseconds(100)...scenario.crashEvery * 2))
        let index = Int.random(in: nodes.indices, using: &random)
        guard nodes[index].node != nil else { return }
        let survivors = Int.random(in: 0...nodes[index].uncommitted.count, using: &random)
        nodes[index].crash(survivors: survivors, at: moment(index))
        counts.crashes += 1
        let isReboot = random.chance(.percent(25))
        if isReboot {
            nodes[index].boots += 1
            nodes[index].machine.reboot(threshold: scenario.policy.thresholds(of: scenario.capacity))
        }
        note(isReboot ? "reboot" : "crash", index)
        schedule(.restart(node: index), after: random.span(.milliseconds(50) ... .seconds(40)))
    }

    mutating func somebodyBorrows() {
        guard isBusy else { return }
        schedule(.somebodyBorrows, after: random.span(.zero...scenario.requestEvery * 2))
        let index = Int.random(in: nodes.indices, using: &random)
        guard nodes[index].node != nil else { return }
        let amounts = Amounts(
            cpu: Millicores(Int64.random(in: 1...6000, using: &random)),
            memory: .mebibytes(Int64.random(in: 0...4096, using: &random)))
        let want = Want(
            amounts: amounts,
            least: random.chance(.percent(30)) ? Amounts(cpu: Millicores(amounts.cpu.rawValue / 2), memory: amounts.memory) : nil,
            term: random.span(.seconds(5) ... .minutes(4)),
            maxPrices: Prices(cpu: Microcredits(Int64.random(in: 700_000...1_500_000, using: &random)), memory: 250_000),
            user: "somebody", renewsItself: random.chance(.percent(30)), start: start(at: moment(index).utc),
            nodes: random.chance(scenario.groups) ? Int.random(in: 2...max(2, nodes.count - 1), using: &random) : 1)
        let peers = nodes.indices.filter { $0 != index }.map { nodes[$0].id }
        counts.requests += 1
        feed(.borrow(RequestID(at: moment(index).utc, using: &random), want, from: peers), to: index)
    }

    /// When a lease is to begin that is asked for now; at once when `nil`.
    private mutating func start(at now: Timestamp) -> Timestamp? {
        random.chance(scenario.promises) ? now + random.span(.milliseconds(1) ... .minutes(4)) : nil
    }

    private mutating func use(_ leases: [LeaseID], _ index: Int) {
        if leases.count > 1 { counts.groups += 1 }
        for lease in leases { use(lease, index) }
    }

    private mutating func use(_ lease: LeaseID, _ index: Int) {
        counts.leases += 1
        if nodes[index].node?.leases[lease]?.lease.state == .promised { counts.promises += 1 }
        note("lease", index, "\(lease)")
        // Who has gone home gives back what comes too late.
        guard isBusy else { return schedule(.done(node: index, lease), after: .zero) }
        if random.chance(.percent(70)) {
            schedule(.done(node: index, lease), after: random.span(.milliseconds(10) ... .minutes(5)))
        }
        if random.chance(.percent(20)) { schedule(.extend(node: index, lease), after: random.span(.seconds(1) ... .minutes(2))) }
    }

    mutating func changeOwner(_ index: Int) {
        guard isBusy else { return nodes[index].machine.setOwner(.zero) }
        schedule(.ownerChanges(node: index), after: random.span(.seconds(1) ... .seconds(60)))
        let cpu = Millicores(Int64.random(in: 0...scenario.capacity.cpu.rawValue, using: &random))
        let memory = Bytes(Int64.random(in: 0...scenario.capacity.memory.rawValue / 2, using: &random))
        nodes[index].machine.setOwner(
            Amounts(cpu: random.chance(.percent(60)) ? Millicores(cpu.rawValue / 8) : cpu, memory: memory))
        if random.chance(.percent(2)) {
            let span = random.span(.seconds(1) ... .minutes(1))
            feed(.pause(by: "owner", for: span, atOnce: random.chance(.percent(30))), to: index)
        }
        guard random.chance(.percent(10)), let lent = lentLeases(index).randomElement(using: &random) else { return }
        feed(.reclaim(lent, atOnce: random.chance(.percent(30)), reason: "the owner needs the machine"), to: index)
    }

    mutating func tickMachine(_ index: Int) {
        if isBusy || !nodes[index].machine.guests.isEmpty { schedule(.machine(node: index), after: .seconds(1)) }
        let ticked = nodes[index].machine.tick(at: now)
        checkMachine(index)
        for end in ticked.ends where nodes[index].node != nil {
            feed(.reclaim(end.lease, atOnce: end.atOnce, reason: end.reason), to: index)
        }
        for lease in ticked.expired {
            let reading = nodes[index].machine.close(lease)
            if nodes[index].node != nil { feed(.guestClosed(lease, reading), to: index) }
        }
        guard nodes[index].node != nil, now.microseconds / 1_000_000 % 5 == 0 else { return }
        feed(.readings(owner: nodes[index].machine.owner, guests: nodes[index].machine.readings), to: index)
    }

    func lentLeases(_ index: Int) -> [LeaseID] {
        (nodes[index].node?.leases.values ?? []).filter { $0.lease.role == .lender && $0.lease.isOpen }.map(\.id)
    }
}
