import Bookkeeping
import Resources
import Trading

/// What somebody here wants done about a dispute.
package enum DisputeWish: Hashable, Sendable {
    /// To accept what the other side says, all of it or so many credits.
    case accept(Microcredits?)
    /// To give up what this side has asked for, all of it or so many credits.
    case withdraw(Microcredits?)

    var part: Microcredits? {
        switch self {
        case .accept(let part), .withdraw(let part): part
        }
    }
}

// How disputes end. Each step is given by one side: nobody can refuse it, so what was sent is sent until it is answered. Where both give
// way at once the creditor's step comes first, and the debtor's is void: so both carry out the same steps in the same order.

extension Node {
    /// Somebody here gives way.
    mutating func resolve(_ id: DisputeID, _ wish: DisputeWish, _ step: inout Step) {
        do throws(Refusal) {
            guard let dispute = disputes[id], dispute.isOpen else {
                throw Refusal(term: "dispute", reason: "there is no open dispute \(id)")
            }
            guard dispute.proposed == nil else {
                throw Refusal(term: "dispute", reason: "an earlier step waits for \(name(of: dispute.peer(of: self.id)))")
            }
            try checkVerb(wish, dispute)
            let part = try part(of: dispute, wish)
            guard dispute.untold == nil || dispute.canBeDroppedAlone else {
                throw Refusal(
                    term: "dispute", reason: "\(name(of: dispute.peer(of: self.id))) has not taken note of it yet",
                    retryAfter: .minutes(1))
            }
            try check(part, of: dispute)
            giveWay(in: dispute, part, isBySilence: false, &step)
        } catch {
            step.act(.disputeDecided(id, error))
        }
    }

    /// Whether a step of this side can be taken.
    private func check(_ part: Charge, of dispute: Dispute) throws(Refusal) {
        guard dispute.outcome(givenBy: id) == .dropped || dispute.isPayable(part) else {
            throw Refusal(term: "amount", reason: "it is worth more than can be paid")
        }
        guard !dispute.canBeDroppedAlone || part == dispute.left else {
            throw Refusal(
                term: "amount", reason: "what its peer has not taken note of is dropped as a whole: leave the amount out")
        }
        guard dispute.steps + 1 < Dispute.mostSteps || part == dispute.left else {
            throw Refusal(
                term: "amount", reason: "after \(Dispute.mostSteps - 1) steps the next one is about all that is left")
        }
    }

    private func checkVerb(_ wish: DisputeWish, _ dispute: Dispute) throws(Refusal) {
        let verb: Dispute.Verb = (dispute.debtor == id) != dispute.isAboutPayment ? .accept : .withdraw
        switch wish {
        case .accept where verb == .withdraw:
            throw Refusal(
                term: "dispute", reason: "it is for \(name(of: dispute.peer(of: id))) to accept; this node can withdraw it")
        case .withdraw where verb == .accept:
            throw Refusal(
                term: "dispute", reason: "it is for \(name(of: dispute.peer(of: id))) to withdraw; this node can accept it")
        case .accept, .withdraw: break
        }
    }

    private func part(of dispute: Dispute, _ wish: DisputeWish) throws(Refusal) -> Charge {
        guard let part = wish.part else { return dispute.left }
        guard dispute.left.inKind == .zero else {
            throw Refusal(term: "amount", reason: "of what is in dispute in kind there is no part: leave the amount out")
        }
        guard part > .zero, part <= dispute.left.credits else {
            throw Refusal(term: "amount", reason: "\(dispute.left.credits.text) of it are in dispute")
        }
        return Charge(credits: part)
    }

    /// Signs a step and asks until it is answered.
    mutating func giveWay(in dispute: Dispute, _ part: Charge, isBySilence: Bool, _ step: inout Step) {
        guard let outcome = dispute.outcome(givenBy: id) else { return }
        var dispute = dispute
        guard !dispute.canBeDroppedAlone else { return dropAlone(&dispute, &step) }
        let resolution = Resolution(
            dispute: dispute.id, number: dispute.steps + 1, proposer: id, answerer: dispute.peer(of: id), outcome: outcome,
            amount: part, isBySilence: isBySilence, transfer: step.newID(), issued: step.now.utc)
        let document = resolution.document
        let signed = SignedResolution(
            resolution: resolution, document: document, proposerSignature: step.notary.sign(document))
        dispute.propose(signed)
        keep(dispute, &step)
        disputing[dispute.id] = Retry(at: step.now)
        step.tell(
            "dispute.proposed", [dispute.id, dispute.lease, resolution.answerer],
            "told \(name(of: resolution.answerer)): \(resolution.story(of: dispute))")
        send(signed, &step)
    }

