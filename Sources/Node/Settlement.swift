import Bookkeeping
import Resources
import Trading

// Money: reservations, receipts and what they post in the books.

extension Node {
    /// Notes what a peer lets this node owe.
    mutating func noteLimit(_ limit: Microcredits, of peer: NodeID, _ step: inout Step) {
        var line = trustLine(with: peer, in: .credit, &step)
        let limit = LedgerAmount(limit)
        guard line.received != limit, (LedgerAmount.zero...LedgerAmount.most).contains(limit) else { return }
        line.received = limit
        books.set(line)
        step.record(.trustLine(line))
    }

    /// Books transfers that belong together, all or none, and records them; says why when limits or what is known of their ids do not
    /// allow it. What is signed already is booked by ``enter(_:_:)``: nothing of that is asked for any more.
    mutating func book(linked transfers: [Transfer], _ step: inout Step) -> Refusal? {
        do throws(BooksError) {
            try apply(transfers, isAcknowledged: false, &step)
            return nil
        } catch {
            return Refusal(term: "credit", reason: describe(error))
        }
    }

    private mutating func apply(_ transfers: [Transfer], isAcknowledged: Bool, _ step: inout Step) throws(BooksError) {
        guard try books.apply(linked: transfers, at: step.now, isAcknowledged: isAcknowledged) == .applied else { return }
        for transfer in transfers {
            step.record(.transfer(transfer))
            notePayment(transfer)
            noteIdle(by: transfer, &step)
            if case .peer(let peer) = transfer.credit, let line = books.trustLine(with: peer) { adjust(line, &step) }
        }
    }

    private mutating func noteIdle(by transfer: Transfer, _ step: inout Step) {
        guard transfer.unit == .credit else { return }
        for case .peer(let peer) in [transfer.debit, transfer.credit] { noteIdle(with: peer, &step) }
    }

    /// Books what all sides have agreed on, under the ids that they all use for it. Should a peer have used one of them for something
    /// else meanwhile, all are under the next that are free: no amount may depend on what others name their transfers, and where
    /// ledgers are compared they stand in the same place.
    ///
    /// - Precondition: the transfers belong together, and are possible: figures of peers were checked before they were agreed to.
    mutating func enter(_ transfers: [Transfer], _ step: inout Step) {
        var free = transfers
        while true {
            do throws(BooksError) { return try apply(free, isAcknowledged: true, &step) } catch {
                precondition(free.contains { books.remembers($0.id) }, "what was agreed on cannot be booked: \(error)")
                for place in free.indices { free[place].id = free[place].id.following(1) }
            }
        }
    }

    /// The same of one that is named by the id.
    mutating func enter(as id: TransferID, _ step: inout Step, _ make: (TransferID, Timestamp) -> Transfer) {
        enter([make(id, step.now.utc)], &step)
    }

    /// The same of several that are named after the id.
    mutating func enter(linkedAs id: TransferID, _ step: inout Step, _ make: (TransferID, Timestamp) -> [Transfer]) {
        enter(make(id, step.now.utc), &step)
    }

    /// With the names of peers, as people know them.
    private func describe(_ error: BooksError) -> String {
        switch error {
        case .peerLimit(let peer, _, _, _), .ownLimit(let peer, _, _, _), .noTrustLine(let peer, _):
            error.description.replacing(peer.description, with: name(of: peer))
        default: error.description
        }
    }

    /// Whether an id of a peer's making is not dated ahead. The books forget ids by age: some that stay the youngest for
    /// years would crowd out all others.
    func isTimely(_ id: TransferID, at now: Moment) -> Bool { id.madeAt - now.utc <= Timing.idTolerance }

    // MARK: The lender

    /// Draws up the next receipt of a lease and sends it, unless one awaits its answer or the last was final.
    mutating func drawReceipt(_ id: LeaseID, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.role == .lender, entry.bill.outstanding == nil, !entry.bill.isFinal else {
            return
        }
        let isFinal = !entry.lease.isOpen && entry.isRead
        let elapsed = entry.lease.elapsed(at: step.now)
        #if Defects
            let most = Usage(of: entry.lease.terms.amounts, for: Defect.active == .metersBelieved ? .hours(1000) : elapsed)
        #else
            let most = Usage(of: entry.lease.terms.amounts, for: elapsed)
        #endif
        let usage = entry.billable(at: step.now).limited(to: most)
        entry.receiptDue = isFinal ? nil : Deadline(rhythm.receipts, after: step.now)
        guard isFinal || !entry.bill.tariff.charge(for: usage).fits(in: entry.bill.charged) else {
            leases[id] = entry
            return
        }
        let pays = isFinal && entry.compensation > .zero
        let signed = entry.bill.draw(
            Bill.Statement(
                receipt: step.newID(), transfer: step.newID(), compensationTransfer: pays ? step.newID() : nil, elapsed: elapsed,
                usage: entry.bill.usage.fits(in: usage) ? usage : entry.bill.usage, throttled: entry.meter.throttled,
                compensation: isFinal ? entry.compensation : .zero, isFinal: isFinal, issued: step.now.utc),
            notary: step.notary)
        entry.retry = Retry(at: step.now)
        step.record(.receipt(signed))
        keep(entry, &step)
        step.send(
            .receipt(ReceiptOffer(document: signed.document, lenderSignature: signed.lenderSignature)), to: entry.lease.peer)
    }

