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
        let prices = leases[receipt.lease]?.lease.terms.prices ?? .free
        open(Dispute(disputed, of: receipt, refusal, evidence, prices: prices, opened: step.now.utc), &step)
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
        precondition(disputes[dispute.id] == nil, "\(dispute.id) is taken, which was free when what it follows from was signed")
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

    /// Whether nothing is in dispute under an id, and nothing that this side has signed can come to be: peers choose some of the ids,
    /// and none of them may stand in the way of another.
    func isFree(_ id: DisputeID) -> Bool {
        disputes[id] == nil
            && !leases.unsettled.values.contains { entry in
                entry.bill.outstanding.map { DisputeID(of: $0.receipt.transfer) == id } ?? false
            }
            && !obligations.unsettled.values.contains { obligation in
                obligation.proposed.map { DisputeID(of: $0.adjustment.transfer) == id } ?? false
            }
    }

    /// Whether a receipt was written off that its borrower may turn out to have answered.
    func isAwaitingAnswer(about dispute: Dispute) -> Bool { dispute.cause == .unanswered && dispute.untold != nil }

    /// Whether that is so of the last receipt of a lease.
    func isWrittenOff(_ lease: LeaseID) -> Bool {
        disputes.waiting.keys.compactMap { disputes[$0] }.contains { $0.lease == lease && isAwaitingAnswer(about: $0) }
    }

    // MARK: By a person

    /// Somebody here says that too much was paid by a receipt.
    ///
    /// - Parameter recalled: the receipt, and the agreement that it is under.
    mutating func dispute(
        _ id: DisputeID, _ recalled: Recalled, _ amount: Microcredits?, _ reason: String, _ step: inout Step
    ) {
        do throws(Refusal) {
            guard let signed = recalled.receipt else { throw Self.unknownReceipt }
            let receipt = signed.receipt
            guard receipt.borrower == self.id, let paid = signed.accepted, signed.borrowerSignature != nil else {
                throw Refusal(term: "receipt", reason: "only its borrower, who has paid by it, can dispute \(receipt.id)")
            }
            guard isFree(id) else { throw Refusal(term: "dispute", reason: "its id is taken: open it again") }
            let amount = try disputable(receipt, recalled, amount, atMost: paid.credits, openedAt: step.now.utc)
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
        _ receipt: Receipt, _ recalled: Recalled, _ amount: Microcredits?, atMost paid: Microcredits, openedAt time: Timestamp
    ) throws(Refusal) -> Microcredits {
        guard let agreement = agreement(of: receipt, recalled) else { throw Self.unknownAgreement }
        guard agreement.other == nil else {
            throw Refusal(
                term: "receipt",
                reason: "it is of a swap: it was paid with what was lent in return, and only credits can be given back")
        }
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

    private static let unknownReceipt = Refusal(term: "receipt", reason: "it is not known here")
    private static let unknownAgreement = Refusal(term: "receipt", reason: "it is under no agreement that is known here")

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
        if isKnown(notice, of: receipt, to: peer) { return step.send(.disputeAnswer(notice.dispute, nil), to: peer) }
        recall(.receipt(receipt.id, under: receipt.agreement), for: .dispute(notice), of: peer, &step)
    }

    private func isKnown(_ notice: DisputeNotice, of receipt: Receipt, to peer: NodeID) -> Bool {
        disputes[notice.dispute].map { known in
            known.receipt == receipt.id && known.peer(of: id) == peer
                && known.cause == (notice.borrowerSignature == nil ? .unanswered : .person)
        } ?? false
    }

    /// The same with what the ledger has of its receipt.
    mutating func take(_ notice: DisputeNotice, _ recalled: Recalled, from peer: NodeID, _ step: inout Step) {
        guard let receipt = try? Receipt(document: notice.document) else { return }
        if isKnown(notice, of: receipt, to: peer) { return step.send(.disputeAnswer(notice.dispute, nil), to: peer) }
        if receipt.borrower == id, receipt.lender == peer, let signed = answered(receipt, notice.document, recalled) {
            // One that cannot make use of the answer is told at least that there is one.
            reply(to: signed, peer, &step)
            return step.send(.disputeAnswer(notice.dispute, Self.wasAnswered), to: peer)
        }
        do throws(Refusal) {
            guard let dispute = try dispute(notice, receipt, recalled, from: peer, at: step.now) else { return }
            open(dispute, &step)
            step.send(.disputeAnswer(notice.dispute, nil), to: peer)
        } catch {
            step.send(.disputeAnswer(notice.dispute, error), to: peer)
        }
    }

    /// What a borrower says beside its answer to a receipt that its lender takes for unanswered.
    private static let wasAnswered = Refusal(term: "answered", reason: "it was answered")

    private func isSigned(_ notice: DisputeNotice, _ receipt: Receipt, _ notary: any Notary) -> Bool {
        notary.verify(notice.lenderSignature, over: notice.document, by: receipt.lender)
            && (notice.borrowerSignature.map { notary.verify($0, over: notice.document, by: receipt.borrower) } ?? true)
    }

    /// How many disputes a peer may have opened here of those that are remembered.
    static let mostDisputes = 256

    /// What a notice comes to on this side; `nil` when it is to be told again later.
    private func dispute(
        _ notice: DisputeNotice, _ receipt: Receipt, _ recalled: Recalled, from peer: NodeID, at now: Moment
    ) throws(Refusal) -> Dispute? {
        let isPerson = receipt.lender == id
        guard receipt.lender == id && receipt.borrower == peer || receipt.lender == peer && receipt.borrower == id,
            isPerson == (notice.borrowerSignature != nil)
        else { throw Refusal(term: "receipt", reason: "it is not between the two") }
        let ahead = [notice.opened, notice.dispute.madeAt, receipt.issued].map { $0 - now.utc }
        guard ahead.allSatisfy({ $0 <= Timing.idTolerance }) else {
            throw Refusal(term: "dispute", reason: "it is dated ahead")
        }
        guard isFree(notice.dispute) else { throw Refusal(term: "dispute", reason: "its id is that of another") }
        guard disputes.values.count(where: { $0.opener == peer && $0.cause.needsNotice }) < Self.mostDisputes else {
            throw Refusal(term: "dispute", reason: "\(Self.mostDisputes) that it has opened are remembered, and no more")
        }
        guard isPerson else { return try unanswered(notice, receipt, recalled, from: peer, at: now) }
        guard notice.amount.inKind == .zero else { throw Refusal(term: "amount", reason: "only credits can be given back") }
        guard let signed = recalled.receipt, signed.document == notice.document else {
            throw Self.unknownReceipt
        }
        // What was paid by it is known when its answer has come.
        guard let paid = signed.accepted?.credits else { return nil }
        _ = try disputable(receipt, recalled, notice.amount.credits, atMost: paid, openedAt: now.utc + -Timing.idTolerance)
        return Dispute(
            id: notice.dispute, cause: .person, receipt: receipt.id, lease: receipt.lease, creditor: id, debtor: peer,
            opener: peer,
            amount: notice.amount, prices: .free, reason: String(notice.reason.prefix(Dispute.longestReason)),
            metered: receipt.evidence, held: notice.evidence, opened: now.utc)
    }

    /// A lender has never heard what this side made of a receipt, and this side has not answered it. Nothing that it claims counts but
    /// for what both have agreed on.
    private func unanswered(
        _ notice: DisputeNotice, _ receipt: Receipt, _ recalled: Recalled, from peer: NodeID, at now: Moment
    ) throws(Refusal) -> Dispute {
        guard notice.dispute == DisputeID(of: receipt.transfer), notice.amount == receipt.amount else {
            throw Refusal(term: "dispute", reason: "it is not of that receipt")
        }
        guard now.utc - receipt.issued <= Dispute.claimable else {
            throw Refusal(
                term: "receipt", reason: "it is older than \(Dispute.claimable.text), after which nothing comes of it any more")
        }
        guard let agreement = agreement(of: receipt, recalled) else { throw Self.unknownAgreement }
        let tariff = agreement.bill(hash: .zero).tariff
        guard receipt.charge == tariff.charge(for: receipt.usage), receipt.amount.fits(in: receipt.charge) else {
            throw Refusal(term: "receipt", reason: "its amount is not its usage at the agreed tariff")
        }
        let dispute = Dispute(
            id: notice.dispute, cause: .unanswered, receipt: receipt.id, lease: receipt.lease, creditor: peer, debtor: id,
            opener: peer, amount: notice.amount, prices: tariff.prices,
            reason: String(notice.reason.prefix(Dispute.longestReason)),
            metered: receipt.evidence, opened: notice.opened)
        guard dispute.isPayable(dispute.amount) else {
            throw Refusal(term: "amount", reason: "it is worth more than can be paid")
        }
        return dispute
    }

    /// The other side has taken note of a dispute, or says why not.
    mutating func disputeAnswered(_ id: DisputeID, _ refusal: Refusal?, by peer: NodeID, _ step: inout Step) {
        guard var dispute = disputes[id], dispute.peer(of: self.id) == peer, dispute.untold != nil else { return }
        // Its answer comes with that, or with the next.
        if refusal?.term == Self.wasAnswered.term { return }
        let isDropped = dispute.isDroppedUntold
        if isDropped, refusal == nil { takeUpAgain(&dispute, &step) }
        dispute.told(refusal, at: step.now.utc)
        disputing[id] = nil
        keep(dispute, &step)
        if dispute.cause == .unanswered { closeInKind(ofWrittenOff: dispute.lease, &step) }
        if isDropped, refusal == nil { giveWay(in: dispute, dispute.left, isBySilence: true, &step) }
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
    /// Of what a borrower has not accepted of a receipt, with what it says to that.
    init(
        _ amount: Charge, of receipt: Receipt, _ refusal: Refusal?, _ evidence: BorrowerEvidence?, prices: Prices,
        opened: Timestamp
    ) {
        self.init(
            id: DisputeID(of: receipt.transfer), cause: .receipt, receipt: receipt.id, lease: receipt.lease,
            creditor: receipt.lender, debtor: receipt.borrower, opener: receipt.borrower, amount: amount, prices: prices,
            term: refusal?.term, reason: String((refusal?.reason ?? "no reason given").prefix(Self.longestReason)),
            metered: receipt.evidence, held: evidence, opened: opened)
    }

    var details: [Event.Detail] {
        var details = [
            Event.Detail("cause", cause.rawValue), Event.Detail("amount_microcredits", String(amount.credits.rawValue)),
        ]
        if amount.inKind != .zero { details.append(Event.Detail("amount_in_kind", Charge(inKind: amount.inKind).text)) }
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
