import Bookkeeping
import Policy
import Resources
import Trading

// The life of leases: renewal, release, taking back, closing.

extension Node {
    /// Stores an entry and records it.
    mutating func keep(_ entry: LeaseEntry, _ step: inout Step) {
        leases[entry.id] = entry
        step.record(.state(.lease, id: entry.id.description, entry))
    }

    // MARK: The kernel's side

    mutating func guestOpened(_ id: LeaseID, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.role == .lender, entry.guest == .opening else { return }
        entry.guest = .open
        if entry.lease.activate() { step.tell("lease.active", [id], "resources are set aside") }
        keep(entry, &step)
        step.act(.changed(id))
    }

    mutating func guestClosed(_ id: LeaseID, _ reading: MeterReading?, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.role == .lender, entry.guest != .gone else { return }
        if let reading { _ = entry.meter.record(reading.usage, throttled: reading.throttled) }
        entry.guest = .gone
        if entry.lease.state == .settled { entry.forget = Deadline(Timing.settledMemory, after: step.now) }
        leases[id] = entry
        // The enforcer does not wait for anybody to end what it takes back.
        if entry.lease.state == .reclaiming { return close(id, .revoked, entry.lease.reason, &step) }
        // The kernel's side is gone while the lease should go on: it cannot be provided any more.
        if entry.lease.isOpen {
            return close(id, .failed, entry.lease.isOfDisk ? "its store was lost" : "its guests were lost", &step)
        }
        keep(entry, &step)
        drawReceipt(id, &step)
    }

    mutating func measure(owner usage: Amounts, _ guests: [MeterReading], _ step: inout Step) {
        // An owner may use more of the machine than this agent's share of it; more than all of the share says nothing more.
        owner.record(usage.limited(to: capacity), at: step.now.instant)
        foresee(usage.limited(to: capacity), &step)
        keepDiskFree(&step)
        for reading in guests {
            guard var entry = leases[reading.lease], entry.lease.role == .lender, entry.guest != .gone else { continue }
            // The meter is restored from the kernel's counters after a restart, so it need not be durable.
            if entry.meter.record(reading.usage, throttled: reading.throttled) { leases[reading.lease] = entry }
        }
    }

    func resumeGuest(_ entry: LeaseEntry, _ step: inout Step) {
        guard entry.lease.role == .lender, entry.guest != .gone, entry.guest != .absent else { return }
        let remaining = entry.lease.ends.remaining(at: step.now)
        if entry.lease.isOpen, remaining > .zero {
            step.setAside(entry.lease)
        } else {
            step.clear(entry.lease)
        }
    }

    // MARK: Renewal

    /// The borrower asks for a longer term; at most one renewal is under way.
    mutating func askRenewal(of id: LeaseID, by span: Microseconds, isAsked: Bool, _ step: inout Step) {
        func refuse(_ refusal: Refusal) { if isAsked { step.act(.renewed(id, refusal)) } }
        guard var entry = leases[id], entry.lease.role == .borrower, entry.lease.isOpen else {
            return refuse(Refusal(term: "lease", reason: "there is no open borrowed lease \(id)"))
        }
        guard entry.lease.state != .reclaiming else {
            return refuse(Refusal(term: "lease", reason: "its owner is taking it back: \(entry.lease.reason)"))
        }
        guard entry.lease.other == nil else { return refuse(Self.swapIsNotRenewed) }
        guard entry.renewal == nil else {
            return refuse(Refusal(term: "renewal", reason: "a renewal is under way", retryAfter: .seconds(1)))
        }
        guard Bounds.accepts(term: span) else { return refuse(Refusal(term: "term", reason: "\(span.text) is out of range")) }
        let affordable: Microseconds
        do throws(Refusal) { affordable = try affordableRenewal(of: entry.lease, by: span, at: step.now) } catch {
            return giveUpRenewing(&entry, error, isAsked: isAsked, &step)
        }
        guard !isAsked || affordable == span else {
            return refuse(Refusal(term: "budget", reason: "its budget lasts for \(affordable.text) more"))
        }
        let span = affordable
        let reservation: TransferID = step.newID()
        let reservations = Transfer.reservations(
            reservation, debit: .spent, credit: .peer(entry.lease.peer),
            entry.lease.terms.tariff.ceiling(for: entry.lease.terms.amounts, term: span), lease: id,
            lapsing: entry.lease.ends.remaining(at: step.now) + span + Timing.reservationGrace, at: step.now)
        if let refusal = book(linked: reservations, &step) {
            return giveUpRenewing(&entry, refusal, isAsked: isAsked, &step)
        }
        entry.reserve(reservation, for: span)
        let renewal = PendingRenewal(number: entry.lease.renewals + 1, span: span, reservation: reservation, isAsked: isAsked)
        entry.renewal = renewal
        entry.retry = Retry(at: step.now)
        #if Defects
            if Defect.active == .renewalPresumed { _ = entry.lease.renew(renewal.number, by: renewal.span) }
        #endif
        keep(entry, &step)
        step.send(renewal.message(for: id), to: entry.lease.peer)
    }

