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
        var able = candidates
        for (feature, ability) in want.demands {
            able = able.filter { peers.mayHave(feature, $0) }
            guard able.isEmpty, !candidates.isEmpty else { continue }
            throw Refusal(
                term: feature.rawValue, reason: "none of the nodes asked \(ability): they run an older version")
        }
        return able
    }

    /// What nodes would lend that were not asked. Who does not answer, or not in terms that will do, is left out.
    private func elsewhere(than names: [String], for want: Want) async -> [Alternative] {
        let asked = Set((try? roster.candidates(on: names, except: own)) ?? [])
        let others = roster.members.filter { member in
            member.status == .active && member.node != own && !asked.contains(member.node) && roster.isReachable(member.node)
                && want.demands.allSatisfy { peers.mayHave($0.feature, member.node) }
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

extension Want {
    /// What a lender must be able to do beyond the oldest version, and how that is said of one.
    fileprivate var demands: [(feature: Feature, ability: String)] {
        var demands: [(feature: Feature, ability: String)] = []
        if start != nil { demands.append((.start, "can promise ahead")) }
        if bid.hasDisk { demands.append((.disk, "lends or takes disk")) }
        return demands
    }
}
