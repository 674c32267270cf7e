import Bookkeeping
import Resources
import Trading

// The answer to a last receipt that comes after its lender has written the amount off: its borrower had booked it, and nobody had told.

extension Node {
    /// The borrower's answer is to no receipt that is outstanding: it may be to one that was written off.
    mutating func recallWrittenOff(_ reply: ReceiptReply, from peer: NodeID, _ step: inout Step) {
        guard let dispute = writtenOff(reply.receipt, with: peer), let signed = dispute.untold,
            reply.accepted.isNatural, reply.accepted.fits(in: signed.receipt.amount),
            step.notary.verify(reply.borrowerSignature, over: signed.document, by: peer)
        else { return }
        recall(.receipt(reply.receipt, under: signed.receipt.agreement), for: .receiptAnswer(reply), of: peer, &step)
    }

    private func writtenOff(_ receipt: ReceiptID, with peer: NodeID) -> Dispute? {
        disputes.waiting.keys.compactMap { disputes[$0] }.first {
            $0.cause == .unanswered && $0.debtor == peer && $0.untold?.receipt.id == receipt
        }
    }

    /// Books what the borrower has booked, as if its answer had come in time.
    mutating func settle(late reply: ReceiptReply, _ recalled: Recalled, from peer: NodeID, _ step: inout Step) {
        guard var dispute = writtenOff(reply.receipt, with: peer), var signed = dispute.untold else { return }
        (signed.borrowerSignature, signed.accepted) = (reply.borrowerSignature, reply.accepted)
        let (receipt, agreement) = (signed.receipt, agreement(of: signed.receipt, recalled))
        let isDropped = dispute.isDroppedUntold
        if isDropped { takeUpAgain(&dispute, &step) }
        post(late: reply.accepted, of: receipt, agreement, &step)
        payCompensation(receipt, debit: .spent, credit: .peer(peer), &step)
        creditHonour(of: peer, { $0.returned += receipt.compensation }, &step)
        settleInKind(late: reply.accepted.inKind, of: receipt, agreement, &step)
        let rest = receipt.amount - reply.accepted
        if rest == .zero {
            dispute.answer(late: reply.accepted, at: step.now.utc)
        } else {
            dispute = Dispute(
                rest, of: receipt, reply.dispute, reply.evidence, prices: dispute.prices, opened: dispute.opened)
        }
        disputing[dispute.id] = nil
        step.record(.receipt(signed))
        keep(dispute, &step)
        step.tell(
            "receipt.settled", [receipt.id, receipt.transfer, receipt.lease, peer], receipt.story(name(of: peer)), receipt.details
        )
        if dispute.isOpen {
            step.tell(
                "dispute.reduced", [dispute.id, dispute.lease, receipt.id, peer],
                "\(name(of: peer)) had answered: it accepts \(reply.accepted.text)",
                [Event.Detail("left_microcredits", String(dispute.left.credits.rawValue))])
            if isDropped { giveWay(in: dispute, dispute.left, isBySilence: true, &step) }
        } else {
            step.tell(
                "dispute.resolved", [dispute.id, dispute.lease, receipt.id, peer],
                "\(name(of: peer)) had answered: it accepts \(reply.accepted.text)",
                [Event.Detail("left_microcredits", String(dispute.left.credits.rawValue))])
        }
        compareSoon(with: peer, at: step.now)
    }

    /// What was dropped by this side alone stands apart again: the other side knows of it after all.
    mutating func takeUpAgain(_ dispute: inout Dispute, _ step: inout Step) {
        dispute.takeUpAgain()
        guard let receipt = dispute.untold?.receipt else { return }
        self.dispute(dispute.left, of: receipt, as: step.newID(), with: dispute.debtor, &step)
    }

    /// Moves what was accepted from what stands apart to what is owed; of a swap whose other half goes on, to what that pays. Of a swap
    /// that is settled it stands beside what its borrower has moved then.
    private mutating func post(late amount: Charge, of receipt: Receipt, _ agreement: Agreement?, _ step: inout Step) {
        let peer = receipt.borrower
        var (id, debit) = (receipt.transfer, Account.peer(peer))
        if let other = agreement?.other {
            if let given = swaps[receipt.agreement] {
                debit = .swap(peer)
                note(given: amount.credits, in: given, &step)
            } else {
                id = other.settlement
            }
        }
        enter(
            amount.parts.map { part in
                Transfer(
                    id: id.following(part.unit.offset), kind: .direct, unit: part.unit, debit: debit, credit: .disputed(peer),
                    amount: part.amount, lease: receipt.lease, at: step.now.utc)
            }, &step)
    }

    private mutating func settleInKind(
        late usage: Usage, of receipt: Receipt, _ agreement: Agreement?, _ step: inout Step
    ) {
        closeInKind(ofWrittenOff: receipt.lease, adding: usage, &step)
        guard case .redemption(let id) = agreement?.terms.consideration else { return }
        redeem(usage, of: id, by: receipt.lease, of: receipt.borrower, &step)
    }
}