    /// The borrower has co-signed: the amount is posted.
    mutating func settle(_ reply: ReceiptReply, from peer: NodeID, _ step: inout Step) {
        guard var entry = leases.unsettled.values.first(where: { $0.bill.outstanding?.receipt.id == reply.receipt }),
            entry.lease.peer == peer, entry.lease.role == .lender,
            let signed = entry.bill.settle(
                reply.receipt, signature: reply.borrowerSignature, accepted: reply.accepted, notary: step.notary)
        else { return recallWrittenOff(reply, from: peer, &step) }
        entry.retry = nil
        let receipt = signed.receipt
        post(reply.accepted, of: receipt, &entry, &step)
        #if Defects
            if Defect.active == .settledTwice {
                let again = Transfer(
                    id: receipt.transfer.following(500), kind: .direct, debit: .peer(peer), credit: .earned,
                    amount: reply.accepted.credits, lease: entry.id, at: step.now.utc)
                enter([again], &step)
            }
        #endif
        let disputed = receipt.amount - reply.accepted
        if disputed != .zero {
            dispute(disputed, of: receipt, as: receipt.transfer.following(Self.disputeOffset), with: peer, &step)
            step.tell(
                "receipt.disputed", [receipt.id, entry.id, peer],
                "\(name(of: peer)) disputes \(disputed.text): \(reply.dispute?.reason ?? "no reason given")")
            openDispute(of: signed, reply.dispute, reply.evidence, &step)
        }
        payCompensation(receipt, debit: .spent, credit: .peer(peer), &step)
        creditHonour(of: peer, { $0.returned += receipt.compensation }, &step)
        step.record(.receipt(signed))
        step.tell(
            "receipt.settled", [receipt.id, receipt.transfer, entry.id, peer], receipt.story(name(of: peer)), receipt.details)
        if receipt.isFinal { finish(&entry, &step) }
        keep(entry, &step)
        if !receipt.isFinal, !entry.lease.isOpen, entry.isRead { drawReceipt(entry.id, &step) }
    }

    /// What a peer did not accept stays apart from what it owes.
    mutating func dispute(
        _ amount: Charge, of receipt: Receipt, as id: TransferID, with peer: NodeID, _ step: inout Step
    ) {
        let transfers = amount.parts.map { part in
            Transfer(
                id: id.following(part.unit.offset), kind: .direct, unit: part.unit, debit: .disputed(peer), credit: .earned,
                amount: part.amount, lease: receipt.lease, at: step.now.utc)
        }
        enter(transfers, &step)
    }

    // MARK: The borrower

    /// Checks a receipt against this side's own clock and prices, and co-signs what is plausible of it.
    mutating func examine(_ offer: ReceiptOffer, from peer: NodeID, _ step: inout Step) {
        guard let receipt = try? Receipt(document: offer.document) else { return }
        guard var entry = leases[receipt.lease] else { return recallAnswer(to: offer, receipt, from: peer, &step) }
        guard entry.lease.role == .borrower, entry.lease.peer == peer else { return }
        let plausible = plausible(entry, at: step.now)
        #if Defects
            let mostPlausible = Defect.active == .metersBelieved ? receipt.usage : plausible
        #else
            let mostPlausible = plausible
        #endif
        let reserved =
            entry.lease.other == nil
            ? payable(for: entry, at: step.now)
            : entry.bill.tariff.ceiling(for: entry.lease.terms.amounts, term: entry.lease.terms.term)
        do throws(Bill.Fault) {
            let finding = try entry.bill.examine(
                document: offer.document, signature: offer.lenderSignature, plausible: mostPlausible,
                reserved: reserved, notary: step.notary)
            switch finding {
            case .repeated(let signed): reply(to: signed, peer, &step)
            case .new(let signed, let accepted, let dispute):
                guard !isFreeExcess(signed.receipt.usage, of: entry, at: step.now) else {
                    throw Bill.Fault.conflicting("it states more usage than the lease can give, which costs nothing")
                }
                guard isBookable(signed.receipt, of: entry, at: step.now) else {
                    throw Bill.Fault.conflicting("its transfers have ids that were used before or are dated ahead")
                }
                let missing = signed.receipt.isFinal ? max(.zero, entry.compensation - signed.receipt.compensation) : .zero
                let paid = Charge(credits: max(.zero, accepted.credits - missing), inKind: accepted.inKind)
                let answered = entry.bill.answer(signed, accepted: paid, notary: step.notary)
                accept(answered, paid, dispute ?? Self.objection(toMissing: missing), of: &entry, from: peer, &step)
            }
        } catch .outdated {
            return
        } catch {
            step.tell("receipt.refused", [receipt.id, entry.id, peer], "refused a receipt of \(name(of: peer)): \(error)")
        }
    }

