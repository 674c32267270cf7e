import Bookkeeping
import Resources
import Trading

/// What somebody here wants changed about an obligation.
package enum AdjustmentWish: Hashable, Sendable {
    /// As the creditor: to ask for so much of it no more, or for nothing of it when `nil`.
    case cancel(Usage?)
    /// To let it fall due later.
    case postpone(until: Timestamp)
    /// To take what both owe each other off both.
    case offset(against: ObligationID)
}

// Changes to obligations: one side proposes, the other checks, and both sign.

extension Node {
    // MARK: The side that proposes

    /// Somebody here wants an obligation changed.
    mutating func adjust(_ id: ObligationID, _ wish: AdjustmentWish, _ step: inout Step) {
        do throws(Refusal) {
            guard let obligation = obligations[id] else {
                throw Refusal(term: "obligation", reason: "there is no open obligation \(id)")
            }
            guard obligation.proposed == nil else {
                throw Refusal(term: "obligation", reason: "another change of it is under way", retryAfter: .seconds(5))
            }
            propose(try adjustment(of: obligation, wish, &step), of: obligation, &step)
        } catch {
            step.act(.adjusted(id, error))
        }
    }

    private func adjustment(
        of obligation: Obligation, _ wish: AdjustmentWish, _ step: inout Step
    ) throws(Refusal) -> Adjustment {
        var adjustment = blank(.cancellation, of: obligation, &step)
        switch wish {
        case .cancel(let part):
            guard obligation.creditor == id else {
                throw Refusal(
                    term: "obligation", reason: "only \(name(of: obligation.creditor)), to whom it is owed, can cancel it")
            }
            let free = obligation.left - redemptions(of: obligation.id).reduce(.zero) { $0 + reserved(for: $1).inKind }
            adjustment.amount.inKind = part ?? free.clampedToZero
            guard adjustment.amount.inKind.isNatural, adjustment.amount.inKind.fits(in: free.clampedToZero) else {
                throw Refusal(
                    term: "obligation",
                    reason: "\(Charge(inKind: free.clampedToZero).text) of it can be cancelled, leases use the rest")
            }
        case .postpone(let until):
            adjustment.kind = .postponement
            adjustment.until = until
            guard until > obligation.deferral.until else {
                throw Refusal(term: "until", reason: "it is due until later than that already")
            }
            guard until - step.now.utc <= Deferral.farthest else {
                throw Refusal(term: "until", reason: "at most \(Deferral.farthest.text) ahead")
            }
        case .offset(let other):
            adjustment.kind = .offset
            adjustment.other = other
            guard let second = obligations[other], second.debtor == obligation.creditor, second.creditor == obligation.debtor
            else {
                throw Refusal(term: "obligation", reason: "\(other) is not owed in the other direction")
            }
            adjustment.amount.inKind = free(of: obligation).limited(to: free(of: second))
        }
        guard adjustment.kind == .postponement || adjustment.amount.inKind != .zero else {
            throw Refusal(term: "obligation", reason: "nothing of it is left to change")
        }
        return adjustment
    }

    private func blank(_ kind: Adjustment.Kind, of obligation: Obligation, _ step: inout Step) -> Adjustment {
        Adjustment(
            id: step.newID(), kind: kind, obligation: obligation.id, proposer: id,
            answerer: obligation.creditor == id ? obligation.debtor : obligation.creditor, transfer: step.newID(),
            issued: step.now.utc)
    }

    /// What is left of an obligation and not set aside for leases that use it up.
    private func free(of obligation: Obligation) -> Usage {
        (obligation.left - redemptions(of: obligation.id).reduce(.zero) { $0 + reserved(for: $1).inKind }).clampedToZero
    }

    private mutating func propose(_ adjustment: Adjustment, of obligation: Obligation, _ step: inout Step) {
        var obligation = obligation
        let document = adjustment.document
        let signed = SignedAdjustment(
            adjustment: adjustment, document: document, proposerSignature: step.notary.sign(document))
        obligation.propose(signed)
        keep(obligation, &step)
        adjusting[obligation.id] = Retry(at: step.now)
        step.tell(
            "obligation.proposed", [obligation.id, adjustment.id, adjustment.answerer],
            "asked \(name(of: adjustment.answerer)) to agree: \(adjustment.story)")
        send(signed, &step)
    }

    private func send(_ signed: SignedAdjustment, _ step: inout Step) {
        let offer = AdjustmentOffer(document: signed.document, signature: signed.proposerSignature)
        step.send(.adjust(offer), to: signed.adjustment.answerer)
    }

