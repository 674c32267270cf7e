import GRPCCore
import Node
import Policy
import Resources
import Trading
import Wire

// What a lease request would come to, asked of the peers without obligation.

extension PoolMembership {
    func previewLease(_ request: Surplus_V1_LeaseRequest, by user: CallingUser) async throws -> Surplus_V1_LeasePreview {
        let want = try want(request, of: user)
        let peers = try candidates(for: want, on: request.on)
        if request.forJob, let id = await engine.idleLease(for: want, request, among: peers, of: user),
            let entry = engine.read({ $0.leases[id] })
        {
            return .with {
                ($0.amounts, $0.least) = (request.amounts, request.amounts)
                ($0.termMicroseconds, $0.renewsItself) = (want.term.rawValue, want.renewsItself)
                $0.most = Surplus_V1_Prices(want.maxPrices)
                ($0.held, $0.heldBy) = (info(of: entry), entry.lease.rule ?? "")
            }
        }
        let candidates = try await withThrowingTaskGroup(of: Surplus_V1_LeaseCandidate.self) { group in
            for peer in peers { group.addTask { try await self.candidate(peer, want) } }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.isAsked(before: $1, for: want) }
        }
        return .with {
            $0.amounts = request.amounts
            $0.least = request.hasLeast ? request.least : request.amounts
            $0.termMicroseconds = want.term.rawValue
            $0.most = Surplus_V1_Prices(want.maxPrices)
            $0.renewsItself = want.renewsItself
            $0.candidates = candidates
        }
    }

    /// What a peer would lend: what is wanted, else as much of it as there is, if that would do.
    private func candidate(_ peer: NodeID, _ want: Want) async throws -> Surplus_V1_LeaseCandidate {
        var candidate = Surplus_V1_LeaseCandidate.with {
            $0.node = peer.description
            $0.name = name(of: peer)
        }
        do {
            var reply = try await quote(peer, want, want.amounts)
            if reply.hasRefusal, want.least != want.amounts {
                let most = try await quote(peer, want, .zero)
                let fitting = most.hasTerms ? try Terms(most.terms, "terms").amounts.limited(to: want.amounts) : .zero
                if fitting.isPositive, want.least.fits(in: fitting) { reply = try await quote(peer, want, fitting) }
            }
            guard reply.hasTerms, !reply.hasRefusal else {
                candidate.refusal = reply.refusal
                return candidate
            }
            let terms = try Terms(reply.terms, "terms")
            candidate.terms = reply.terms
            candidate.ceilingMicrocredits = terms.ceiling.credits.rawValue
            if let objection = want.objection(to: terms) { candidate.refusal = Surplus_V1_Refusal(objection) }
        } catch let error as RPCError {
            candidate.refusal = Surplus_V1_Refusal(
                Refusal(term: "peer", reason: "it cannot be asked: \(error.message)", retryAfter: .seconds(10)))
        }
        return candidate
    }

    private func quote(_ peer: NodeID, _ want: Want, _ amounts: Amounts) async throws -> Surplus_V1_QuoteReply {
        let request = Surplus_V1_QuoteRequest(want, amounts: amounts)
        return try await peers.call(peer) { try await $0.quote(request, options: .within(.seconds(3))) }
    }
}

extension Surplus_V1_LeaseCandidate {
    /// Those that would do come first, in the order in which a request would choose among them.
    fileprivate func isAsked(before other: Self, for want: Want) -> Bool {
        guard hasRefusal == other.hasRefusal else { return other.hasRefusal }
        let preference = hasRefusal ? nil : offered.flatMap { mine in other.offered.flatMap { want.prefers(mine, to: $0) } }
        return preference ?? ((name, node) < (other.name, other.node))
    }

    /// Those of one that would lend were read before; another's are empty.
    private var offered: Terms? { try? Terms(terms, "terms") }
}
