import Bookkeeping
import Resources
import Trading

// How disputes begin: by rule, on both sides with the receipt or the adjustment that is not accepted; or by a person's word, of which
// the other side is told.

extension Node {
    /// A receipt was not accepted in full. Both sides open the dispute with its answer, under one id.
    mutating func openDispute(
        of signed: SignedReceipt, _ refusal: Refusal?, _ evidence: BorrowerEvidence?, _ step: inout Step
    ) {
        let receipt = signed.receipt
        let disputed = receipt.amount - (signed.accepted ?? .zero)
        guard disputed != .zero else { return }
        open(
            Dispute(
                id: DisputeID(of: receipt.transfer), cause: .receipt, receipt: receipt.id, lease: receipt.lease,
                creditor: receipt.lender, debtor: receipt.borrower, opener: receipt.borrower, amount: disputed,
                prices: leases[receipt.lease]?.lease.terms.prices ?? .free, term: refusal?.term,
                reason: String((refusal?.reason ?? "no reason given").prefix(Dispute.longestReason)), metered: receipt.evidence,
                held: evidence, opened: step.now.utc), &step)
    }

    /// The last receipt of a lease was never answered.
    mutating func openDispute(ofUnanswered signed: SignedReceipt, prices: Prices, _ step: inout Step) {
        let receipt = signed.receipt
        guard receipt.amount != .zero else { return }
        open(
            Dispute(
                id: DisputeID(of: receipt.transfer), cause: .unanswered, receipt: receipt.id, lease: receipt.lease,
                creditor: receipt.lender, debtor: receipt.borrower, opener: receipt.lender, amount: receipt.amount,
                prices: prices,
                reason: "the last receipt was never answered", metered: receipt.evidence, opened: step.now.utc, untold: signed),
            &step)
    }

    /// The premium of a conversion was not accepted in full.
    mutating func openDispute(ofPremium signed: SignedAdjustment, of obligation: Obligation, _ step: inout Step) {
        let missing = signed.adjustment.premium - (signed.accepted ?? .zero)
        guard missing > .zero else { return }
        open(
            Dispute(
                id: DisputeID(of: signed.adjustment.transfer), cause: .premium, receipt: nil, lease: obligation.lease,
                creditor: obligation.creditor, debtor: obligation.debtor, opener: obligation.debtor,
                amount: Charge(credits: missing), prices: .free,
                reason: "nothing that was asked for in the window was refused", opened: step.now.utc), &step)
    }

    private mutating func open(_ dispute: Dispute, _ step: inout Step) {
        guard disputes[dispute.id] == nil else { return }
        keep(dispute, &step)
        let peer = dispute.peer(of: id)
        step.tell(
            "dispute.opened", [dispute.id, dispute.lease, peer] + (dispute.receipt.map { [$0] } ?? []),
            dispute.opener == id
                ? "opened against \(name(of: peer)) about \(dispute.amount.text): \(dispute.reason)"
                : "\(name(of: peer)) disputes \(dispute.amount.text): \(dispute.reason)", dispute.details)
        if dispute.untold != nil {
            disputing[dispute.id] = Retry(at: step.now)
            notify(dispute, &step)
        }
    }

    // MARK: By a person

    /// Somebody here says that too much was paid by a receipt.
    mutating func dispute(
        _ id: DisputeID, _ signed: SignedReceipt, _ amount: Microcredits?, _ reason: String, _ step: inout Step
    ) {
        let receipt = signed.receipt
        do throws(Refusal) {
            guard receipt.borrower == self.id, let paid = signed.accepted, signed.borrowerSignature != nil else {
                throw Refusal(term: "receipt", reason: "only its borrower, who has paid by it, can dispute \(receipt.id)")
            }
            let amount = try disputable(receipt, amount, atMost: paid.credits, openedAt: step.now.utc)
            let dispute = Dispute(
                id: id, cause: .person, receipt: receipt.id, lease: receipt.lease, creditor: receipt.lender,
                debtor: receipt.borrower, opener: self.id, amount: Charge(credits: amount), prices: .free,
                reason: String(reason.prefix(Dispute.longestReason)), metered: receipt.evidence,
                held: leases[receipt.lease].map { evidence(about: $0, at: step.now) }, opened: step.now.utc, untold: signed)
            open(dispute, &step)
        } catch {
            step.act(.disputeDecided(id, error))
        }
    }

