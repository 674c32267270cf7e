import Node
import Resources
import Trading

// What goes wrong, as the plan has it.

extension World {
    mutating func begin(fault number: Int) {
        let fault = plan.faults[number]
        guard strike(fault) else { return }
        if case .crash = fault.kind { return }
        tell(fault)
        guard let span = fault.span else { return }
        active[number] = fault
        schedule(.faultEnds(number), after: span)
    }

    private mutating func tell(_ fault: Fault) {
        coverage.note(fault)
        note("fault.\(fault.word)", fault.nodes.first, fault.text)
    }

    /// - Returns: whether there was something to strike.
    private mutating func strike(_ fault: Fault) -> Bool {
        switch fault.kind {
        case .crash(let crash): self.crash(crash)
        case .hang(let node, let span):
            guard nodes[node].node != nil else { return false }
            nodes[node].hungUntil = max(nodes[node].hungUntil, now + span)
        case .clockStep(let node, let span):
            nodes[node].clock.step(by: span)
            if nodes[node].isRebooting { nodes[node].hasLostTime = true }
        case .clockRate(let node, let rate): nodes[node].clock.setRate(rate, at: now)
        case .inflation(let node, let factor, _): nodes[node].machine.inflation = factor
        case .forgery(let node, _): nodes[node].hasForged = true
        case .partition, .weather: break
        }
        return true
    }

    mutating func end(fault number: Int) {
        guard let fault = active.removeValue(forKey: number) else { return }
        if case .inflation(let node, _, _) = fault.kind { nodes[node].machine.inflation = nil }
        if case .hang(let node, _) = fault.kind, !isBusy { nodes[node].hungUntil = now }
        note("over.\(fault.word)", fault.nodes.first)
    }

    /// It comes where it hurts: while something is on its way to the disk.
    private mutating func crash(_ crash: Fault.Crash) {
        guard nodes[crash.node].node != nil else { return }
        guard crash.isReboot || !nodes[crash.node].uncommitted.isEmpty else {
            nodes[crash.node].crashesAtCommit = crash
            return
        }
        strike(down: crash)
    }

    mutating func strike(down crash: Fault.Crash) {
        let index = crash.node
        guard nodes[index].node != nil else { return }
        tell(Fault(at: now - Self.beginning, .crash(crash)))
        nodes[index].crash(written: crash.written, isTorn: crash.isTorn, at: moment(index))
        counts.crashes += 1
        nodes[index].isRebooting = crash.isReboot
        if crash.isReboot {
            nodes[index].clock.reboot(at: now)
            nodes[index].machine.reboot(threshold: scenario.policy.thresholds(of: scenario.capacity))
        }
        schedule(.restart(node: index), after: crash.downFor)
    }

    // MARK: The network

    /// What the network does to messages now.
    var weather: Weather {
        let storms = active.values.compactMap { fault in if case .weather(let weather, _) = fault.kind { weather } else { nil } }
        return storms.last ?? scenario.weather
    }

    /// Whether a partition is between the sender and the receiver of a message.
    func isCut(from: Int, to: Int) -> Bool {
        active.values.contains { fault in
            guard case .partition(let nodes, let isOneWay, _) = fault.kind else { return false }
            let (sender, receiver) = (nodes.contains(from), nodes.contains(to))
            return isOneWay ? sender && !receiver : sender != receiver
        }
    }

    func isForging(_ index: Int) -> Bool {
        active.values.contains { if case .forgery(index, _) = $0.kind { true } else { false } }
    }

    /// Keeps some of what passes, as a forger in the pool would.
    mutating func overhear(_ message: TradeMessage) {
        if overheard.count < 64 { return overheard.append(message) }
        overheard[Int.random(in: overheard.indices, using: &network)] = message
    }

    /// What a forger says, and to whom, besides `message`.
    mutating func forgery(besides message: TradeMessage, to target: Int) -> (TradeMessage, Int) {
        switch Int.random(in: 0..<3, using: &network) {
        case 0: (Forger.altered(message, using: &network), target)
        case 1: (message, Int.random(in: nodes.indices, using: &network))
        default: (overheard.randomElement(using: &network) ?? message, Int.random(in: nodes.indices, using: &network))
        }
    }
}
