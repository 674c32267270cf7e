import Resources

/// How all conditions of a policy stand.
package struct Gates: Hashable, Codable, Sendable {
    private var everything: Gate?
    private var cpu: Gate?
    private var memory: Gate?
    private var disk: Gate?
    /// One for each limit; `nil` for those that are always in force.
    private var limits: [Gate?]

    package init(_ policy: LendingPolicy) {
        everything = policy.release.map(Gate.init)
        cpu = policy.cpu?.release.map(Gate.init)
        memory = policy.memory?.release.map(Gate.init)
        disk = policy.disk?.release.map(Gate.init)
        limits = policy.limits.rules.map { rule in rule.when.map { Gate(ReleaseRule(when: $0)) } }
    }

    /// Whether there is anything to observe.
    package var isEmpty: Bool { [everything, cpu, memory, disk].allSatisfy { $0 == nil } && limits.allSatisfy { $0 == nil } }

    /// Takes the readings of an instant; returns whether any gate has opened or closed.
    package mutating func observe(_ surroundings: Surroundings, at now: Instant) -> Bool {
        var hasChanged = everything?.observe(surroundings, at: now) ?? false
        hasChanged = cpu?.observe(surroundings, at: now) ?? false || hasChanged
        hasChanged = memory?.observe(surroundings, at: now) ?? false || hasChanged
        hasChanged = disk?.observe(surroundings, at: now) ?? false || hasChanged
        for index in limits.indices { hasChanged = limits[index]?.observe(surroundings, at: now) ?? false || hasChanged }
        return hasChanged
    }

    /// What is held back now and why, resource by resource.
    package var holdBack: HoldBack {
        let all = everything?.objection
        return HoldBack(cpu: all ?? cpu?.objection, memory: all ?? memory?.objection, disk: all ?? disk?.objection)
    }

    /// Whether a resource has definitely stopped being released, as opposed to not being looked at for long enough.
    package var hasStopped: (cpu: Bool, memory: Bool, disk: Bool) {
        let all = everything?.state == .closed
        return (all || cpu?.state == .closed, all || memory?.state == .closed, all || disk?.state == .closed)
    }

    /// Whether a limit is in force. One whose condition cannot be judged is: in doubt the owner lends less.
    package func isInForce(limit index: Int) -> Bool {
        guard let gate = limits[index] else { return true }
        return gate.state == .open || gate.findings.contains { $0.truth == .blind } || gate.state == .waiting
    }

    /// The gate of each condition that governs lending, under the key it has in a policy file.
    package var named: [(key: String, gate: Gate)] {
        let all = [("lend.when", everything), ("lend.cpu.when", cpu), ("lend.memory.when", memory), ("lend.disk.when", disk)]
        return all.compactMap { key, gate in gate.map { (key, $0) } }
    }
}

/// Why a resource is not released; `nil` for one that is.
package struct HoldBack: Hashable, Codable, Sendable {
    package var cpu: String?
    package var memory: String?
    package var disk: String?

    package init(cpu: String? = nil, memory: String? = nil, disk: String? = nil) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
    }

    /// The first there is.
    package var any: String? { cpu ?? memory ?? disk }

    package static let nothing = HoldBack()
}