    /// What a person can dispute of a receipt: `amount`, or all that was paid and not disputed before when it is `nil`. What is
    /// refused once is refused for good, for nothing that is looked at here gets better with time.
    private func disputable(
        _ receipt: Receipt, _ amount: Microcredits?, atMost paid: Microcredits, openedAt time: Timestamp
    ) throws(Refusal) -> Microcredits {
        guard time - receipt.issued <= Dispute.openable else {
            throw Refusal(
                term: "receipt", reason: "it is older than \(Dispute.openable.text), after which none is disputed any more")
        }
        let before = disputes.values.reduce(Microcredits.zero) {
            $1.receipt == receipt.id && $1.isAboutPayment && $1.refusal == nil ? $0 + $1.amount.credits : $0
        }
        let rest = max(.zero, paid - before)
        let amount = amount ?? rest
        guard amount > .zero, amount <= rest else {
            throw Refusal(term: "amount", reason: Self.limit(rest, paid: paid, before: before))
        }
        return amount
    }

    private static func limit(_ rest: Microcredits, paid: Microcredits, before: Microcredits) -> String {
        if paid <= .zero { return "nothing was paid by it in credits, and only credits can be given back" }
        let disputed = before > .zero ? ": \(before.text) of the \(paid.text) paid are or were in dispute" : ""
        return (rest > .zero ? "at most \(rest.text) can be disputed" : "nothing of it is left to dispute") + disputed
    }

    func notify(_ dispute: Dispute, _ step: inout Step) {
        guard let signed = dispute.untold else { return }
        step.send(
            .dispute(
                DisputeNotice(
                    dispute: dispute.id, document: signed.document, lenderSignature: signed.lenderSignature,
                    borrowerSignature: signed.borrowerSignature, amount: dispute.amount, prices: dispute.prices,
                    reason: dispute.reason,
                    evidence: dispute.held, opened: dispute.opened)), to: dispute.peer(of: id))
    }

    /// A peer opens a dispute.
    mutating func take(_ notice: DisputeNotice, from peer: NodeID, _ step: inout Step) {
        guard let receipt = try? Receipt(document: notice.document), isSigned(notice, receipt, step.notary) else { return }
        if let known = disputes[notice.dispute] {
            guard known.receipt == receipt.id, known.peer(of: id) == peer else { return }
            return step.send(.disputeAnswer(notice.dispute, nil), to: peer)
        }
        do throws(Refusal) {
            guard let dispute = try dispute(notice, receipt, from: peer, at: step.now) else { return }
            open(dispute, &step)
            step.send(.disputeAnswer(notice.dispute, nil), to: peer)
        } catch {
            step.send(.disputeAnswer(notice.dispute, error), to: peer)
        }
    }

    private func isSigned(_ notice: DisputeNotice, _ receipt: Receipt, _ notary: any Notary) -> Bool {
        notary.verify(notice.lenderSignature, over: notice.document, by: receipt.lender)
            && (notice.borrowerSignature.map { notary.verify($0, over: notice.document, by: receipt.borrower) } ?? true)
    }

    /// How many disputes a peer may have opened here of those that are remembered.
    static let mostDisputes = 256

