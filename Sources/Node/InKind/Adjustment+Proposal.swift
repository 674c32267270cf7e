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

// Changes to obligations, seen from the side that proposes: it signs, asks until it is answered, and books what both have signed.

extension Node {
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
            if let obstacle = obstacle(toReducing: obligation) { throw obstacle }
            let free = free(of: obligation)
            adjustment.amount.inKind = part ?? free
            guard adjustment.amount.inKind.isNatural, adjustment.amount.inKind.fits(in: free) else {
                throw Refusal(term: "obligation", reason: "\(inWords(free, of: obligation)): cancel no more than that")
            }
        case .postpone(let until):
            adjustment.kind = .postponement
            adjustment.until = until
            if obligation.left == .zero, !obligation.isAccruing {
                throw Refusal(term: "obligation", reason: "nothing is left of \(obligation.id)")
            }
            guard until > obligation.deferral.until else {
                let end = CivilDate(obligation.deferral.until).rfc3339Seconds
                throw Refusal(term: "until", reason: "\(obligation.id) is due until \(end) already: write a later time")
            }
            guard until - step.now.utc <= Deferral.farthest else {
                throw Refusal(term: "until", reason: "write a time at most \(Deferral.farthest.text) ahead")
            }
            guard obligation.creditor != id || until - step.now.utc <= policy.deferral.within else { throw tooLate }
        case .offset(let other):
            adjustment.kind = .offset
            adjustment.other = other
            guard let second = obligations[other], second.debtor == obligation.creditor, second.creditor == obligation.debtor
            else {
                throw Refusal(term: "obligation", reason: "\(other) is not owed in the other direction")
            }
            if let obstacle = obstacle(toReducing: obligation) ?? obstacle(toReducing: second) { throw obstacle }
            let (ours, theirs) = (free(of: obligation), free(of: second))
            adjustment.amount.inKind = ours.limited(to: theirs)
            guard adjustment.amount.inKind != .zero else {
                throw Refusal(
                    term: "obligation",
                    reason:
                        "\(inWords(ours, of: obligation)), and \(inWords(theirs, of: second)): no resource is owed in both directions"
                )
            }
        }
        return adjustment
    }

    /// Who is owed something waits for no longer than it would let anybody owe it anew.
    var tooLate: Refusal {
        Refusal(
            term: "until",
            reason: "policy '\(policy.name)' of \(name(of: id)) lets others owe for \(policy.deferral.within.text) at most: "
                + "write an earlier time")
    }

    /// Why nothing can come off an obligation; `nil` where something can.
    private func obstacle(toReducing obligation: Obligation) -> Refusal? {
        guard free(of: obligation) == .zero else { return nil }
        guard obligation.left == .zero else {
            return Refusal(
                term: "obligation",
                reason: "all that is left of \(obligation.id), \(obligation.left.text), is set aside for leases that use it up"
            )
        }
        return Refusal(
            term: "obligation",
            reason: obligation.isAccruing
                ? "nothing is owed under \(obligation.id) yet: its lease goes on, and nothing of it is billed"
                : "nothing is left of \(obligation.id)")
    }

    /// What can come off an obligation, and what keeps it from being more.
    private func inWords(_ free: Usage, of obligation: Obligation) -> String {
        let setAside = obligation.left - free
        return setAside == .zero
            ? "\(free.text) are left of \(obligation.id)"
            : "\(free.text) of \(obligation.id) are free, \(setAside.text) are set aside for leases that use it up"
    }

    func blank(_ kind: Adjustment.Kind, of obligation: Obligation, _ step: inout Step) -> Adjustment {
        Adjustment(
            id: step.newID(), kind: kind, obligation: obligation.id, proposer: id,
            answerer: obligation.creditor == id ? obligation.debtor : obligation.creditor, transfer: step.newID(),
            issued: step.now.utc)
    }

    /// What is left of an obligation and not set aside for leases that use it up.
    func free(of obligation: Obligation) -> Usage {
        (obligation.left - redemptions(of: obligation.id).reduce(.zero) { $0 + reserved(for: $1).inKind }).clampedToZero
    }

    mutating func propose(_ adjustment: Adjustment, of obligation: Obligation, _ step: inout Step) {
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

    func send(_ signed: SignedAdjustment, _ step: inout Step) {
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
}
