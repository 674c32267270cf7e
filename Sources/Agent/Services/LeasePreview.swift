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
        var preview = Surplus_V1_LeasePreview.with {
            $0.amounts = request.amounts
            $0.least = request.hasLeast ? request.least : request.amounts
            $0.termMicroseconds = want.term.rawValue
            $0.most = Surplus_V1_Prices(want.maxPrices)
            $0.renewsItself = want.renewsItself
        }
        guard !peers.isEmpty else { return preview }
        do { preview.candidates = candidates(of: try await rehearse(want, with: peers)) } catch let refusal as Refusal {
            preview.refusal = Surplus_V1_Refusal(refusal)
        }
        return preview
    }

    /// Asks peers as a request would, without obligation for anybody.
    ///
    /// - Throws: ``Refusal`` where nobody would be asked.
    func rehearse(_ want: Want, with peers: [NodeID]) async throws -> Rehearsal {
        try await LeaseRehearsal(engine: engine, peers: self.peers).rehearse(want, with: peers)
    }

    /// What every peer would do: first those whose offers would be accepted, then the others that would lend.
    private func candidates(of rehearsal: Rehearsal) -> [Surplus_V1_LeaseCandidate] {
        let (request, now, accepted) = (rehearsal.request, engine.now, rehearsal.accepted)
        let others = request.talks.indices.filter { !accepted.contains($0) }.sorted {
            let (first, second) = (request.offeredTerms($0, at: now), request.offeredTerms($1, at: now))
            if let first, let second, let preference = request.want.prefers(first, to: second) { return preference }
            guard (first == nil) == (second == nil) else { return first != nil }
            return (name(of: request.talks[$0].peer), $0) < (name(of: request.talks[$1].peer), $1)
        }
        return (accepted + others).map { index in
            let talk = request.talks[index]
            return .with {
                ($0.node, $0.name) = (talk.peer.description, name(of: talk.peer))
                if let terms = request.offeredTerms(index, at: now) {
                    $0.terms = Surplus_V1_Terms(terms)
                    $0.ceilingMicrocredits = terms.ceiling.credits.rawValue
                    if terms.ceiling.inKind != .zero { $0.ceilingInKind = Surplus_V1_Usage(terms.ceiling.inKind) }
                    $0.reason = request.deviation(index, in: terms) ?? ""
                } else if case .rejected(let refusal) = talk.state {
                    $0.refusal = Surplus_V1_Refusal(refusal)
                } else {
                    $0.refusal = Surplus_V1_Refusal(Refusal(term: "peer", reason: "it did not answer", retryAfter: .zero))
                }
            }
        }
    }
}