    /// The lender decides about a renewal.
    mutating func renew(_ renewal: Renewal, for peer: NodeID, _ step: inout Step) {
        func answer(_ refusal: Refusal?) {
            step.send(.renewed(renewal.answer(refusal)), to: peer)
        }
        guard var entry = leases[renewal.lease], entry.lease.role == .lender, entry.lease.peer == peer else {
            return answer(Refusal(term: "lease", reason: "it is not known here"))
        }
        if renewal.number == entry.lease.renewals, entry.reservations.last?.transfer == renewal.reservation { return answer(nil) }
        if let refusal = objection(to: renewal, of: entry.lease, at: step.now) {
            step.tell("lease.not-renewed", [renewal.lease, peer], "did not renew for \(name(of: peer)): \(refusal)")
            return answer(refusal)
        }
        let reservations = Transfer.reservations(
            renewal.reservation, debit: .peer(peer), credit: .earned,
            entry.lease.terms.tariff.ceiling(for: entry.lease.terms.amounts, term: renewal.span), lease: renewal.lease,
            lapsing: entry.lease.ends.remaining(at: step.now) + renewal.span + Timing.reservationGrace, at: step.now)
        if let refusal = book(linked: reservations, &step) { return answer(refusal) }
        guard entry.lease.renew(renewal.number, by: renewal.span) else { return }
        entry.reserve(renewal.reservation, for: renewal.span)
        keep(entry, &step)
        step.tell(
            "lease.renewed", [entry.id, renewal.reservation, peer], "renewed for \(name(of: peer)) by \(renewal.span.text)")
        if entry.hasBegun { step.change(entry.lease) }
        answer(nil)
    }

    private func objection(to renewal: Renewal, of lease: Lease, at now: Moment) -> Refusal? {
        guard lease.isOpen, !lease.hasEnded(at: now) else {
            return Refusal(term: "lease", reason: "it has ended: \(lease.endReason?.rawValue ?? "expired")")
        }
        guard lease.state != .reclaiming else {
            return Refusal(term: "lease", reason: "its owner takes it back: \(lease.reason)")
        }
        if let pause { return pause.refusal(at: now) }
        guard renewal.number == lease.renewals + 1 else {
            return Refusal(term: "renewal", reason: "number \(renewal.number) after number \(lease.renewals)")
        }
        if let refusal = policyObjection(to: renewal, of: lease) { return refusal }
        // One term ahead is enough to never run out; more would let a lease outgrow what the policy lends for.
        let (left, longest) = (lease.ends.remaining(at: now), longestTerm(of: lease))
        guard left <= longest else {
            let reason = "\(left.shortText) of its term are left, renewed when it is \(longest.text) or less"
            return Refusal(term: "term", reason: reason, retryAfter: left - longest)
        }
        if let refusal = collision(of: renewal, lease, at: now) { return refusal }
        if let refusal = firmObjection(to: renewal, of: lease, at: now) { return refusal }
        if let refusal = considerationObjection(to: renewal, of: lease, at: now) { return refusal }
        guard isTimely(renewal.reservation, at: now) else {
            return Refusal(term: "renewal", reason: "its reservation has an id that is dated ahead")
        }
        return nil
    }