    /// What a notice comes to on this side; `nil` when it is to be told again later.
    private func dispute(
        _ notice: DisputeNotice, _ receipt: Receipt, from peer: NodeID, at now: Moment
    ) throws(Refusal) -> Dispute? {
        let isPerson = receipt.lender == id
        guard receipt.lender == id && receipt.borrower == peer || receipt.lender == peer && receipt.borrower == id,
            isPerson == (notice.borrowerSignature != nil)
        else { throw Refusal(term: "receipt", reason: "it is not between the two") }
        guard notice.opened - now.utc <= Timing.idTolerance, notice.dispute.madeAt - now.utc <= Timing.idTolerance else {
            throw Refusal(term: "dispute", reason: "it is dated ahead")
        }
        guard disputes.values.count(where: { $0.opener == peer && $0.cause.needsNotice }) < Self.mostDisputes else { return nil }
        guard isPerson else { return try unanswered(notice, receipt, from: peer) }
        guard notice.amount.inKind == .zero else { throw Refusal(term: "amount", reason: "only credits can be given back") }
        _ = try disputable(
            receipt, notice.amount.credits, atMost: paid(by: receipt), openedAt: now.utc + -Timing.idTolerance)
        return Dispute(
            id: notice.dispute, cause: .person, receipt: receipt.id, lease: receipt.lease, creditor: id, debtor: peer,
            opener: peer,
            amount: notice.amount, prices: .free, reason: String(notice.reason.prefix(Dispute.longestReason)),
            metered: receipt.evidence, held: notice.evidence, opened: now.utc)
    }

    /// What this node was paid by a receipt that its borrower has signed: all but what that did not accept. As long as a receipt can be
    /// disputed, what was not accepted of it is remembered.
    private func paid(by receipt: Receipt) -> Microcredits {
        guard let rest = disputes[DisputeID(of: receipt.transfer)] else { return receipt.amount.credits }
        return receipt.amount.credits - rest.amount.credits
    }

    /// A lender has never heard what this side made of a receipt.
    private func unanswered(_ notice: DisputeNotice, _ receipt: Receipt, from peer: NodeID) throws(Refusal) -> Dispute? {
        guard notice.dispute == DisputeID(of: receipt.transfer), notice.amount == receipt.amount else {
            throw Refusal(term: "dispute", reason: "it is not of that receipt")
        }
        let isAnswered = Charge.units.contains { unit in
            let transfer = receipt.transfer.following(unit.offset)
            return books.remembers(transfer) || books.mayHaveForgotten(transfer)
        }
        guard !isAnswered else { throw Refusal(term: "receipt", reason: "it was answered") }
        return Dispute(
            id: notice.dispute, cause: .unanswered, receipt: receipt.id, lease: receipt.lease, creditor: peer, debtor: id,
            opener: peer, amount: notice.amount, prices: notice.prices,
            reason: String(notice.reason.prefix(Dispute.longestReason)),
            metered: receipt.evidence, opened: notice.opened)
    }

    /// The other side has taken note of a dispute, or says why not.
    mutating func disputeAnswered(_ id: DisputeID, _ refusal: Refusal?, by peer: NodeID, _ step: inout Step) {
        guard var dispute = disputes[id], dispute.peer(of: self.id) == peer, dispute.untold != nil else { return }
        dispute.told(refusal, at: step.now.utc)
        disputing[id] = nil
        keep(dispute, &step)
        if let refusal {
            step.tell(
                "dispute.refused", [id, dispute.lease, peer], "\(name(of: peer)) does not take it up: \(refusal.reason)")
        }
        step.act(.disputeDecided(id, dispute.isOpen ? nil : refusal))
    }

    /// Stores a dispute and records it; what its peer may owe follows.
    mutating func keep(_ dispute: Dispute, _ step: inout Step) {
        disputes[dispute.id] = dispute
        step.record(.dispute(dispute))
        adjustLines(with: dispute.peer(of: id), &step)
    }
}

extension Dispute {
    var details: [Event.Detail] {
        var details = [
            Event.Detail("cause", cause.rawValue), Event.Detail("amount_microcredits", String(amount.credits.rawValue)),
            Event.Detail("amount_in_kind", Charge(inKind: amount.inKind).text),
        ]
        if let metered {
            details += [
                Event.Detail("lender_metered_cpu", metered.usage.cpu.text), Event.Detail("lender_elapsed", metered.elapsed.text),
                Event.Detail("lender_throttled", metered.throttled.text),
            ]
        }
        if let held {
            details += [
                Event.Detail("borrower_plausible_cpu", held.plausible.cpu.text),
                Event.Detail("borrower_elapsed", held.elapsed.text),
                Event.Detail("borrower_jobs_cpu", held.counted?.text ?? "not known"),
            ]
        }
        return details
    }
}
