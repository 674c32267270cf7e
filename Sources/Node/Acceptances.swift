import Bookkeeping
import Resources
import Trading

// What comes of accepted offers: the lenders' word, and doubt about it.

extension Node {
    mutating func committed(_ commitment: Commitment, by peer: NodeID, _ step: inout Step) {
        guard let (id, index) = pendingAcceptance(where: { $0.signed.document == commitment.agreement.document }),
            var entry = requests[id], entry.acceptances[index].agreement.lender == peer,
            let signature = commitment.agreement.lenderSignature,
            step.notary.verify(signature, over: commitment.agreement.document, by: peer)
        else { return }
        entry.acceptances[index].lease = entry.acceptances[index].agreement.lease
        let lease = hold(entry.acceptances[index], signature, commitment.remaining, of: entry, &step)
        let agreement = entry.acceptances[index].agreement
        step.tell(
            lease.state == .promised ? "lease.promised" : "lease.active", [lease.id, agreement.id, id, peer],
            "\(name(of: peer)) lends \(agreement.terms.amounts.text) for \(agreement.terms.term.text)"
                + (lease.state == .promised ? ", beginning in \(lease.began.remaining(at: step.now).shortText)" : ""),
            agreement.terms.details)
        guard !entry.isFailed else {
            drop(entry.acceptances[index], of: entry, &step)
            return release(lease.id, &step)
        }
        requests[id] = entry
        if lease.hasEnded(at: step.now) {
            let late = Refusal(term: "term", reason: "it ended before \(name(of: peer))'s word came", retryAfter: .zero)
            return fail(id, late, &step)
        }
        guard entry.acceptances.allSatisfy(\.isCommitted) else {
            return step.record(.state(.request, id: id.description, entry))
        }
        requests[id] = nil
        step.forget(.request, id)
        send(entry.request.withdrawals(except: entry.acceptances.map(\.talk)), &step)
        report(id, of: entry.request.want.rule, .success(entry.acceptances.map(\.agreement.lease)), &step)
    }

    /// Keeps the lease that a lender has committed.
    private mutating func hold(
        _ acceptance: PendingAcceptance, _ signature: Signature, _ remaining: Microseconds, of request: RequestEntry,
        _ step: inout Step
    ) -> Lease {
        var signed = acceptance.signed
        signed.lenderSignature = signature
        let (agreement, want) = (acceptance.agreement, request.request.want)
        step.record(.agreement(agreement.record(signed, at: step.now.utc)))
        let hash = step.notary.digest(signed.document)
        let wait = agreement.terms.wait(at: acceptance.began.utc)
        var lease = LeaseEntry(
            lease: Lease(
                agreement, role: .borrower, at: acceptance.began, wait: wait,
                remaining: Self.believed(remaining, of: acceptance, wait, at: step.now),
                renewsItself: want.renewsItself && !request.isFailed, group: want.nodes > 1 ? request.request.id : nil,
                job: want.job, rule: want.rule),
            bill: agreement.bill(hash: hash), reservation: agreement.other == nil ? agreement.reservation : nil)
        lease.signed = signed
        lease.deviation = request.request.deviation(acceptance.talk, in: agreement.terms)
        openObligation(of: agreement, &step)
        takeUpReturn(of: acceptance, hash: hash, &step)
        // Civil time may have been set since the acceptance.
        lease.anchor(at: step.now)
        keep(lease, &step)
        return lease.lease
    }

    /// What a borrower counts on of a term that its lender has committed, from its first asking on: never more than the lender's.
    ///
    /// - Parameter remaining: what was left of it when the lender said so, some time between the first asking and now.
    private static func believed(
        _ remaining: Microseconds, of acceptance: PendingAcceptance, _ wait: Microseconds, at now: Moment
    ) -> Microseconds {
        let whole = wait + acceptance.agreement.terms.term
        let elapsed = -Deadline(acceptance.began).remaining(at: now)
        // A term that begins at once began after the first asking. One that begins later does so by the lender's civil time, which
        // may differ; and one that was cut short meanwhile ends when the lender says: both are counted as if that had been said first.
        let told = max(.zero, min(whole, remaining))
        return acceptance.agreement.terms.start == nil && told + elapsed >= whole ? whole : told
    }

    mutating func declined(_ agreement: AgreementID, _ refusal: Refusal, by peer: NodeID, _ step: inout Step) {
        guard let (id, index) = pendingAcceptance(where: { $0.agreement.id == agreement }), var entry = requests[id],
            entry.acceptances[index].agreement.lender == peer
        else { return }
        let acceptance = entry.acceptances[index]
        undo(acceptance, &step)
        step.tell("agreement.declined", [agreement, id, peer], "\(name(of: peer)) declined after all: \(refusal)")
        guard entry.request.want.nodes == 1, !entry.isFailed else {
            drop(acceptance, of: entry, &step)
            return fail(id, Refusal(term: refusal.term, reason: "\(name(of: peer)): \(refusal.reason)", retryAfter: .zero), &step)
        }
        // Another offer may still bind its lender.
        entry.acceptances = []
        entry.request.decline(acceptance.talk, refusal)
        requests[id] = entry
        step.forget(.request, id)
        conclude(id, &step)
    }