    /// The other side has answered.
    mutating func adjusted(_ reply: AdjustmentReply, by peer: NodeID, _ step: inout Step) {
        guard var obligation = obligations[reply.obligation], var signed = obligation.proposed,
            signed.adjustment.id == reply.adjustment, signed.adjustment.answerer == peer
        else { return }
        guard let signature = reply.signature else { return dropProposal(obligation, reply.refusal, &step) }
        guard step.notary.verify(signature, over: signed.document, by: peer),
            (Microcredits.zero...signed.adjustment.premium).contains(reply.accepted)
        else { return }
        signed.answererSignature = signature
        signed.accepted = reply.accepted
        obligation.propose(nil)
        adjusting[obligation.id] = nil
        carryOut(signed, obligation, &step)
        step.act(.adjusted(obligation.id, nil))
    }

    private mutating func dropProposal(_ obligation: Obligation, _ refusal: Refusal?, _ step: inout Step) {
        var obligation = obligation
        let refusal = refusal ?? Refusal(term: "obligation", reason: "no reason given")
        let proposed = obligation.proposed
        obligation.propose(nil)
        adjusting[obligation.id] = nil
        keep(obligation, &step)
        let subjects: [any CustomStringConvertible] = [obligation.id] + (proposed.map { [$0.adjustment.id] } ?? [])
        step.tell("obligation.declined", subjects, "the other side does not agree: \(refusal)")
        if proposed?.adjustment.kind == .conversion { convertAt[obligation.id] = Deadline(Timing.longestRetry, after: step.now) }
        step.act(.adjusted(obligation.id, refusal))
    }

    // MARK: The side that answers

    /// Checks what is proposed against what this side knows, and signs it or says why not.
    mutating func examine(_ offer: AdjustmentOffer, from peer: NodeID, _ step: inout Step) {
        guard let adjustment = try? Adjustment(document: offer.document), adjustment.proposer == peer, adjustment.answerer == id,
            step.notary.verify(offer.signature, over: offer.document, by: peer)
        else { return }
        if let known = answer(to: adjustment) {
            guard known.document == offer.document else { return }
            return reply(known, &step)
        }
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
            let reply = AdjustmentReply(adjustment: adjustment.id, obligation: adjustment.obligation, refusal: error)
            step.send(.adjusted(reply), to: peer)
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
        guard obligation.proposed == nil else {
            throw Refusal(term: "obligation", reason: "another change of it is under way", retryAfter: .seconds(5))
        }
        guard isTimely(adjustment.transfer, at: now),
            Charge.units.allSatisfy({ unit in
                !books.remembers(adjustment.transfer.following(unit.offset))
            })
        else { throw Refusal(term: "obligation", reason: "its transfers have ids that were used before or are dated ahead") }
        switch adjustment.kind {
        case .conversion: try checkConversion(adjustment, of: obligation, by: peer, at: now)
        case .cancellation:
            guard peer == obligation.creditor else { throw Refusal(term: "obligation", reason: "only its creditor cancels it") }
            try check(adjustment.amount.inKind.fits(in: free(of: obligation)) && adjustment.amount.credits == .zero)
        case .offset: try checkOffset(adjustment, of: obligation)
        case .postponement:
            try check(adjustment.amount == .zero && adjustment.until.map { $0 - now.utc <= Deferral.farthest } == true)
            // Who is owed something waits for no longer than it would let anybody owe it anew.
            let latest = now.utc + policy.deferral.within
            guard obligation.debtor == id || adjustment.until.map({ $0 <= latest }) == true else {
                throw Refusal(term: "until", reason: "the policy lets others owe for \(policy.deferral.within.text) at most")
            }
        }
        guard adjustment.kind == .conversion || adjustment.premium == .zero else {
            throw Refusal(term: "obligation", reason: "there is no premium on that")
        }
        return obligation
    }

    private func check(_ isRight: Bool) throws(Refusal) {
        guard isRight else {
            throw Refusal(term: "obligation", reason: "it is not what is left of it here", retryAfter: .seconds(30))
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
                && adjustment.premium <= obligation.premium)
    }

    private func checkOffset(_ adjustment: Adjustment, of obligation: Obligation) throws(Refusal) {
        guard let other = adjustment.other.flatMap({ obligations[$0] }), other.debtor == obligation.creditor,
            other.creditor == obligation.debtor, other.proposed == nil
        else { throw Refusal(term: "obligation", reason: "nothing is owed in the other direction") }
        try check(
            adjustment.amount.credits == .zero && adjustment.amount.inKind.fits(in: free(of: obligation))
                && adjustment.amount.inKind.fits(in: free(of: other)))
    }

    // MARK: Both

    /// Books what both have signed.
    private mutating func carryOut(_ signed: SignedAdjustment, _ obligation: Obligation, _ step: inout Step) {
        let adjustment = signed.adjustment
        var changed = obligation
        changed.apply(adjustment)
        keep(changed, &step)
        if let other = adjustment.other, var second = obligations[other] {
            second.apply(adjustment)
            keep(second, &step)
            tellIfSettled(second, &step)
        }
        convertAt[changed.id] = nil
        post(signed, of: changed, &step)
        step.record(.adjustment(signed))
        let peer = adjustment.proposer == id ? adjustment.answerer : adjustment.proposer
        step.tell(
            "obligation.adjusted", [changed.id, adjustment.id, adjustment.transfer, peer],
            "agreed with \(name(of: peer)): \(adjustment.story)")
        tellIfSettled(changed, &step)
    }

