import GRPCCore
import Node
import Resources
import Trading
import Wire

// How local users borrow, and what is said to who gets nothing.

extension PoolMembership {
    func requestLease(_ request: Surplus_V1_LeaseRequest, by user: CallingUser) async throws -> Surplus_V1_LeaseReply {
        let want = try want(request, of: user)
        do {
            let leases = try await requests.borrow(want, from: try candidates(for: want, on: request.on))
            return .with { reply in
                reply.leases = leases.compactMap { id in engine.read { $0.leases[id] } }.map(info)
                if let first = reply.leases.first { reply.lease = first }
            }
        } catch var refusal as Refusal {
            let named = refusal.alternatives ?? []
            let isOfThem = request.on.isEmpty || want.nodes > 1 || want.means?.redemption != nil
            let others = isOfThem ? [] : await elsewhere(than: request.on, for: want)
            refusal.alternatives = Alternative.nearest(of: named + others)
            return .with { $0.refusal = described(refusal) }
        }
    }

    func want(_ request: Surplus_V1_LeaseRequest, of user: CallingUser) throws -> Want {
        try Want(
            request, user: user.name, policy: engine.read { $0.policy.borrow },
            renewsItself: request.termMicroseconds == 0 || request.renews)
    }

    /// The peers to ask for `want`.
    ///
    /// - Throws: ``Refusal`` when none of them can do what is wanted.
    func candidates(for want: Want, on names: [String]) throws -> [NodeID] {
        let candidates = try engine.candidates(for: want, on: names, among: roster)
        guard want.start != nil else { return candidates }
        let able = candidates.filter { roster.features(of: $0)?.contains(Feature.start.rawValue) ?? true }
        guard able.isEmpty, !candidates.isEmpty else { return able }
        throw Refusal(term: "start", reason: "none of the nodes asked can promise ahead: they run an older version")
    }

    /// What nodes would lend that were not asked. Who does not answer, or not in terms that will do, is left out.
    private func elsewhere(than names: [String], for want: Want) async -> [Alternative] {
        let asked = Set((try? roster.candidates(on: names, except: own)) ?? [])
        let others = roster.members.filter {
            $0.status == .active && $0.node != own && !asked.contains($0.node) && roster.isReachable($0.node)
        }
        // A refusal here says that none of them can be asked: then none of them lends.
        guard let rehearsal = try? await rehearse(want, with: others.prefix(Negotiating.fanOut).map(\.node)) else { return [] }
        let (request, now) = (rehearsal.request, engine.now)
        return request.talks.indices.compactMap { index in
            request.offeredTerms(index, at: now).map { Alternative(.elsewhere, $0, from: request.talks[index].peer) }
        }
    }

    private func described(_ refusal: Refusal) -> Surplus_V1_Refusal {
        var wire = Surplus_V1_Refusal(refusal)
        for (index, alternative) in (refusal.alternatives ?? []).prefix(wire.alternatives.count).enumerated() {
            wire.alternatives[index].nodeName = alternative.node.map(name(of:)) ?? ""
        }
        return wire
    }
}
