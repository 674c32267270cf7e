import Configuration
import Node
import Resources
import Wire

extension Agent {
    func status() async throws -> Surplus_V1_StatusReply {
        let policy = house.policy.current.policy
        var reply = Surplus_V1_StatusReply.with {
            $0.name = house.configuration.name
            $0.version = "surplus \(Software.version)"
            $0.address = house.configuration.advertise.description
            $0.startedAt = startedAt.microseconds
            $0.dataDirectory = house.configuration.dataDirectory
            $0.policyName = policy.name
            $0.capacity = Surplus_V1_Amounts(house.capacity)
            $0.threshold = Surplus_V1_Amounts(house.policyInForce.thresholds(of: house.capacity))
        }
        reply.metricsURL = metrics?.url ?? ""
        if let fault = accountant.standing.fault { reply.faults.append("the history is not written: \(fault)") }
        if let damage = damage.withLock({ $0 }) {
            reply.faults.append("the ledger is damaged: \(damage): stop the agent and run 'surplus ledger restore'")
        }
        if let standby = house.store.standby, let fault = standby.fault {
            reply.faults.append("the ledger's standby \(standby.directory) is not written: \(fault)")
        }
        poolIfAny?.describe(in: &reply)
        if let fault = trail.fault { reply.faults.append("nothing can be changed: the audit log cannot be written: \(fault)") }
        return reply
    }
}

extension PoolMembership {
    func describe(in reply: inout Surplus_V1_StatusReply) {
        let identity = gate.current
        reply.node = identity.node.description
        reply.pool = identity.pool.description
        reply.poolName = identity.poolName
        reply.address = roster[identity.node]?.address ?? reply.address
        reply.certificateExpiresAt = identity.expiresAt.microseconds
        let others = roster.members.filter { $0.status == .active && $0.node != identity.node }
        reply.peersKnown = Int32(others.count)
        reply.peersReachable = Int32(others.count { roster.isReachable($0.node) })
        let (committed, offered, open, hindrance, heldBack, pause) = engine.read { node in
            (
                node.committed, node.lendable, node.leases.values.filter(\.lease.isOpen).map(\.lease.role), node.hindrance,
                node.gates.holdBack, node.pause
            )
        }
        if let reason = heldBack.cpu { reply.heldBack.append("cpu: \(reason)") }
        if let reason = heldBack.memory, reason != heldBack.cpu { reply.heldBack.append("memory: \(reason)") }
        if let reason = heldBack.disk, reason != heldBack.cpu { reply.heldBack.append("disk: \(reason)") }
        if let pause { reply.pause = Surplus_V1_PauseInfo(pause) }
        reply.committed = Surplus_V1_Amounts(committed)
        reply.offered = Surplus_V1_Amounts(offered)
        reply.leasesLent = Int32(open.count { $0 == .lender })
        reply.leasesBorrowed = Int32(open.count { $0 == .borrower })
        reply.jobsRunning = Int32(jobs.running + hosting.running)
        let usage = guests.usage ?? (.zero, .zero)
        reply.ownerUsage = Surplus_V1_Amounts(usage.owner)
        reply.guestUsage = Surplus_V1_Amounts(usage.guests)
        reply.throttling = guests.isThrottling
        reply.limitsEnforced = guests.areLimitsEnforced
        reply.enforcement = guests.enforcement
        for (reason, peers) in Dictionary(grouping: roster.rebuffs, by: \.value).sorted(by: { $0.key < $1.key }) {
            let names = peers.map { roster.name(of: $0.key) }.sorted().joined(separator: ", ")
            reply.faults.append("refused by \(names): \(reason)")
        }
        if let hindrance { reply.faults.append("nothing is offered: \(hindrance.reason)") }
        if engine.isFailed { reply.faults.append("the ledger cannot be written: see the agent's log") }
    }
}
