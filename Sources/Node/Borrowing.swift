import Bookkeeping
import Resources
import Trading

// The borrower's side of negotiations: asking, choosing, accepting, and clearing up doubt.

extension Node {
    mutating func borrow(_ id: RequestID, _ want: Want, from peers: [NodeID], _ step: inout Step) {
        guard requests[id] == nil else { return }
        guard Bounds.accepts(want.amounts), Bounds.accepts(want.maxPrices), Bounds.accepts(term: want.term) else {
            return step.act(.decided(id, .failure(Refusal(term: "request", reason: "a figure is out of range"))))
        }
        let asked = Array(peers.filter { $0 != self.id }.prefix(Negotiating.fanOut))
        guard !asked.isEmpty else {
            return step.act(.decided(id, .failure(Refusal(term: "peers", reason: "no other node of the pool can be asked"))))
        }
        let request = BorrowRequest(id: id, want: want, peers: asked, now: step.now, random: &step.random)
        requests[id] = RequestEntry(request: request)
        send(request.proposals, &step)
    }

    private func tellOpening(of entry: inout RequestEntry, _ step: inout Step) {
        guard !entry.isTold else { return }
        entry.isTold = true
        let (request, peers) = (entry.request, entry.request.talks.map(\.peer))
        step.record(
            .event(
                Event(
                    at: request.began.utc, kind: "request.opened",
                    subjects: [request.id.description] + request.talks.map(\.negotiation.description),
                    text: "asked \(peers.count) \(peers.count == 1 ? "peer" : "peers") for \(request.want.amounts.text)",
                    details: [
                        Event.Detail("peers", peers.map(name(of:)).joined(separator: " ")),
                        Event.Detail("user", request.want.user),
                    ])))
    }

    mutating func take(_ answer: Answer, from peer: NodeID, _ step: inout Step) {
        guard
            let (id, entry) = requests.pairs.first(where: { $0.1.request.talks.contains { $0.negotiation == answer.negotiation } }
            ),
            entry.acceptance == nil
        else {
            // An offer nobody waits for any more need not hold the lender's capacity; one just accepted must.
            let isAccepted = requests.values.contains { $0.acceptance?.agreement.negotiation == answer.negotiation }
            if case .offered = answer.outcome, !isAccepted { step.send(.withdraw(answer.negotiation), to: peer) }
            return
        }
        var changed = entry
        send(changed.request.take(answer, from: peer, at: step.now), &step)
        requests[id] = changed
        if case .offered(_, _, let limit) = answer.outcome { noteLimit(limit, of: peer, &step) }
        conclude(id, &step)
    }

    /// Waits no longer for a peer's answers to proposals.
    mutating func giveUp(on peer: NodeID, _ refusal: Refusal, _ step: inout Step) {
        for id in requests.keys where requests[id]?.acceptance == nil {
            requests[id]?.request.giveUp(on: peer, refusal)
            conclude(id, &step)
        }
    }

    /// Accepts the best offer once every peer has answered, or reports that there is none.
    mutating func conclude(_ id: RequestID, _ step: inout Step) {
        guard var entry = requests[id], entry.acceptance == nil else { return }
        switch entry.request.verdict(at: step.now) {
        case .waiting: return
        case .best(let talk): accept(talk, of: entry, &step)
        case .hopeless:
            requests[id] = nil
            tellOpening(of: &entry, &step)
            let refusal = entry.request.refusal(naming: name(of:))
            step.tell("request.refused", [id], "nobody lends: \(refusal.reason)")
            step.act(.decided(id, .failure(refusal)))
        }
    }