    /// How much more this node may come to owe a peer, unit by unit.
    func headroom(weMayOwe peer: NodeID) -> Charge {
        Charge.units.reduce(into: Charge.zero) { $0[$1] = books.headroom(weMayOwe: peer, in: $1) }
    }

    private static func objection(toMissing compensation: Microcredits) -> Refusal? {
        guard compensation > .zero else { return nil }
        return Refusal(
            term: "compensation", reason: "the lease was ended without its notice, and \(compensation.text) are not paid for that"
        )
    }

    /// Whether usage is more than a lease can give in all its term, and what is beyond that costs nothing: then no dispute would tell that
    /// it was not accepted, and it is not signed at all.
    private func isFreeExcess(_ usage: Usage, of entry: LeaseEntry, at now: Moment) -> Bool {
        let most = Usage(of: entry.lease.terms.amounts, for: entry.lease.wholeTerm(at: now) + Timing.clockSlack)
        let tariff = entry.bill.tariff
        return !usage.fits(in: most) && tariff.charge(for: usage.limited(to: most)) == tariff.charge(for: usage)
    }

    /// Whether everything the receipt moves can be booked under the ids it names: what is co-signed must reach the books.
    private func isBookable(_ receipt: Receipt, of entry: LeaseEntry, at now: Moment) -> Bool {
        var ids = receipt.amount.parts.flatMap { part in
            (0...UInt64(entry.reservations.count)).map { receipt.transfer.following(part.unit.offset + $0) }
        }
        if let compensation = receipt.compensationTransfer { ids.append(compensation) }
        guard isFree(DisputeID(of: receipt.transfer)) else { return false }
        return Set(ids).count == ids.count && ids.allSatisfy { isTimely($0, at: now) && !books.remembers($0) }
    }

    private mutating func accept(
        _ signed: SignedReceipt, _ accepted: Charge, _ dispute: Refusal?, of entry: inout LeaseEntry,
        from peer: NodeID, _ step: inout Step
    ) {
        let receipt = signed.receipt
        #if Defects
            let rounding = Defect.active == .roundedUp && accepted.credits > .zero ? Charge(credits: 1) : .zero
            let accepted = accepted + rounding
        #endif
        post(accepted, of: receipt, &entry, &step)
        payCompensation(receipt, debit: .peer(peer), credit: .earned, &step)
        step.record(.receipt(signed))
        if let dispute {
            step.tell(
                "receipt.disputed", [receipt.id, entry.id, peer], "disputed a receipt of \(name(of: peer)): \(dispute.reason)")
        }
        openDispute(of: signed, dispute, evidence(about: entry, at: step.now), &step)
        step.tell(
            "receipt.settled", [receipt.id, receipt.transfer, entry.id, peer], receipt.story(name(of: peer)), receipt.details)
        if receipt.isFinal {
            // What is paid is what the lender signed; until then this side reckoned with its own clock.
            entry.compensation = receipt.compensation
            dropRenewal(of: &entry, &step)
            _ = entry.lease.close(.expired, reason: "", at: step.now)
            finish(&entry, &step)
        }
        keep(entry, &step)
        if receipt.isFinal { endReturn(for: entry, &step) } else { keepInStep(with: receipt, of: entry, &step) }
        reply(to: signed, peer, &step)
    }

    func reply(to signed: SignedReceipt, _ peer: NodeID, _ step: inout Step) {
        guard let signature = signed.borrowerSignature, let accepted = signed.accepted else { return }
        let dispute = accepted == signed.receipt.amount ? nil : disputes[DisputeID(of: signed.receipt.transfer)]
        step.send(
            .receiptAnswer(
                ReceiptReply(
                    receipt: signed.receipt.id, borrowerSignature: signature, accepted: accepted,
                    dispute: dispute.map { Refusal(term: $0.term ?? "receipt", reason: $0.reason) }, evidence: dispute?.held)),
            to: peer)
    }

    // MARK: Both

    static let disputeOffset: UInt64 = 1000