    /// The lender's answer reaches the borrower.
    mutating func renewed(_ answer: RenewalAnswer, by peer: NodeID, _ step: inout Step) {
        guard var entry = leases[answer.lease], entry.lease.role == .borrower, entry.lease.peer == peer,
            let renewal = entry.renewal, renewal.number == answer.number, renewal.reservation == answer.reservation
        else { return }
        entry.renewal = nil
        entry.retry = nil
        if let refusal = answer.refusal {
            entry.reservations.removeAll { $0.transfer == renewal.reservation }
            void(renewal.reservation, &step)
            stopRenewing(&entry, isAsked: renewal.isAsked)
            step.tell("lease.not-renewed", [entry.id, peer], "\(name(of: peer)) does not renew: \(refusal)")
        } else if entry.lease.renew(renewal.number, by: renewal.span) {
            step.tell("lease.renewed", [entry.id, peer], "\(name(of: peer)) renewed by \(renewal.span.text)")
        }
        keep(entry, &step)
        if renewal.isAsked { step.act(.renewed(entry.id, answer.refusal)) }
        step.act(.changed(entry.id))
    }

    /// What a renewal would cost cannot be reserved.
    private mutating func giveUpRenewing(_ entry: inout LeaseEntry, _ refusal: Refusal, isAsked: Bool, _ step: inout Step) {
        stopRenewing(&entry, isAsked: isAsked)
        keep(entry, &step)
        step.tell("lease.not-renewed", [entry.id], "not renewed: \(refusal)")
        if isAsked { step.act(.renewed(entry.id, refusal)) }
    }

    /// A lease whose own renewal is refused runs out; a person's wish that is refused leaves it as it was.
    private func stopRenewing(_ entry: inout LeaseEntry, isAsked: Bool) { if !isAsked { entry.lease.renewsItself = false } }

    /// A lease that has ended waits for no renewal any more; who asked for one is told.
    func dropRenewal(of entry: inout LeaseEntry, _ step: inout Step) {
        guard let renewal = entry.renewal else { return }
        entry.renewal = nil
        if renewal.isAsked { step.act(.renewed(entry.id, Refusal(term: "lease", reason: "it has ended"))) }
    }

    // MARK: Giving back and taking back

    /// The holder here gives a lease back. It may not be used from now on, whenever the lender hears of it.
    mutating func release(_ id: LeaseID, _ step: inout Step) {
        guard let entry = leases[id], entry.lease.role == .borrower, entry.lease.isOpen else { return }
        close(id, .released, "", &step)
    }

    mutating func released(_ id: LeaseID, by peer: NodeID, _ step: inout Step) {
        #if Defects
            let peer = Defect.active == .strangersRelease ? leases[id]?.lease.peer ?? peer : peer
        #endif
        guard let entry = leases[id], entry.lease.peer == peer, entry.lease.role == .lender else {
            return step.send(.closed(id, .released, detail: "it is not known here"), to: peer)
        }
        // A borrower whose clock is a little ahead gives back what ends anyway.
        let isOver = entry.lease.ends.remaining(at: step.now) <= Timing.endTolerance
        close(id, isOver ? .expired : .released, isOver ? "" : "released by \(name(of: peer))", &step)
        step.send(.closed(id, leases[id]?.lease.endReason ?? .released, detail: ""), to: peer)
    }

    /// The owner takes a lent lease back.
    ///
    /// - Parameter span: how soon it ends; after the notice of its class when `nil`.
    mutating func reclaim(
        _ id: LeaseID, atOnce: Bool, within span: Microseconds? = nil, reason: String, _ step: inout Step
    ) {
        guard var entry = leases[id], entry.lease.role == .lender, entry.lease.isOpen else { return }
        let began =
            span.map { entry.lease.reclaim(notice: $0, reason: reason, at: step.now) }
            ?? entry.takeBack(atOnce: atOnce, reason: reason, at: step.now)
        if atOnce {
            leases[id] = entry
            return close(id, .revoked, reason, &step)
        }
        guard began else { return }
        keep(entry, &step)
        let remaining = entry.lease.ends.remaining(at: step.now)
        step.tell("lease.reclaiming", [id, entry.lease.peer], "taken back in \(remaining.text): \(reason)")
        #if Defects
            let isTold = entry.hasBegun && Defect.active != .reclaimWaits
        #else
            let isTold = entry.hasBegun
        #endif
        if isTold { step.change(entry.lease) }
        step.send(.reclaim(id, remaining: remaining, reason: reason), to: entry.lease.peer)
        step.act(.changed(id))
    }