    private mutating func accept(_ talk: Int, of entry: RequestEntry, _ step: inout Step) {
        var entry = entry
        let (peer, negotiation) = (entry.request.talks[talk].peer, entry.request.talks[talk].negotiation)
        guard let terms = entry.request.offeredTerms(talk, at: step.now) else { return }
        tellOpening(of: &entry, &step)
        let agreement = Agreement(
            id: step.newID(), lease: step.newID(), negotiation: negotiation, reservation: step.newID(), borrower: id,
            lender: peer, user: entry.request.want.user, terms: terms, at: step.now.utc)
        _ = trustLine(with: peer, &step)
        let reservation = Transfer.reservation(
            agreement.reservation, debit: .spent, credit: .peer(peer), terms.ceiling, lease: agreement.lease,
            lapsing: terms.term + Timing.reservationGrace, at: step.now)
        if let refusal = book(reservation, &step) {
            entry.request.decline(talk, refusal)
            requests[entry.request.id] = entry
            step.send(.withdraw(negotiation), to: peer)
            return conclude(entry.request.id, &step)
        }
        let document = agreement.document
        let signed = SignedAgreement(document: document, borrowerSignature: step.notary.sign(document))
        entry.acceptance = PendingAcceptance(
            talk: talk, agreement: agreement, signed: signed, began: step.now, retry: Retry(at: step.now),
            patience: Deadline(Negotiating.doubtTime, after: step.now))
        requests[entry.request.id] = entry
        step.record(.state(.request, id: entry.request.id.description, entry))
        step.tell(
            "agreement.accepted", [agreement.id, entry.request.id, negotiation, agreement.lease, reservation.id, peer],
            "accepted the offer of \(name(of: peer)): \(terms.amounts.text) for \(terms.term.text)",
            terms.details + entry.request.offers(naming: name(of:), at: step.now))
        step.send(.accept(Acceptance(negotiation: negotiation, agreement: signed)), to: peer)
    }

    mutating func committed(_ commitment: Commitment, by peer: NodeID, _ step: inout Step) {
        guard let (id, entry) = pendingRequest(for: commitment.agreement.document),
            let acceptance = entry.acceptance, acceptance.agreement.lender == peer,
            let signature = commitment.agreement.lenderSignature,
            step.notary.verify(signature, over: acceptance.signed.document, by: peer)
        else { return }
        requests[id] = nil
        step.forget(.request, id)
        var signed = acceptance.signed
        signed.lenderSignature = signature
        let agreement = acceptance.agreement
        step.record(.agreement(agreement.record(signed, at: step.now.utc)))
        // The term counted from the first asking ends before the lender's does. Less is left only when the lender has cut
        // it short in the meantime.
        let left = max(.zero, min(agreement.terms.term, commitment.remaining))
        let remaining = min(agreement.terms.term, left - Deadline(acceptance.began).remaining(at: step.now))
        var lease = LeaseEntry(
            lease: Lease(
                agreement, role: .borrower, began: acceptance.began, remaining: remaining,
                renewsItself: entry.request.want.renewsItself && !acceptance.isReported),
            bill: agreement.bill(hash: step.notary.digest(signed.document)), reservation: agreement.reservation)
        lease.signed = signed
        keep(lease, &step)
        step.tell(
            "lease.active", [lease.id, agreement.id, id, peer],
            "\(name(of: peer)) lends \(agreement.terms.amounts.text) for \(agreement.terms.term.text)", agreement.terms.details)
        send(entry.request.withdrawals(except: acceptance.talk), &step)
        let hasEnded = lease.lease.hasEnded(at: step.now)
        if acceptance.isReported || hasEnded { release(lease.id, &step) }
        guard !acceptance.isReported else { return }
        let late = Refusal(term: "term", reason: "it ended before \(name(of: peer))'s word came", retryAfter: .zero)
        step.act(.decided(id, hasEnded ? .failure(late) : .success(lease.id)))
    }

    mutating func declined(_ agreement: AgreementID, _ refusal: Refusal, by peer: NodeID, _ step: inout Step) {
        guard
            let (id, entry) = requests.pairs.first(where: { $0.1.acceptance?.agreement.id == agreement }),
            let acceptance = entry.acceptance, acceptance.agreement.lender == peer
        else { return }
        var changed = entry
        changed.acceptance = nil
        changed.request.decline(acceptance.talk, refusal)
        void(acceptance.agreement.reservation, &step)
        step.forget(.request, id)
        step.tell("agreement.declined", [agreement, id, peer], "\(name(of: peer)) declined after all: \(refusal)")
        requests[id] = acceptance.isReported ? nil : changed
        conclude(id, &step)
    }

    /// Asks again about acceptances without an answer, and tells a user who has waited too long.
    mutating func clearDoubts(_ step: inout Step) {
        for id in requests.keys {
            guard var entry = requests[id] else { continue }
            if entry.acceptance == nil {
                let outgoing = entry.request.tick(at: step.now)
                requests[id] = entry
                send(outgoing, &step)
                conclude(id, &step)
            } else if entry.acceptance?.isGivenUp(at: step.now) == true {
                abandon(id, &step)
            } else {
                pressForAnswer(&entry, &step)
                requests[id] = entry
            }
        }
    }

