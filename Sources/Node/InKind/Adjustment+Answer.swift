import Bookkeeping
import Resources
import Trading

// Changes to obligations, seen from the side that answers: it checks what is proposed against what it knows, and signs it or says
// why not.

extension Node {
    /// Checks what is proposed against what this side knows, and signs it or says why not.
    mutating func examine(_ offer: AdjustmentOffer, from peer: NodeID, _ step: inout Step) {
        guard let adjustment = try? Adjustment(document: offer.document), adjustment.proposer == peer, adjustment.answerer == id,
            step.notary.verify(offer.signature, over: offer.document, by: peer)
        else { return }
        if let known = answer(to: adjustment) {
            guard known.document == offer.document else { return }
            return reply(known, &step)
        }
        guard !isAwaited(adjustment.obligation, of: peer) else { return }
        guard obligations[adjustment.obligation] != nil else {
            return recall(.adjustment(adjustment.id), for: .adjust(offer), of: peer, &step)
        }
        examine(adjustment, offer, from: peer, &step)
    }

    /// The same of an obligation that was forgotten, with what the ledger has.
    mutating func examine(_ offer: AdjustmentOffer, _ recalled: Recalled, from peer: NodeID, _ step: inout Step) {
        if let signed = recalled.adjustment, signed.document == offer.document { return reply(signed, &step) }
        guard let adjustment = try? Adjustment(document: offer.document), answer(to: adjustment) == nil else { return }
        examine(adjustment, offer, from: peer, &step)
    }

    private mutating func examine(
        _ adjustment: Adjustment, _ offer: AdjustmentOffer, from peer: NodeID, _ step: inout Step
    ) {
        do throws(Refusal) {
            let obligation = try agree(to: adjustment, with: peer, at: step.now)
            let accepted = obligation.wasRefused ? adjustment.premium : .zero
            let signed = SignedAdjustment(
                adjustment: adjustment, document: offer.document, proposerSignature: offer.signature,
                answererSignature: step.notary.sign(offer.document), accepted: accepted)
            var answered = obligation
            answered.answer(signed)
            carryOut(signed, answered, &step)
            reply(signed, &step)
        } catch {
            if var obligation = obligations[adjustment.obligation], !obligation.hasRefused(adjustment.id) {
                obligation.refuse(adjustment.id)
                keep(obligation, &step)
            }
            let reply = AdjustmentReply(adjustment: adjustment.id, obligation: adjustment.obligation, refusal: error)
            step.send(.adjusted(reply), to: peer)
        }
    }

    /// Whether the word of its lender is under way that makes an obligation known here. Until then nothing is said: a refusal could not
    /// be kept with it, and who asks does so again.
    private func isAwaited(_ id: ObligationID, of peer: NodeID) -> Bool {
        obligations[id] == nil
            && requests.values.contains { entry in
                entry.acceptances.contains { $0.agreement.obligation == id && $0.agreement.lender == peer }
            }
    }

    /// What this side has agreed to already.
    private func answer(to adjustment: Adjustment) -> SignedAdjustment? {
        #if Defects
            if Defect.active == .wordForgotten { return nil }
        #endif
        return obligations[adjustment.obligation]?.answered.flatMap { $0.adjustment.id == adjustment.id ? $0 : nil }
    }

    private func reply(_ signed: SignedAdjustment, _ step: inout Step) {
        let (adjustment, accepted) = (signed.adjustment, signed.accepted ?? .zero)
        let dispute =
            accepted < adjustment.premium
            ? Refusal(term: "premium", reason: "nothing that was asked for in the window was refused") : nil
        step.send(
            .adjusted(
                AdjustmentReply(
                    adjustment: adjustment.id, obligation: adjustment.obligation, accepted: accepted,
                    signature: signed.answererSignature, refusal: dispute)), to: adjustment.proposer)
    }

    /// The obligation as it is before an adjustment that this side agrees to.
    private func agree(to adjustment: Adjustment, with peer: NodeID, at now: Moment) throws(Refusal) -> Obligation {
        guard let obligation = obligations[adjustment.obligation], [obligation.creditor, obligation.debtor].contains(peer) else {
            throw Refusal(term: "obligation", reason: "it is not known here")
        }
        guard !obligation.hasRefused(adjustment.id) else {
            throw Refusal(term: "obligation", reason: "that was refused before; ask again")
        }
        guard obligation.proposed == nil else {
            throw Refusal(term: "obligation", reason: "another change of it is under way", retryAfter: .seconds(5))
        }
        guard isTimely(adjustment.transfer, at: now), isFree(DisputeID(of: adjustment.transfer)),
            Charge.units.allSatisfy({ unit in
                !books.remembers(adjustment.transfer.following(unit.offset))
            })
        else { throw Refusal(term: "obligation", reason: "its transfers have ids that were used before or are dated ahead") }
        switch adjustment.kind {
        case .conversion: try checkConversion(adjustment, of: obligation, by: peer, at: now)
        case .cancellation:
            guard peer == obligation.creditor else { throw Refusal(term: "obligation", reason: "only its creditor cancels it") }
            try check(adjustment.amount.inKind.fits(in: free(of: obligation)) && adjustment.amount.credits == .zero, obligation)
        case .offset: try checkOffset(adjustment, of: obligation)
        case .postponement:
            let isWithin = adjustment.until.map { $0 - now.utc <= Deferral.farthest } == true
            try check(
                adjustment.amount == .zero && isWithin && (obligation.left != .zero || obligation.isAccruing), obligation)
            let latest = now.utc + policy.deferral.within
            guard obligation.debtor == id || adjustment.until.map({ $0 <= latest }) == true else { throw tooLate }
        }
        guard adjustment.kind == .conversion || adjustment.premium == .zero else {
            throw Refusal(term: "obligation", reason: "there is no premium on that")
        }
        return obligation
    }

    private func check(_ isRight: Bool, _ obligation: Obligation) throws(Refusal) {
        guard isRight else {
            throw Refusal(
                term: "obligation",
                reason:
                    "\(name(of: id)) has \(obligation.left.text) left of \(obligation.id), and what was asked for does not fit: "
                    + "see 'surplus ledger reconcile'", retryAfter: .seconds(30))
        }
    }

    private func checkConversion(
        _ adjustment: Adjustment, of obligation: Obligation, by peer: NodeID, at now: Moment
    ) throws(Refusal) {
        guard peer == obligation.creditor else { throw Refusal(term: "obligation", reason: "only its creditor converts it") }
        guard now.utc + Terms.startTolerance >= obligation.deferral.until else {
            throw Refusal(term: "obligation", reason: "its window is not over", retryAfter: obligation.deferral.until - now.utc)
        }
        guard redemptions(of: obligation.id).isEmpty, !obligation.isAccruing else {
            throw Refusal(term: "obligation", reason: "a lease that concerns it is not settled", retryAfter: .minutes(1))
        }
        try check(
            adjustment.amount == Charge(credits: obligation.worth, inKind: obligation.left)
                && adjustment.premium <= obligation.premium, obligation)
    }

    private func checkOffset(_ adjustment: Adjustment, of obligation: Obligation) throws(Refusal) {
        guard let other = adjustment.other.flatMap({ obligations[$0] }), other.debtor == obligation.creditor,
            other.creditor == obligation.debtor, other.proposed == nil
        else { throw Refusal(term: "obligation", reason: "nothing is owed in the other direction") }
        try check(
            adjustment.amount.credits == .zero && adjustment.amount.inKind.fits(in: free(of: obligation))
                && adjustment.amount.inKind.fits(in: free(of: other)), obligation)
    }
}