    func send(_ signed: SignedResolution, _ step: inout Step) {
        step.send(
            .resolve(ResolutionOffer(document: signed.document, signature: signed.proposerSignature)),
            to: signed.resolution.answerer)
    }

    /// The other side gives way: it is countersigned and carried out, once.
    mutating func examine(_ offer: ResolutionOffer, from peer: NodeID, _ step: inout Step) {
        guard let resolution = try? Resolution(document: offer.document), resolution.proposer == peer, resolution.answerer == id,
            step.notary.verify(offer.signature, over: offer.document, by: peer)
        else { return }
        let dispute = disputes[resolution.dispute]
        #if Defects
            let isKnown = Defect.active != .disputeResolvedTwice
        #else
            let isKnown = true
        #endif
        if isKnown, let known = dispute?.answered, known.document == offer.document { return reply(to: known, &step) }
        guard let dispute, !isKnown || resolution.number > dispute.steps else {
            // It was carried out so long ago that nothing of it is at hand.
            return recall(.resolution(resolution.dispute, number: resolution.number), for: .resolve(offer), of: peer, &step)
        }
        guard dispute.peer(of: id) == peer, canFollow(resolution, dispute, at: step.now) else { return }
        countersign(resolution, offer, dispute, with: peer, &step)
    }

    private mutating func countersign(
        _ resolution: Resolution, _ offer: ResolutionOffer, _ known: Dispute, with peer: NodeID, _ step: inout Step
    ) {
        var dispute = known
        if dispute.proposed != nil {
            // Both give way at once.
            guard dispute.debtor == id else { return }
            dispute.propose(nil)
            disputing[dispute.id] = nil
            step.act(
                .disputeDecided(
                    dispute.id, Refusal(term: "dispute", reason: "\(name(of: peer)) has given way at the same time")))
        }
        let signed = SignedResolution(
            resolution: resolution, document: offer.document, proposerSignature: offer.signature,
            answererSignature: step.notary.sign(offer.document))
        dispute.answer(signed)
        carryOut(signed, dispute, &step)
        reply(to: signed, &step)
    }

    func canFollow(_ resolution: Resolution, _ dispute: Dispute, at now: Moment) -> Bool {
        #if Defects
            let isNext = Defect.active == .disputeResolvedTwice || resolution.number == dispute.steps + 1
        #else
            let isNext = resolution.number == dispute.steps + 1
        #endif
        return isNext && resolution.outcome == dispute.outcome(givenBy: resolution.proposer)
            && resolution.amount.fits(in: dispute.left) && !isAwaitingAnswer(about: dispute)
            && (resolution.outcome == .dropped || dispute.isPayable(resolution.amount))
            && (resolution.number < Dispute.mostSteps || resolution.amount == dispute.left)
            && isTimely(resolution.transfer, at: now)
            && transfers(of: resolution).allSatisfy { !books.remembers($0) }
    }

    /// The ids under which what a step moves is booked: in credits there may be two.
    private func transfers(of resolution: Resolution) -> [TransferID] {
        Charge.units.map { resolution.transfer.following($0.offset) } + [resolution.transfer.following(1)]
    }

    func reply(to signed: SignedResolution, _ step: inout Step) {
        guard let signature = signed.answererSignature else { return }
        let resolution = signed.resolution
        step.send(
            .resolved(ResolutionReply(dispute: resolution.dispute, number: resolution.number, signature: signature)),
            to: resolution.proposer)
    }

    /// The other side has countersigned.
    mutating func resolved(_ reply: ResolutionReply, by peer: NodeID, _ step: inout Step) {
        if let lost = reply.lost { return takeUp(lost, reply, from: peer, &step) }
        guard var dispute = disputes[reply.dispute], var signed = dispute.proposed, signed.resolution.number == reply.number,
            signed.resolution.answerer == peer, step.notary.verify(reply.signature, over: signed.document, by: peer)
        else { return }
        signed.answererSignature = reply.signature
        dispute.propose(nil)
        disputing[dispute.id] = nil
        carryOut(signed, dispute, &step)
        step.act(.disputeDecided(dispute.id, nil))
    }
}
