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
            id: nodes[index].id, capacity: scenario.capacity, policy: policy(of: index), restoring: nodes[index].disk.snapshot,
            rhythm: scenario.rhythm, at: now)
        checkRestored(node, index)
        nodes[index].life += 1
        nodes[index].diskFree = self.now
        nodes[index].hungUntil = self.now
        nodes[index].isRebooting = false
        let life = nodes[index].life
        note("start", index, "life \(life)")
        let outcome = node.resume(at: now, random: &nodes[index].random, notary: nodes[index].notary)
        nodes[index].node = node
        commit(outcome, index)
        feed(.lending(nil), to: index)
        feed(.peers(nodes.map(\.id).filter { $0 != nodes[index].id }), to: index)
    }

    mutating func feed(_ event: NodeEvent, to index: Int) {
        guard nodes[index].hungUntil <= now else {
            return queue.push(.event(node: index, life: nodes[index].life, event), at: nodes[index].hungUntil)
        }
        guard var node = nodes[index].node.take() else { return }
        noteEndAtOnce(event, index)
        let outcome = node.handle(event, at: moment(index), random: &nodes[index].random, notary: nodes[index].notary)
        nodes[index].node = node
        commit(outcome, index)
        check(index)
    }

    /// Sends an outcome's records to the disk; its actions wait until they are there.
    private mutating func commit(_ outcome: Outcome, _ index: Int) {
        if let wake = outcome.wake, wake != nodes[index].wake {
            nodes[index].wake = wake
            queue.push(.wake(node: index, life: nodes[index].life), at: max(now, nodes[index].clock.world(showing: wake)))
        }
        look(at: outcome.records, index)
        guard !outcome.records.isEmpty || !outcome.actions.isEmpty else { return }
        nodes[index].batches += 1
        let batch = SimulatedNode.Batch(number: nodes[index].batches, outcome: outcome)
        nodes[index].uncommitted.append(batch)
        let took = outcome.records.isEmpty ? .zero : network.span(scenario.commitTime)
        nodes[index].diskFree = max(nodes[index].diskFree, now) + took
        queue.push(.committed(node: index, life: nodes[index].life, batch: batch.number), at: nodes[index].diskFree)
        guard took > .zero, let crash = nodes[index].crashesAtCommit else { return }
        nodes[index].crashesAtCommit = nil
        queue.push(.crash(crash), at: now + network.span(.zero...took))
    }

    mutating func committed(_ index: Int, _ life: Int, _ number: Int) {
        guard nodes[index].life == life else { return }
        guard nodes[index].hungUntil <= now else {
            return queue.push(.committed(node: index, life: life, batch: number), at: nodes[index].hungUntil)
        }
        // Of an agent that stood still those before it may be told of later, but are as durable.
        while let next = nodes[index].uncommitted.first, next.number <= number { commitNext(index) }
    }

    private mutating func commitNext(_ index: Int) {
        coverage.note(nodes[index].uncommitted[0].outcome.records, on: nodes[index].disk)
        let isWritten = scenario.unwritten == .zero || !network.chance(scenario.unwritten)
        let batch = nodes[index].commitFirst(isWritten: isWritten, at: moment(index))
        counts.commits += 1
        keepFirmWord(batch.outcome.records, index)
        if let fault = nodes[index].disk.fault { violate("replay changes nothing", index, fault) }
        checkBudgets(index)
        for action in batch.outcome.actions { perform(action, index) }
    }

    mutating func wake(_ index: Int, _ life: Int) {
        guard nodes[index].life == life, nodes[index].node != nil, let wake = nodes[index].wake,
            wake <= nodes[index].clock.instant(at: now)
        else { return }
        nodes[index].wake = nil
        feed(.tick, to: index)
    }

    private mutating func openStore(_ lease: LeaseID, _ size: Bytes, _ index: Int) {
        let life = nodes[index].life
        guard nodes[index].machine.hasStore(lease, at: now) || !isBusy || !random.chance(50) else {
            return schedule(
                .event(node: index, life: life, .storeFailed(lease, reason: "the disk is full")), after: .milliseconds(5))
        }
        nodes[index].machine.openStore(lease, size)
        schedule(.event(node: index, life: life, .storeOpened(lease)), after: .milliseconds(5))
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
        case .openStore(let lease, let size, _): openStore(lease, size, index)
        case .closeStore(let lease):
            // Borrowers move what they have in their own time.
            let took = random.span(
                random.chance(.percent(50)) ? .milliseconds(1) ... .milliseconds(80) : .seconds(30) ... .minutes(5))
            let end = nodes[index].machine.closeStore(lease, by: now + took)
            schedule(.event(node: index, life: life, .storeClosed(lease)), after: max(.milliseconds(1), end - now))
        case .decided(_, .success(let leases)):
            checkWhole(leases, index)
            use(leases, index)
        case .decided(let request, .failure):
            checkNothingKept(of: request, index)
            counts.refusals += 1
        case .renewed, .adjusted, .disputeDecided, .changed: break
        case .netting(_, let news): heard(news, index)
        case .readHistory(let id, let query):
            let found = nodes[index].disk.shared.history(query, nodes[index].notary)
            schedule(.event(node: index, life: life, .history(id, found)), after: .milliseconds(2))
        case .recall(let recall):
            let found = nodes[index].disk.recall(recall.subject)
            schedule(.event(node: index, life: life, .recalled(recall, found)), after: .milliseconds(2))
        case .reconciliation: break
        }
    }

    // MARK: The network

    private mutating func send(_ message: TradeMessage, from index: Int, to peer: NodeID) {
        guard let target = self.index(of: peer) else { return }
        counts.sent += 1
        coverage.note(message: message.name)
        remember(message, by: index)
        carry(message, from: index, to: target)
        guard isBusy, plan.hasForgers else { return }
        overhear(message)
        guard isForging(index), network.chance(.percent(30)) else { return }
        let (forged, victim) = forgery(besides: message, to: target)
        counts.forged += 1
        carry(forged, from: index, to: victim)
    }

    private mutating func carry(_ message: TradeMessage, from index: Int, to target: Int) {
        let weather = weather
        guard isBusy else {
            return queue.push(.deliver(from: index, to: target, message), at: now + network.span(weather.delay))
        }
        if isCut(from: index, to: target) || network.chance(weather.loss) {
            counts.lost += 1
            return
        }
        queue.push(.deliver(from: index, to: target, message), at: now + network.span(weather.delay))
        if network.chance(weather.duplication) {
            queue.push(.deliver(from: index, to: target, message), at: now + network.span(weather.delay))
        }
        if network.chance(weather.lateReplay) {
            queue.push(.deliver(from: index, to: target, message), at: now + network.span(.seconds(1) ... .minutes(2)))
        }
    }

    mutating func deliver(_ message: TradeMessage, from: Int, to: Int) {
        guard nodes[to].node != nil else { return }
        let sender = nodes[from].name
        note(message.name, to, "from \(sender)")
        let event = NodeEvent.message(from: nodes[from].id, message)
        feed(event, to: to)
        if network.chance(.percent(5)), nodes[to].hungUntil <= now { checkReplay(event, to) }
    }
}
