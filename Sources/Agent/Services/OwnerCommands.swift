import Node
import Resources
import Trading
import Wire

// The owner's controls: to take leases back, and to lend nothing for a while.

extension PoolMembership {
    private static let reclaimReason = "the owner takes it back"

    /// The owner takes lent leases back.
    func reclaim(_ request: Surplus_V1_ReclaimLeaseRequest) throws -> Surplus_V1_ListLeasesReply {
        let chosen = request.lease.isEmpty ? lentLeases : [try lent(request.lease).id]
        guard !request.dryRun else {
            return .with { $0.leases = takenBack(chosen, atOnce: request.now, reason: Self.reclaimReason) }
        }
        for lease in chosen { engine.handle(.reclaim(lease, atOnce: request.now, reason: Self.reclaimReason)) }
        return .with { $0.leases = chosen.compactMap { id in engine.read { $0.leases[id] } }.map(info) }
    }

    /// Stops lending; answered once that is durable.
    func pauseLending(_ request: Surplus_V1_PauseRequest, by user: CallingUser) async throws -> Surplus_V1_PauseReply {
        let span = request.termMicroseconds == 0 ? nil : try Field.term(request.termMicroseconds, "term_microseconds")
        let (lent, now) = (lentLeases, engine.now)
        var reply = Surplus_V1_PauseReply.with { reply in reply.wasPaused = engine.read { $0.pause != nil } }
        guard !request.dryRun else {
            reply.pause = .with {
                $0.by = user.name
                $0.since = now.utc.microseconds
                $0.until = span.map { (now.utc + $0).microseconds } ?? 0
            }
            reply.leases = takenBack(lent, atOnce: request.now, reason: Pause.reason)
            return reply
        }
        engine.handle(.pause(by: user.name, for: span, atOnce: request.now))
        try await house.store.commit([])
        if let pause = engine.read(\.pause) { reply.pause = Surplus_V1_PauseInfo(pause) }
        reply.leases = lent.compactMap { id in engine.read { $0.leases[id] } }.map(info)
        return reply
    }

    /// Lends again; answered once that is durable.
    func resumeLending(by user: CallingUser) async throws -> Surplus_V1_PauseReply {
        let wasPaused = engine.read { $0.pause != nil }
        engine.handle(.resume(by: user.name))
        try await house.store.commit([])
        return .with { $0.wasPaused = wasPaused }
    }

    private var lentLeases: [LeaseID] {
        engine.read { $0.leases.values.filter { $0.lease.role == .lender && $0.lease.isOpen }.map(\.id) }
    }

    private func lent(_ text: String) throws -> LeaseEntry {
        let entry = try entry(text)
        guard entry.lease.role == .lender else {
            throw Refusal(
                term: "lease", reason: "\(entry.id) is borrowed, not lent: give it back with 'surplus lease release'")
        }
        guard entry.lease.isOpen else { throw Refusal(term: "lease", reason: "\(entry.id) has ended already") }
        return entry
    }

    /// The leases as they would be.
    private func takenBack(_ leases: [LeaseID], atOnce: Bool, reason: String) -> [Surplus_V1_LeaseInfo] {
        let now = engine.now
        return leases.compactMap { id in
            engine.read { $0.takenBack(id, atOnce: atOnce, reason: reason, at: now) }.map(info)
        }
    }
}

extension Surplus_V1_PauseInfo {
    init(_ pause: Pause) {
        self = .with {
            $0.by = pause.by
            $0.since = pause.since.microseconds
            $0.until = pause.until?.utc.microseconds ?? 0
        }
    }
}