    /// Gives up an acceptance whose fate will never be known. A lease that comes of it after all is given back when the
    /// lender claims it.
    mutating func abandon(_ id: RequestID, _ step: inout Step) {
        guard let acceptance = requests[id]?.acceptance else { return }
        requests[id] = nil
        step.forget(.request, id)
        void(acceptance.agreement.reservation, &step)
        let reason = "\(name(of: acceptance.agreement.lender)) will not say any more whether it lends"
        step.tell("request.abandoned", [id, acceptance.agreement.id], reason)
        if !acceptance.isReported { step.act(.decided(id, .failure(Refusal(term: "doubt", reason: reason)))) }
    }

    private mutating func pressForAnswer(_ entry: inout RequestEntry, _ step: inout Step) {
        guard var acceptance = entry.acceptance else { return }
        let (id, agreement) = (entry.request.id, acceptance.agreement)
        if !acceptance.isReported, acceptance.patience.hasPassed(at: step.now) {
            acceptance.isReported = true
            entry.acceptance = acceptance
            step.record(.state(.request, id: id.description, entry))
            let reason =
                "\(name(of: agreement.lender)) has not answered whether it lends; a lease that still appears is given back"
            step.tell("request.doubt", [id, agreement.id], reason)
            step.act(.decided(id, .failure(Refusal(term: "doubt", reason: reason))))
        }
        guard acceptance.retry.at.hasPassed(at: step.now) else { return }
        acceptance.retry.again(at: step.now, longest: acceptance.isReported ? Timing.longestRetry : Timing.longestLiveRetry)
        entry.acceptance = acceptance
        let offerHolds = Deadline(acceptance.began + Negotiating.offerTime).remaining(at: step.now) > .zero
        step.send(
            offerHolds && !acceptance.isReported
                ? .accept(Acceptance(negotiation: agreement.negotiation, agreement: acceptance.signed))
                : .inquire(agreement.id), to: agreement.lender)
    }

    private func pendingRequest(for document: [UInt8]) -> (RequestID, RequestEntry)? {
        requests.pairs.first { $0.1.acceptance?.signed.document == document }.map { ($0.0, $0.1) }
    }

    func send(_ outgoing: [BorrowRequest.Outgoing], _ step: inout Step) {
        for message in outgoing { step.send(message.message, to: message.peer) }
    }
}

extension BorrowRequest {
    /// Why nobody lends, peer by peer, and the earliest time to try again.
    func refusal(naming name: (NodeID) -> String) -> Refusal {
        var retryAfter: Microseconds?
        let reasons = talks.map { talk in
            switch talk.state {
            case .rejected(let refusal):
                if let after = refusal.retryAfter { retryAfter = min(retryAfter ?? after, after) }
                return "\(name(talk.peer)): \(refusal.reason)"
            case .silent: return "\(name(talk.peer)): no answer in \(Negotiating.roundTime.text)"
            case .offered: return "\(name(talk.peer)): its offer lapsed"
            case .proposed: return "\(name(talk.peer)): not answered yet"
            }
        }
        let shown = reasons.prefix(5).joined(separator: "; ")
        let terms = Set(talks.compactMap { talk in if case .rejected(let refusal) = talk.state { refusal.term } else { nil } })
        let rest = reasons.count > 5 ? "; and \(reasons.count - 5) more" : ""
        return Refusal(term: terms.count == 1 ? terms.first ?? "peers" : "peers", reason: shown + rest, retryAfter: retryAfter)
    }

    /// What every peer said, for the story of a choice.
    func offers(naming name: (NodeID) -> String, at now: Moment) -> [Event.Detail] {
        talks.indices.map { index in
            let text =
                switch talks[index].state {
                case .offered(let terms, _): "\(terms.amounts.text) at \(terms.prices.cpu.text) per core-hour"
                case .rejected(let refusal): "no: \(refusal.reason)"
                case .silent, .proposed: "no answer"
                }
            return Event.Detail("asked_\(name(talks[index].peer))", text)
        }
    }
}
