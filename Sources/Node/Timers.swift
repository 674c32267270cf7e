import Bookkeeping
import Resources
import Trading

// What happens because time has passed, and what both sides do to agree again after a loss.

extension Node {
    mutating func runTimers(_ step: inout Step) {
        clearDoubts(&step)
        dropLapsed(&step)
        endPauseInTime(&step)
        // By place, for an entry is large: this runs with every event, and finds most of them not due.
        let entries = leases.unsettled.values
        for place in entries.indices where isDue(entries[place], at: step.now) { runTimers(of: entries[place].id, &step) }
        while let entry = leases.nextToForget, entry.forget?.hasPassed(at: step.now) == true { forget(entry.id, &step) }
        runObligationTimers(&step)
        runDisputeTimers(&step)
        reconcile(&step)
        pursueRules(&step)
        runNettings(&step)
        runReconciliations(&step)
        runDecay(&step)
    }

    /// When the next timer is due.
    func nextWake(at now: Moment) -> Instant? {
        var wake: Instant?
        func consider(_ instant: Instant?) { if let instant { wake = min(wake ?? instant, instant) } }
        for hold in holds.values { consider(hold.until.instant(at: now)) }
        for talk in talks.values { consider(talk.until.instant(at: now)) }
        for entry in requests.values {
            if entry.acceptances.isEmpty { consider(entry.request.nextTick(at: now)) }
            for acceptance in entry.acceptances where !acceptance.isCommitted {
                consider(acceptance.retry.at.instant(at: now))
                if !entry.isFailed { consider(acceptance.patience.instant(at: now)) }
            }
        }
        let entries = leases.unsettled.values
        for place in entries.indices { consider(nextWake(of: entries[place], at: now)) }
        consider(leases.nextToForget?.forget?.instant(at: now))
        if leases.unsettled.values.contains(where: \.lease.isOpen) { consider(reconcileAt.instant(at: now)) }
        consider(nextObligationWake(at: now))
        consider(nextDisputeWake(at: now))
        consider(books.nextExpiry(at: now))
        consider(pause?.until?.instant(at: now))
        consider(nextPursuit(at: now))
        consider(nextNetting(at: now))
        consider(nextReconciliation(at: now))
        consider(nextDecay(at: now))
        return wake
    }

    private func nextWake(of entry: LeaseEntry, at now: Moment) -> Instant? {
        var wake: Instant?
        func consider(_ instant: Instant) { wake = min(wake ?? instant, instant) }
        if entry.lease.isOpen {
            consider(entry.lease.ends.instant(at: now))
            if let renewal = nextRenewal(of: entry, at: now) { consider(renewal) }
            // One that is due and still waits is woken by what it waits for.
            if entry.isWaiting, !entry.lease.began.hasPassed(at: now) { consider(entry.lease.began.instant(at: now)) }
        }
        if let retry = entry.retry { consider(retry.at.instant(at: now)) }
        if let receipt = entry.receiptDue, entry.bill.outstanding == nil { consider(receipt.instant(at: now)) }
        if let forget = entry.forget { consider(forget.instant(at: now)) }
        return wake
    }

    /// Whether something is to be done about a lease now. What waits for others may have come to its turn with any event.
    private func isDue(_ entry: LeaseEntry, at now: Moment) -> Bool {
        entry.isWaiting || nextWake(of: entry, at: now).map { $0 <= now.instant } ?? false
    }

    private func nextRenewal(of entry: LeaseEntry, at now: Moment) -> Instant? {
        let lease = entry.lease
        guard lease.role == .borrower, lease.renewsItself, lease.state != .reclaiming, entry.renewal == nil else { return nil }
        let early = Timing.renewWhenLeft.of(lease.terms.term)
        return lease.ends.instant(at: now) + (-early)
    }

