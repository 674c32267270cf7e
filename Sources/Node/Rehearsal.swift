import Resources
import Trading

/// What a request would come to: peers are talked with as ``NodeEvent/borrow(_:_:from:)`` would, and answer with
/// ``Node/preview(of:from:at:)``, so that nothing comes of it on either side.
package struct Rehearsal: Sendable {
    package private(set) var request: BorrowRequest
    /// The offers that would be accepted, by index into the talks of ``request``; empty until ``conclude(by:notary:at:)``.
    package private(set) var accepted: [Int] = []
    private var random: SeededGenerator

    /// - Throws: ``Refusal`` where nobody would be asked.
    package init(
        of want: Want, with peers: [NodeID], by node: Node, random: SeededGenerator, at now: Moment
    ) throws(Refusal) {
        self.random = random
        let id = RequestID(at: now.utc, using: &self.random)
        request = try node.request(id, want, from: peers, at: now, random: &self.random)
    }

    /// What is proposed first, and to whom.
    package var proposals: [(peer: NodeID, proposal: Proposal)] { Self.proposals(among: request.proposals) }

    /// Takes what a peer would answer; returns what would be proposed to it next.
    package mutating func take(
        _ answer: Answer, from peer: NodeID, at now: Moment
    ) -> [(peer: NodeID, proposal: Proposal)] {
        Self.proposals(among: request.take(answer, from: peer, at: now))
    }

    /// Talks no more with a peer that cannot be asked.
    package mutating func giveUp(on peer: NodeID, _ refusal: Refusal) { request.giveUp(on: peer, refusal) }

    /// Chooses among the offers, once every peer has answered for good. What this node itself could not accept is declined.
    package mutating func conclude(by node: Node, notary: any Notary, at now: Moment) {
        while case .best(let talks) = request.verdict(at: now) {
            // Nothing of what is reserved and set aside here outlasts this.
            var (trial, step) = (node, Step(now: now, notary: notary, random: random))
            guard let (talk, refusal) = trial.firstObjection(toAccepting: talks, of: request, &step) else {
                accepted = talks
                return
            }
            request.decline(talk, refusal)
        }
    }

    private static func proposals(among messages: [BorrowRequest.Outgoing]) -> [(peer: NodeID, proposal: Proposal)] {
        messages.compactMap { outgoing in
            if case .propose(let proposal) = outgoing.message { (outgoing.peer, proposal) } else { nil }
        }
    }
}

extension Node {
    /// The first of several offers that this node cannot accept beside those before it, and why.
    fileprivate mutating func firstObjection(
        toAccepting talks: [Int], of request: BorrowRequest, _ step: inout Step
    ) -> (talk: Int, refusal: Refusal)? {
        for talk in talks {
            do throws(Refusal) { _ = try draft(of: talk, in: request, &step) } catch { return (talk, error) }
        }
        return nil
    }
}
