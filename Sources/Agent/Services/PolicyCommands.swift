import Configuration
import GRPCCore
import Identity
import Node
import Policy
import Resources
import Trading
import Wire

// What owners and users see of the policy, and how it is changed.

extension Agent {
    func policy() -> Surplus_V1_PolicyReply {
        let (current, origin) = (house.policy.current, house.policy.origin)
        return .with {
            $0.name = current.policy.name
            $0.source = Surplus_V1_PolicySource(current.source)
            $0.configured = house.policy.configured.source.files.first?.name ?? ""
            $0.notes = notes(of: current)
            if case .applied(let user, let time) = origin {
                $0.applied = true
                $0.appliedBy = user
                $0.appliedAt = time.microseconds
            }
        }
    }

    /// Puts a policy in force. A faulty one changes nothing.
    func applyPolicy(_ request: Surplus_V1_ApplyPolicyRequest, by user: String) async throws -> Surplus_V1_ApplyPolicyReply {
        let file = try file(of: request)
        let reply = preview(file)
        if request.hasSource {
            try await house.policy.apply(file, by: user, at: house.clock().utc)
        } else {
            try await house.policy.configure(file, by: user, at: house.clock().utc)
        }
        poolIfAny?.follow(file.policy)
        return reply
    }

    /// Says what putting a policy in force would do.
    func previewPolicy(_ request: Surplus_V1_ApplyPolicyRequest) throws -> Surplus_V1_ApplyPolicyReply {
        preview(try file(of: request))
    }

    private func file(of request: Surplus_V1_ApplyPolicyRequest) throws -> PolicyFile {
        request.hasSource ? try PolicyFile(source: PolicySource(request.source)) : try configuredPolicy()
    }

    /// The policy that the agent's configuration names, as both files are now.
    private func configuredPolicy() throws(ConfigurationError) -> PolicyFile {
        guard let file = house.configurationFile else { return house.policy.configured }
        return try AgentConfiguration.load(path: file).policy
    }

    private func preview(_ file: PolicyFile) -> Surplus_V1_ApplyPolicyReply {
        .with {
            $0.name = file.policy.name
            $0.changed = file.policy != house.policy.current.policy
            $0.notes = notes(of: file)
            $0.effects = poolIfAny?.effects(of: file.policy) ?? []
        }
    }

    /// What can be said of a policy that was understood, on this node.
    private func notes(of file: PolicyFile) -> [String] {
        guard file.policy.disk != nil, house.capacity.disk == .zero else { return file.notes }
        return file.notes + ["lend.disk: none is lent until 'storage:' in the agent's configuration names a directory for it"]
    }

    /// Reads the policy anew that the configuration names, as a signal asks for. A faulty one changes nothing.
    ///
    /// - Throws: `ConfigurationError` for what is wrong with either file, and what keeps the change from being recorded.
    package func reloadPolicy() async throws {
        house.manager.reloading()
        defer { house.manager.reloaded(house.summary) }
        let file = try await trail.record("ReloadPolicy", of: house.configurationFile ?? "", origin: "SIGHUP") { [self] in
            let file = try await configuredPolicy()
            try await house.policy.configure(file, by: "a reload", at: house.clock().utc)
            return file
        }
        poolIfAny?.follow(file.policy)
        house.log.notice("reloaded the policy", metadata: ["policy": "\(file.policy.name)"])
    }
}

extension PoolMembership {
    /// Lends by `policy` from now on; what it changes about running leases is decided at once.
    func follow(_ policy: LendingPolicy) {
        engine.handle(.policy(policy))
        guests.followPolicy()
    }

    /// What adopting `policy` would do to running leases, oldest first: decided by a copy of the node.
    func effects(of policy: LendingPolicy) -> [Surplus_V1_PolicyEffect] {
        let now = engine.now
        return engine.read { node in
            var copy = node
            var random = SeededGenerator(seed: 0)
            let outcome = copy.handle(.policy(policy), at: now, random: &random, notary: notary)
            return outcome.actions.compactMap { action in
                guard case .send(_, let message) = action else { return nil }
                return effect(message, on: node)
            }
        }
    }

    private func effect(_ message: TradeMessage, on node: Node) -> Surplus_V1_PolicyEffect? {
        switch message {
        case .reclaim(let id, let remaining, let reason):
            return effect(on: node.leases[id]) {
                $0.kind = "reclaimed"
                $0.remainingMicroseconds = remaining.rawValue
                $0.reason = reason
            }
        case .resized(let id, let amounts, let reason):
            return effect(on: node.leases[id]) {
                $0.kind = "resized"
                $0.amounts = Surplus_V1_Amounts(amounts)
                $0.reason = reason
            }
        default: return nil
        }
    }

    private func effect(
        on entry: LeaseEntry?, _ fill: (inout Surplus_V1_PolicyEffect) -> Void
    ) -> Surplus_V1_PolicyEffect? {
        guard let entry else { return nil }
        var effect = Surplus_V1_PolicyEffect.with {
            $0.lease = entry.id.description
            $0.peerName = name(of: entry.lease.peer)
            $0.user = entry.lease.user
        }
        fill(&effect)
        return effect
    }
}