    private mutating func dropLapsed(_ step: inout Step) {
        for (id, hold) in holds.pairs where hold.until.hasPassed(at: step.now) {
            holds[id] = nil
            step.forget(.hold, id)
            step.tell("negotiation.expired", [id, hold.borrower], "the offer to \(name(of: hold.borrower)) was not taken up")
        }
        for (id, talk) in talks.pairs where talk.until.hasPassed(at: step.now) { talks[id] = nil }
        for (id, refusal) in refused.pairs where refusal.until.hasPassed(at: step.now) {
            refused[id] = nil
            step.forget(.refusal, id)
        }
        #if Defects
            if Defect.active == .reservationKept { return }
        #endif
        for reservation in books.lapsed(at: step.now) {
            guard let transfer = try? books.expire(reservation.id, using: step.newID(), at: step.now) else { continue }
            step.record(.transfer(transfer))
            step.tell(
                "transfer.expired", [reservation.id] + (transfer.lease.map { [$0] } ?? []),
                "a reservation lapsed, \(transfer.unit.text(transfer.amount)) are free again")
        }
    }

    private mutating func runTimers(of id: LeaseID, _ step: inout Step) {
        #if Defects
            if let lease = leases[id]?.lease, lease.isOpen {
                if Defect.active == .openAfterRestart, lease.role == .borrower, lease.isSuspect { return }
                if Defect.active == .reclaimWaits, lease.role == .lender, lease.state == .reclaiming { return }
            }
        #endif
        if let lease = leases[id]?.lease, lease.isOpen, lease.hasEnded(at: step.now) {
            return close(id, lease.state == .reclaiming ? .revoked : .expired, lease.reason, &step)
        }
        beginIfDue(id, &step)
        guard let entry = leases[id] else { return }
        if let due = nextRenewal(of: entry, at: step.now), due <= step.now.instant {
            askRenewal(of: id, by: entry.lease.terms.term, isAsked: false, &step)
        }
        if let due = entry.receiptDue, due.hasPassed(at: step.now), entry.bill.outstanding == nil { receiptIsDue(id, &step) }
        resend(id, &step)
        if leases[id]?.forget?.hasPassed(at: step.now) == true { forget(id, &step) }
    }

    private mutating func receiptIsDue(_ id: LeaseID, _ step: inout Step) {
        guard var entry = leases[id] else { return }
        if !entry.lease.isOpen, entry.guest == .closing {
            // The last counters do not come: bill what was last read. Disk needs none, and is moved elsewhere in its own time.
            entry.guest = entry.lease.isOfDisk ? .draining : .gone
            leases[id] = entry
        }
        drawReceipt(id, &step)
    }

    /// Sends again what was not answered.
    private mutating func resend(_ id: LeaseID, _ step: inout Step) {
        guard var entry = leases[id], var retry = entry.retry, retry.at.hasPassed(at: step.now) else { return }
        retry.again(at: step.now, longest: entry.lease.isOpen ? Timing.longestLiveRetry : Timing.longestRetry)
        entry.retry = retry
        leases[id] = entry
        let (lease, peer) = (entry.lease, entry.lease.peer)
        if let receipt = entry.bill.outstanding {
            step.send(.receipt(ReceiptOffer(document: receipt.document, lenderSignature: receipt.lenderSignature)), to: peer)
        } else if let renewal = entry.renewal {
            step.send(renewal.message(for: id), to: peer)
        } else if lease.role == .borrower, lease.state == .closed {
            step.send(.release(id), to: peer)
        } else if lease.role == .lender, lease.state == .closed, let why = lease.endReason {
            step.send(.closed(id, why, detail: lease.reason), to: peer)
        } else {
            leases[id]?.retry = nil
        }
    }

