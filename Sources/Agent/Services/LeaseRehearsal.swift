import GRPCCore
import Node
import Resources
import Trading
import Wire

/// A request that is only asked about.
struct LeaseRehearsal: Sendable {
    let engine: Engine
    let peers: PeerCaller

    /// Asks peers as a request would, without obligation for anybody.
    ///
    /// - Throws: ``Refusal`` where nobody would be asked.
    func rehearse(_ want: Want, with peers: [NodeID]) async throws -> Rehearsal {
        var system = SystemRandomNumberGenerator()
        let (random, now) = (SeededGenerator(seed: system.next()), engine.now)
        var rehearsal = try engine.read { node in
            Result { () throws(Refusal) in try Rehearsal(of: want, with: peers, by: node, random: random, at: now) }
        }.get()
        var open = rehearsal.proposals
        while !open.isEmpty {
            let answers = await withTaskGroup(of: (NodeID, Result<Answer, Refusal>).self) { group in
                for (peer, proposal) in open { group.addTask { (peer, await self.answer(of: peer, to: proposal, for: want)) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            open = []
            for (peer, answer) in answers {
                switch answer {
                case .success(let answer): open += rehearsal.take(answer, from: peer, at: engine.now)
                case .failure(let refusal): rehearsal.giveUp(on: peer, refusal)
                }
            }
        }
        let concluded = engine.now
        engine.read { node in rehearsal.conclude(by: node, notary: engine.notary, at: concluded) }
        return rehearsal
    }

    private func answer(of peer: NodeID, to proposal: Proposal, for want: Want) async -> Result<Answer, Refusal> {
        let request = Surplus_V1_QuoteRequest(want, proposal)
        do {
            let reply = try await peers.call(peer) { try await $0.quote(request, options: .within(.seconds(3))) }
            return .success(try reply.answer(to: proposal))
        } catch {
            let reason = (error as? RPCError)?.message ?? "\(error)"
            return .failure(Refusal(term: "peer", reason: "it cannot be asked: \(reason)", retryAfter: .seconds(10)))
        }
    }
}

extension Surplus_V1_QuoteReply {
    /// What a peer would answer to a proposal. An older agent does not look at that: it says what it would lend for credits.
    fileprivate func answer(to proposal: Proposal) throws(FieldError) -> Answer {
        if hasAnswer { return try Answer(answer) }
        let outcome: Answer.Outcome
        if hasRefusal {
            outcome = .rejected(try Refusal(refusal, "refusal"))
        } else if proposal.terms.consideration != nil {
            let reason = "it runs an older version, which does not say beforehand what it takes in return"
            outcome = .rejected(Refusal(term: "version", reason: reason))
        } else {
            outcome = .offered(try Terms(terms, "terms"), timeToLive: Negotiating.offerTime, creditLimit: .zero)
        }
        return Answer(negotiation: proposal.negotiation, round: proposal.round, outcome: outcome)
    }
}