    private mutating func post(_ signed: SignedAdjustment, of obligation: Obligation, _ step: inout Step) {
        let adjustment = signed.adjustment
        let place: Account
        switch adjustment.kind {
        case .conversion: place = .converted
        case .cancellation: place = .cancelled
        // What both owe each other in kind is one balance already.
        case .offset, .postponement: return
        }
        let isCreditor = obligation.creditor == id
        let peer = Account.peer(isCreditor ? obligation.debtor : obligation.creditor)
        var owed = adjustment.amount
        owed.credits = owed.credits + (signed.accepted ?? .zero)
        let transfers = owed.parts.map { part in
            // In kind the debt is taken off, in credits it is put on.
            let isDebit = (part.unit == .credit) == isCreditor
            return Transfer(
                id: adjustment.transfer.following(part.unit.offset), kind: .direct, unit: part.unit,
                debit: isDebit ? peer : place, credit: isDebit ? place : peer, amount: part.amount, lease: obligation.lease,
                at: step.now.utc)
        }
        _ = book(linked: transfers, isAcknowledged: true, &step)
        let missing = adjustment.premium - (signed.accepted ?? .zero)
        guard isCreditor, missing > .zero else { return }
        let disputed = Transfer(
            id: adjustment.transfer.following(Self.disputeOffset), kind: .direct, debit: .disputed(obligation.debtor),
            credit: place, amount: missing, lease: obligation.lease, at: step.now.utc)
        _ = book(disputed, isAcknowledged: true, &step)
        step.tell(
            "obligation.disputed", [obligation.id, adjustment.id, obligation.debtor],
            "\(name(of: obligation.debtor)) disputes the premium of \(missing.text)")
    }

    // MARK: Timers

    /// Sends again what was not answered, and proposes to convert what was not redeemed in time.
    mutating func runObligationTimers(_ step: inout Step) {
        obligations.forget(at: step.now.utc)
        for (id, obligation) in obligations.unsettled.pairs {
            if let signed = obligation.proposed {
                var retry = adjusting[id] ?? Retry(due: step.now)
                guard retry.at.hasPassed(at: step.now) else { continue }
                retry.again(at: step.now, longest: Timing.longestRetry)
                adjusting[id] = retry
                send(signed, &step)
            } else if let due = conversionDue(of: obligation, at: step.now), due.hasPassed(at: step.now) {
                convert(obligation, &step)
            }
        }
    }

    private mutating func convert(_ obligation: Obligation, _ step: inout Step) {
        guard redemptions(of: obligation.id).isEmpty else {
            convertAt[obligation.id] = Deadline(.minutes(1), after: step.now)
            return
        }
        var adjustment = blank(.conversion, of: obligation, &step)
        adjustment.amount = Charge(credits: obligation.worth, inKind: obligation.left)
        adjustment.premium = obligation.wasRefused ? obligation.premium : .zero
        propose(adjustment, of: obligation, &step)
    }

    /// When a creditor converts what is left; `nil` while nothing is, or more may come.
    private func conversionDue(of obligation: Obligation, at now: Moment) -> Deadline? {
        guard obligation.creditor == id, !obligation.isAccruing, obligation.left != .zero else { return nil }
        let due = Deadline(obligation.deferral.until - now.utc, after: now)
        return convertAt[obligation.id] ?? due
    }

    /// When something about obligations is due next.
    func nextObligationWake(at now: Moment) -> Instant? {
        var wake: Instant?
        for obligation in obligations.unsettled.values {
            let due =
                obligation.proposed == nil
                ? conversionDue(of: obligation, at: now) : (adjusting[obligation.id] ?? Retry(due: now)).at
            guard let instant = due?.instant(at: now) else { continue }
            wake = min(wake ?? instant, instant)
        }
        return wake
    }

    /// A peer can be reached again: what it was asked is asked at once.
    mutating func hasten(adjustmentsWith peer: NodeID, at now: Moment) {
        for obligation in obligations.unsettled.values where obligation.proposed?.adjustment.answerer == peer {
            adjusting[obligation.id]?.hasten(at: now)
        }
    }
}

extension Adjustment {
    /// What it is, for people.
    package var story: String {
        switch kind {
        case .conversion:
            "\(Charge(inKind: amount.inKind).text) become \(amount.credits.text)"
                + (premium > .zero ? " and a premium of \(premium.text)" : "")
        case .cancellation: "\(Charge(inKind: amount.inKind).text) are asked for no more"
        case .offset: "\(Charge(inKind: amount.inKind).text) are taken off on both sides"
        case .postponement: "it falls due later"
        }
    }
}