    /// Something of a request cannot be had: its user is told, and nothing of it is kept. What may still come of acceptances
    /// under way is asked for at once.
    mutating func fail(_ id: RequestID, _ refusal: Refusal, _ step: inout Step) {
        guard var entry = requests[id], !entry.isFailed else { return }
        entry.isFailed = true
        let held = entry.acceptances.filter(\.isCommitted)
        entry.acceptances.removeAll(where: \.isCommitted)
        settle(entry, &step)
        hasten(acceptancesOf: id, at: step.now)
        #if Defects
            let unwanted = Defect.active == .partKept ? [] : held
        #else
            let unwanted = held
        #endif
        for acceptance in unwanted { release(acceptance.agreement.lease, &step) }
        send(entry.request.withdrawals(except: entry.acceptances.map(\.talk)), &step)
        step.tell("request.failed", [id] + held.map(\.agreement.lease), "nothing of it is kept: \(refusal.reason)")
        report(id, of: entry.request.want.rule, .failure(refusal), &step)
    }

    /// Waits for one acceptance no more.
    private mutating func drop(_ acceptance: PendingAcceptance, of entry: RequestEntry, _ step: inout Step) {
        var entry = entry
        entry.acceptances.removeAll { $0.agreement.id == acceptance.agreement.id }
        settle(entry, &step)
    }

    /// Keeps what awaits an answer, or is to be told of, and forgets what does not.
    private mutating func settle(_ entry: RequestEntry, _ step: inout Step) {
        let id = entry.request.id
        if entry.acceptances.isEmpty, entry.isFailed {
            requests[id] = nil
            step.forget(.request, id)
        } else {
            requests[id] = entry
            step.record(.state(.request, id: id.description, entry))
        }
    }

    // MARK: Doubt

    /// Asks again about acceptances without an answer, and tells a user who has waited too long.
    mutating func clearDoubts(_ step: inout Step) {
        for id in requests.keys {
            guard var entry = requests[id] else { continue }
            guard entry.isInDoubt else {
                let outgoing = entry.request.tick(at: step.now)
                requests[id] = entry
                send(outgoing, &step)
                conclude(id, &step)
                continue
            }
            for acceptance in entry.acceptances where !acceptance.isCommitted {
                clear(acceptance, of: id, &step)
            }
        }
    }

    private mutating func clear(_ acceptance: PendingAcceptance, of id: RequestID, _ step: inout Step) {
        guard !acceptance.isGivenUp(at: step.now) else { return abandon(acceptance, of: id, &step) }
        let agreement = acceptance.agreement
        if acceptance.patience.hasPassed(at: step.now), requests[id]?.isFailed == false {
            let reason =
                "\(name(of: agreement.lender)) has not answered whether it lends; a lease that still appears is given back"
            step.tell("request.doubt", [id, agreement.id], reason)
            fail(id, Refusal(term: "doubt", reason: reason), &step)
        }
        guard var entry = requests[id],
            let index = entry.acceptances.firstIndex(where: { $0.agreement.id == agreement.id }),
            entry.acceptances[index].retry.at.hasPassed(at: step.now)
        else { return }
        entry.acceptances[index].retry.again(
            at: step.now, longest: entry.isFailed ? Timing.longestRetry : Timing.longestLiveRetry)
        requests[id] = entry
        let offerHolds = Deadline(acceptance.began + Negotiating.offerTime).remaining(at: step.now) > .zero
        step.send(
            offerHolds && !entry.isFailed
                ? .accept(Acceptance(negotiation: agreement.negotiation, agreement: acceptance.signed))
                : .inquire(agreement.id), to: agreement.lender)
    }

    /// Gives up an acceptance whose fate will never be known. A lease that comes of it after all is given back when the
    /// lender claims it.
    mutating func abandon(_ acceptance: PendingAcceptance, of id: RequestID, _ step: inout Step) {
        guard let entry = requests[id] else { return }
        undo(acceptance, &step)
        let reason = "\(name(of: acceptance.agreement.lender)) will not say any more whether it lends"
        step.tell("request.abandoned", [id, acceptance.agreement.id], reason)
        drop(acceptance, of: entry, &step)
        fail(id, Refusal(term: "doubt", reason: reason), &step)
    }

    /// Asks about acceptances at once, all of them or those of one lender.
    mutating func hasten(acceptancesOf id: RequestID, by lender: NodeID? = nil, at now: Moment) {
        guard var entry = requests[id] else { return }
        for index in entry.acceptances.indices where lender.map({ $0 == entry.acceptances[index].agreement.lender }) ?? true {
            entry.acceptances[index].retry.hasten(at: now)
        }
        requests[id] = entry
    }

    private func pendingAcceptance(where matches: (PendingAcceptance) -> Bool) -> (RequestID, Int)? {
        for (id, entry) in requests.pairs {
            if let index = entry.acceptances.firstIndex(where: { !$0.isCommitted && matches($0) }) { return (id, index) }
        }
        return nil
    }
}
