import Bookkeeping
import Resources
import Trading

// Steps that only one side has at hand: one was carried out long ago, or the other's ledger was restored to what it was before it.

extension Node {
    /// A step comes under a number that was carried out, with what the ledger has under it: the same is answered alike, and instead of
    /// another the one that both have signed is told.
    mutating func examine(_ offer: ResolutionOffer, _ recalled: Recalled, from peer: NodeID, _ step: inout Step) {
        guard let signed = recalled.resolution, let signature = signed.answererSignature else { return }
        let resolution = signed.resolution
        guard [resolution.proposer, resolution.answerer].contains(peer) else { return }
        if signed.document == offer.document { return reply(to: signed, &step) }
        let lost = ResolutionOffer(document: signed.document, signature: signed.proposerSignature)
        step.send(
            .resolved(
                ResolutionReply(dispute: resolution.dispute, number: resolution.number, signature: signature, lost: lost)),
            to: peer)
    }

    /// What this side proposes was the number of another step, which its ledger has lost: that is carried out instead.
    mutating func takeUp(_ lost: ResolutionOffer, _ reply: ResolutionReply, from peer: NodeID, _ step: inout Step) {
        guard let resolution = try? Resolution(document: lost.document), var dispute = disputes[reply.dispute],
            resolution.dispute == dispute.id, resolution.number == reply.number,
            dispute.proposed?.resolution.number == reply.number, dispute.peer(of: id) == peer,
            [resolution.proposer, resolution.answerer].sorted() == [id, peer].sorted(),
            canFollow(resolution, dispute, at: step.now),
            step.notary.verify(lost.signature, over: lost.document, by: resolution.proposer),
            step.notary.verify(reply.signature, over: lost.document, by: resolution.answerer)
        else { return }
        let signed = SignedResolution(
            resolution: resolution, document: lost.document, proposerSignature: lost.signature,
            answererSignature: reply.signature)
        dispute.propose(nil)
        disputing[dispute.id] = nil
        if resolution.answerer == id { dispute.answer(signed) }
        carryOut(signed, dispute, &step)
        step.act(
            .disputeDecided(
                dispute.id,
                Refusal(
                    term: "dispute",
                    reason: "this ledger had lost an earlier step, which is carried out again; see what is left of it")))
    }
}