    /// The borrower learns that the lease will be taken back.
    mutating func noticed(_ id: LeaseID, _ remaining: Microseconds, _ reason: String, by peer: NodeID, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.role == .borrower, entry.lease.peer == peer,
            entry.lease.reclaim(notice: max(.zero, remaining), reason: String(reason.prefix(500)), at: step.now)
        else { return }
        keep(entry, &step)
        step.tell("lease.reclaiming", [id, peer], "\(name(of: peer)) takes it back in \(remaining.text): \(reason)")
        step.act(.changed(id))
    }

    /// What a lender who ends a lease now has to pay for the notice that it did not give, at the price of full use.
    private func dueCompensation(of lease: Lease, at now: Moment) -> Microcredits {
        let unexpired = lease.reclaimBy?.remaining(at: now) ?? min(lease.terms.notice.notice, lease.ends.remaining(at: now))
        return lease.terms.prices.cost(of: Usage(of: lease.amounts, for: max(.zero, unexpired - Timing.endTolerance)))
    }

    mutating func closedByPeer(
        _ id: LeaseID, _ why: Lease.EndReason, _ detail: String, by peer: NodeID, _ step: inout Step
    ) {
        guard var entry = leases[id], entry.lease.role == .borrower, entry.lease.peer == peer else { return }
        if entry.lease.isOpen {
            if why == .revoked { entry.compensation = dueCompensation(of: entry.lease, at: step.now) }
            leases[id] = entry
            return close(id, why, String(detail.prefix(500)), &step)
        }
        leases[id]?.retry = nil
    }

    /// Ends a lease on this side: nothing may be used any more, and the last receipt follows.
    mutating func close(_ id: LeaseID, _ why: Lease.EndReason, _ reason: String, _ step: inout Step) {
        guard var entry = leases[id], entry.lease.close(why, reason: reason, at: step.now) else { return }
        dropRenewal(of: &entry, &step)
        entry.retry = Retry(at: step.now)
        entry.forget = Deadline(Timing.receiptPatience, after: step.now)
        if entry.lease.role == .lender {
            // Of a promise that ends before its start there is nothing in the kernel.
            entry.guest = entry.guest == .gone || entry.guest == .absent ? .gone : .closing
            entry.receiptDue = Deadline(Timing.counterPatience, after: step.now)
        }
        keep(entry, &step)
        step.tell(
            "lease.closed", [id, entry.lease.peer],
            "\(why.rawValue)\(entry.lease.reason.isEmpty ? "" : ": \(entry.lease.reason)")",
            [Event.Detail("elapsed", entry.lease.elapsed(at: step.now).text)])
        if entry.lease.role == .lender {
            if entry.guest == .closing { step.clear(entry.lease) } else { drawReceipt(id, &step) }
            step.send(.closed(id, why, detail: entry.lease.reason), to: entry.lease.peer)
        } else {
            step.send(.release(id), to: entry.lease.peer)
            endReturn(for: entry, &step)
        }
        step.act(.changed(id))
    }

    // MARK: Hindrances and membership

    mutating func hinder(_ hindrance: Refusal?, _ step: inout Step) {
        guard hindrance != self.hindrance else { return }
        self.hindrance = hindrance
        step.tell(
            hindrance == nil ? "lending.possible" : "lending.hindered", [],
            hindrance.map { "nothing is offered: \($0.reason)" } ?? "offers can be made")
    }

    mutating func expel(_ peer: NodeID, _ step: inout Step) {
        for (id, entry) in requests.pairs {
            for acceptance in entry.acceptances where acceptance.agreement.lender == peer && !acceptance.isCommitted {
                abandon(acceptance, of: id, &step)
            }
        }
        for id in holds.keys where holds[id]?.borrower == peer { withdraw(id, by: peer, &step) }
        for (id, entry) in leases.unsettled.pairs where entry.lease.peer == peer && entry.lease.isOpen {
            close(id, .revoked, "\(name(of: peer)) is no longer a member of the pool", &step)
        }
        leaveNettings(peer, &step)
        giveUpComparing(with: peer, Refusal(term: "peer", reason: "\(name(of: peer)) is no longer a member of the pool"), &step)
        reconciling.peers[peer]?.next = nil
        leaveDecay(peer, &step)
        leaveDisputes(peer, &step)
    }
}