    /// Posts an accepted amount out of the lease's reservations, oldest first, and gives back those whose term the receipt
    /// covers. What they no longer hold, because they have lapsed, is owed all the same: both sides have signed for it.
    private mutating func post(_ amount: Charge, of receipt: Receipt, _ entry: inout LeaseEntry, _ step: inout Step) {
        guard entry.lease.other == nil else { return post(amount.credits, ofSwap: receipt, entry, &step) }
        let peer = Account.peer(entry.lease.peer)
        let (debit, credit) = entry.lease.role == .lender ? (peer, .earned) : (Account.spent, peer)
        defer {
            for past in entry.reservations where past.covers <= receipt.elapsed { void(past.transfer, &step) }
            let latest = entry.reservations.last
            entry.reservations.removeAll { $0.covers <= receipt.elapsed && $0 != latest }
        }
        let transfers = amount.parts.flatMap { part in
            posts(of: part.amount, in: part.unit, of: receipt, entry, debit: debit, credit: credit, at: step.now.utc)
        }
        enter(transfers, &step)
        settleInKind(amount.inKind, of: entry.lease, &step)
    }

    /// The transfers that post an amount in one unit.
    private func posts(
        of amount: LedgerAmount, in unit: LedgerUnit, of receipt: Receipt, _ entry: LeaseEntry, debit: Account, credit: Account,
        at time: Timestamp
    ) -> [Transfer] {
        let first = receipt.transfer.following(unit.offset)
        var left = amount
        var transfers: [Transfer] = []
        for reserved in entry.reservations where left > .zero {
            guard let reservation = books.reservation(reserved.transfer.following(unit.offset)), reservation.remaining > .zero
            else { continue }
            let taken = min(left, reservation.remaining)
            transfers.append(reservation.post(taken, as: first.following(UInt64(transfers.count)), at: time))
            left = left - taken
        }
        guard left > .zero else { return transfers }
        let rest = Transfer(
            id: first.following(UInt64(transfers.count)), kind: .direct, unit: unit, debit: debit, credit: credit, amount: left,
            lease: receipt.lease, at: time)
        return transfers + [rest]
    }

    mutating func payCompensation(_ receipt: Receipt, debit: Account, credit: Account, _ step: inout Step) {
        guard let id = receipt.compensationTransfer, receipt.compensation > .zero else { return }
        enter(as: id, &step) { id, time in
            Transfer(
                id: id, kind: .direct, debit: debit, credit: credit, amount: receipt.compensation, lease: receipt.lease, at: time)
        }
    }

    /// The last receipt is answered: what is still reserved is given back.
    private mutating func finish(_ entry: inout LeaseEntry, _ step: inout Step) {
        #if Defects
            let held = Defect.active == .reservationKept ? [] : entry.reservations
        #else
            let held = entry.reservations
        #endif
        for reservation in held { void(reservation.transfer, &step) }
        guard entry.lease.settle() else { return }
        entry.retry = nil
        entry.receiptDue = nil
        entry.forget = entry.isDraining ? nil : Deadline(Timing.settledMemory, after: step.now)
        closeInKind(of: entry.lease, &step)
        settleSwap(of: entry.lease, &step)
        compareSoon(with: entry.lease.peer, at: step.now)
        step.tell(
            "lease.settled", [entry.id, entry.lease.peer],
            "settled for \(entry.bill.accepted.text)"
                + (entry.compensation > .zero ? ", less \(entry.compensation.text) for the notice that was not kept" : ""),
            [entry.bill.usage.mainDetail, Event.Detail("disputed", entry.bill.disputed.text)])
        step.act(.changed(entry.id))
    }
}

extension Receipt {
    func story(_ peer: String) -> String {
        "\(isFinal ? "last receipt" : "receipt \(sequence)") with \(peer): \(usage.mainDetail.value) for \(charge.text) in all"
    }

    var details: [Event.Detail] {
        [
            Event.Detail("cpu_core_microseconds", String(usage.cpu.rawValue)),
            Event.Detail("memory_mib_seconds", String(usage.memory.rawValue)),
        ] + (usage.disk == .zero ? [] : [Event.Detail("disk_mib_seconds", String(usage.disk.rawValue))]) + [
            Event.Detail("charge_microcredits", String(charge.credits.rawValue)),
            Event.Detail("amount_microcredits", String(amount.credits.rawValue)),
            Event.Detail("charge_in_kind", Charge(inKind: charge.inKind).text),
            Event.Detail("compensation_microcredits", String(compensation.rawValue)),
            Event.Detail("throttled", throttled.text), Event.Detail("elapsed", elapsed.text),
        ]
    }
}

extension Usage {
    /// What is told of it where there is room for one figure.
    fileprivate var mainDetail: Event.Detail {
        disk == .zero ? Event.Detail("cpu", cpu.text) : Event.Detail("disk", disk.text)
    }
}