    /// Lets go of a settled lease, or of one whose last receipt was never answered. One whose disk is not free again is only settled.
    private mutating func forget(_ id: LeaseID, _ step: inout Step) {
        guard var entry = leases[id] else { return }
        if entry.lease.state == .closed {
            if entry.lease.role == .lender, let signed = entry.bill.outstanding {
                let unpaid = signed.receipt
                let id = unpaid.transfer.following(Self.disputeOffset)
                dispute(unpaid.amount, of: unpaid, as: id, with: entry.lease.peer, &step)
                openDispute(ofUnanswered: signed, prices: entry.lease.terms.prices, &step)
            }
            for reservation in entry.reservations { void(reservation.transfer, &step) }
            _ = entry.lease.settle()
            if !isWrittenOff(id) { closeInKind(of: entry.lease, &step) }
            settleSwap(of: entry.lease, &step)
            entry.retry = nil
            entry.receiptDue = nil
            step.tell(
                "lease.unanswered", [id, entry.lease.peer], "\(name(of: entry.lease.peer)) never answered the last receipt")
        }
        entry.forget = nil
        guard !entry.isDraining else { return keep(entry, &step) }
        step.record(.state(.lease, id: id.description, entry))
        leaseOfAgreement[entry.lease.agreement] = nil
        leases[id] = nil
    }

    // MARK: Agreeing again

    /// Every half minute, and at once after a restart, tells each peer which leases are believed open.
    private mutating func reconcile(_ step: inout Step) {
        guard reconcileAt.hasPassed(at: step.now) else { return }
        reconcileAt = Deadline(rhythm.reconciling, after: step.now)
        var claims = SortedMap<NodeID, [LeaseClaim]>()
        for entry in leases.unsettled.values where entry.lease.isOpen {
            let amounts = entry.lease.role == .lender ? entry.lease.amounts : nil
            let claim = LeaseClaim(lease: entry.id, role: entry.lease.role, isOpen: true, amounts: amounts)
            claims[entry.lease.peer] = (claims[entry.lease.peer] ?? []) + [claim]
        }
        for (peer, claims) in claims.pairs { step.send(.claims(claims), to: peer) }
    }

    /// A peer says which leases it believes open: corrects it, or this side, where they differ.
    mutating func compare(_ claims: [LeaseClaim], from peer: NodeID, _ step: inout Step) {
        for claim in claims where claim.isOpen {
            if var entry = leases[claim.lease], entry.lease.peer == peer, entry.lease.role != claim.role {
                if entry.lease.trust() { leases[claim.lease] = entry }
                if entry.lease.isOpen {
                    if let amounts = claim.amounts {
                        resized(claim.lease, amounts, "as \(name(of: peer)) has it", by: peer, &step)
                    }
                    continue
                }
                if entry.lease.role == .lender {
                    step.send(.closed(claim.lease, entry.lease.endReason ?? .expired, detail: entry.lease.reason), to: peer)
                } else {
                    step.send(.release(claim.lease), to: peer)
                }
            } else if claim.role == .borrower {
                step.send(.closed(claim.lease, .expired, detail: "it is not known here"), to: peer)
            } else if let request = request(awaiting: claim.lease) {
                // Its lender has it: what is in doubt here is known there.
                hasten(acceptancesOf: request, by: peer, at: step.now)
            } else {
                // Nobody here waits for it: its acceptance was given up before it was durable.
                step.send(.release(claim.lease), to: peer)
            }
        }
    }

    /// The request that has accepted the offer of a lease, and not heard of it since.
    private func request(awaiting lease: LeaseID) -> RequestID? {
        requests.pairs.first { $1.acceptances.contains { $0.agreement.lease == lease } }?.0
    }

    /// A peer can be reached again.
    mutating func hasten(_ peer: NodeID, _ step: inout Step) {
        for id in leases.unsettled.keys where leases[id]?.lease.peer == peer { leases[id]?.retry?.hasten(at: step.now) }
        for id in requests.keys { hasten(acceptancesOf: id, by: peer, at: step.now) }
        hasten(adjustmentsWith: peer, at: step.now)
        hasten(disputesWith: peer, at: step.now)
        hastenNettings(with: peer, at: step.now)
        hastenDecay(with: peer, at: step.now)
        let isDoubted = leases.unsettled.values.contains { $0.lease.peer == peer && $0.lease.isSuspect }
        if isDoubted { reconcileAt = Deadline(step.now) }
    }
}
