import Bookkeeping
import Resources
import Trading

// What both sides book once both have signed a change to an obligation.

extension Node {
    /// Books what both have signed.
    mutating func carryOut(_ signed: SignedAdjustment, _ obligation: Obligation, _ step: inout Step) {
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
        noteRefusal(signed, of: changed, &step)
        openDispute(ofPremium: signed, of: changed, &step)
        step.record(.adjustment(signed))
        let peer = adjustment.proposer == id ? adjustment.answerer : adjustment.proposer
        step.tell(
            "obligation.adjusted", [changed.id, adjustment.id, adjustment.transfer, peer],
            "agreed with \(name(of: peer)): \(adjustment.story)")
        tellIfSettled(changed, &step)
    }

    /// What was asked for and not given lowers the debtor's standing with its creditor for good.
    private mutating func noteRefusal(_ signed: SignedAdjustment, of obligation: Obligation, _ step: inout Step) {
        let adjustment = signed.adjustment
        guard adjustment.kind == .conversion, adjustment.premium > .zero, obligation.creditor == id else { return }
        creditHonour(of: obligation.debtor, { $0.refused += adjustment.amount.credits + adjustment.premium }, &step)
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
        enter(transfers, &step)
        let missing = adjustment.premium - (signed.accepted ?? .zero)
        guard isCreditor, missing > .zero else { return }
        let disputed = Transfer(
            id: adjustment.transfer.following(Self.disputeOffset), kind: .direct, debit: .disputed(obligation.debtor),
            credit: place, amount: missing, lease: obligation.lease, at: step.now.utc)
        enter([disputed], &step)
        step.tell(
            "obligation.disputed", [obligation.id, adjustment.id, obligation.debtor],
            "\(name(of: obligation.debtor)) disputes the premium of \(missing.text)")
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
