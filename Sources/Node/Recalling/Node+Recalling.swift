import Bookkeeping
import Resources
import Trading

// Answers from the ledger. Who asks for an answer may have been away for longer than anything is kept at hand; it gets the same
// answer as ever, for it is what this side has booked.

extension Node {
    /// Has the ledger looked into for what a peer has said.
    mutating func recall(_ subject: RecallSubject, for message: TradeMessage, of peer: NodeID, _ step: inout Step) {
        var budget = recalls[peer] ?? RecallBudget(at: step.now.instant)
        let isAllowed = budget.take(at: step.now.instant)
        recalls[peer] = budget
        if isAllowed { step.act(.recall(Recall(subject: subject, peer: peer, message: message))) }
    }

    /// The ledger was looked into.
    mutating func take(_ recalled: Recalled, for recall: Recall, _ step: inout Step) {
        switch recall.message {
        case .receipt(let offer): repeatAnswer(to: offer, recalled, recall.peer, &step)
        case .receiptAnswer(let reply): settle(late: reply, recalled, from: recall.peer, &step)
        case .adjust(let offer): examine(offer, recalled, from: recall.peer, &step)
        case .dispute(let notice): take(notice, recalled, from: recall.peer, &step)
        case .resolve(let offer): examine(offer, recalled, from: recall.peer, &step)
        default: break
        }
    }

    // MARK: Receipts

    /// A receipt comes again whose lease was forgotten, or never was.
    mutating func recallAnswer(to offer: ReceiptOffer, _ receipt: Receipt, from peer: NodeID, _ step: inout Step) {
        guard receipt.lender == peer, receipt.borrower == id,
            step.notary.verify(offer.lenderSignature, over: offer.document, by: peer)
        else { return }
        recall(.receipt(receipt.id, under: receipt.agreement), for: .receipt(offer), of: peer, &step)
    }

    private mutating func repeatAnswer(
        to offer: ReceiptOffer, _ recalled: Recalled, _ peer: NodeID, _ step: inout Step
    ) {
        guard let signed = recalled.receipt, signed.document == offer.document else { return }
        reply(to: signed, peer, &step)
    }

    /// A receipt as its borrower has answered it; `nil` when it has not.
    func answered(_ receipt: Receipt, _ document: [UInt8], _ recalled: Recalled) -> SignedReceipt? {
        // It may have been answered while the ledger was read.
        let known = [recalled.receipt, leases[receipt.lease]?.bill.answered].compactMap(\.self)
        return known.first { $0.document == document && $0.accepted != nil && $0.borrowerSignature != nil }
    }

    /// What both have agreed on, as it is for the lease of a receipt; `nil` when it is not of such an agreement.
    func agreement(of receipt: Receipt, _ recalled: Recalled) -> Agreement? {
        guard let document = recalled.agreement?.document, let whole = try? Agreement(document: document),
            whole.id == receipt.agreement
        else { return nil }
        return [whole, whole.mirrored].compactMap(\.self).first {
            $0.lease == receipt.lease && $0.lender == receipt.lender && $0.borrower == receipt.borrower
        }
    }
}
