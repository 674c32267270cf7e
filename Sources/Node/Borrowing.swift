import Bookkeeping
import Resources
import Trading

// The borrower's side of negotiations: asking, choosing and accepting. What comes of it is in Acceptances.swift.

extension Node {
    mutating func borrow(_ id: RequestID, _ want: Want, from peers: [NodeID], _ step: inout Step) {
        guard requests[id] == nil else { return }
        do throws(Refusal) {
            let request = try request(id, want, from: peers, at: step.now, random: &step.random)
            requests[id] = RequestEntry(request: request)
            send(request.proposals, &step)
        } catch {
            report(id, of: want.rule, .failure(error), &step)
        }
    }

    /// What is asked of peers for what is wanted.
    ///
    /// - Throws: why it is asked of nobody.
    func request(
        _ id: RequestID, _ want: Want, from peers: [NodeID], at now: Moment, random: inout SeededGenerator
    ) throws(Refusal) -> BorrowRequest {
        guard Bounds.accepts(want.amounts), Bounds.accepts(want.maxPrices), Bounds.accepts(term: want.term),
            (1...Negotiating.mostNodes).contains(want.nodes), Bounds.accepts(start: want.start)
        else { throw Refusal(term: "request", reason: "a figure is out of range") }
        guard want.means?.swap == nil || want.nodes == 1 && want.start == nil && !want.renewsItself else {
            throw Refusal(term: "request", reason: "a swap is with one node, begins at once, and is not renewed")
        }
        guard !want.bid.mixesDisk else { throw Refusal(term: "request", reason: Amounts.mixingDisk) }
        if let refusal = objection(toStart: want.bid, at: now) { throw refusal }
        var want = want
        // What is lent in return is lent with the notice of this node's own policy.
        want.means?.swap?.notice = policy.notices.choose(asked: .standard, allowed: nil).notice
        let asked = Array(peers.filter { $0 != self.id }.prefix(Negotiating.fanOut))
        guard !asked.isEmpty else { throw Refusal(term: "peers", reason: "no other node of the pool can be asked") }
        guard asked.count >= want.nodes else {
            throw Refusal(term: "nodes", reason: "\(want.nodes) nodes are wanted, and only \(asked.count) can be asked")
        }
        return BorrowRequest(id: id, want: want, peers: asked, now: now, random: &random)
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
            !entry.isInDoubt
        else {
            // An offer nobody waits for any more need not hold the lender's capacity; one just accepted must.
            let isAccepted = requests.values.contains { entry in
                entry.acceptances.contains { $0.agreement.negotiation == answer.negotiation }
            }
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
        giveUpComparing(with: peer, refusal, &step)
        for id in requests.keys where requests[id]?.isInDoubt == false {
            requests[id]?.request.giveUp(on: peer, refusal)
            conclude(id, &step)
        }
    }

    /// Accepts the best offers once every peer has answered, or reports that there are too few.
    mutating func conclude(_ id: RequestID, _ step: inout Step) {
        guard var entry = requests[id], !entry.isInDoubt else { return }
        switch entry.request.verdict(at: step.now) {
        case .waiting: return
        case .best(let talks): accept(talks, of: entry, &step)
        case .hopeless:
            requests[id] = nil
            noteMissedRedemption(of: entry.request, &step)
            tellOpening(of: &entry, &step)
            let refusal = entry.request.refusal(naming: name(of:), at: step.now)
            send(entry.request.withdrawals(except: []), &step)
            step.tell("request.refused", [id], "nobody lends: \(refusal.reason)")
            report(id, of: entry.request.want.rule, .failure(refusal), &step)
        }
    }

    /// Accepts offers together: all acceptances are recorded before the first is sent, so that whatever happens then it is known
    /// what may have come of them.
    private mutating func accept(_ talks: [Int], of entry: RequestEntry, _ step: inout Step) {
        var entry = entry
        tellOpening(of: &entry, &step)
        for talk in talks {
            do throws(Refusal) {
                entry.acceptances.append(try acceptance(of: talk, in: entry.request, &step))
            } catch {
                for made in entry.acceptances { undo(made, &step) }
                entry.acceptances = []
                entry.request.decline(talk, error)
                requests[entry.request.id] = entry
                let refused = entry.request.talks[talk]
                step.send(.withdraw(refused.negotiation), to: refused.peer)
                return conclude(entry.request.id, &step)
            }
        }
        requests[entry.request.id] = entry
        step.record(.state(.request, id: entry.request.id.description, entry))
        for acceptance in entry.acceptances { send(acceptance, of: entry.request, &step) }
    }

    /// Accepts an offer: what follows from it is set aside, and the agreement signed.
    private mutating func acceptance(
        of talk: Int, in request: BorrowRequest, _ step: inout Step
    ) throws(Refusal) -> PendingAcceptance {
        let (agreement, returned) = try draft(of: talk, in: request, &step)
        let document = agreement.document
        let signed = SignedAgreement(document: document, borrowerSignature: step.notary.sign(document))
        return PendingAcceptance(
            talk: talk, agreement: agreement, signed: signed, began: step.now, retry: Retry(at: step.now),
            patience: Deadline(Negotiating.doubtTime, after: step.now), returned: returned)
    }

    /// Draws up the agreement to an offer, reserves what it can cost, and sets aside what is lent in return.
    ///
    /// - Throws: why this node cannot accept the offer.
    mutating func draft(
        of talk: Int, in request: BorrowRequest, _ step: inout Step
    ) throws(Refusal) -> (agreement: Agreement, returned: NegotiationID?) {
        let (peer, negotiation) = (request.talks[talk].peer, request.talks[talk].negotiation)
        guard let terms = request.offeredTerms(talk, at: step.now) else {
            throw Refusal(term: "offer", reason: "its offer lapsed", retryAfter: .zero)
        }
        let agreement = Agreement(
            id: step.newID(), lease: step.newID(), negotiation: negotiation, reservation: step.newID(),
            obligation: terms.defers ? step.newID() : nil,
            other: terms.exchange == nil
                ? nil : OtherHalf(lease: step.newID(), reservation: step.newID(), settlement: step.newID()), borrower: id,
            lender: peer, user: request.want.user, terms: terms, at: step.now.utc)
        if let refusal = budgetObjection(to: terms, of: request.want.rule, at: step.now) { throw refusal }
        if let refusal = redemptionObjection(to: terms, for: request.want, at: step.now) { throw refusal }
        openLines(with: peer, for: terms, &step)
        let returned = try holdReturn(terms, for: peer, &step)
        if let refusal = book(linked: reservations(of: agreement, at: step.now), &step) {
            letGo(ofReturn: returned, &step)
            throw refusal
        }
        return (agreement, returned)
    }

    /// Gives back what was set aside for an acceptance that comes to nothing.
    mutating func undo(_ acceptance: PendingAcceptance, _ step: inout Step) {
        voidReservations(of: acceptance.agreement, &step)
        letGo(ofReturn: acceptance.returned, &step)
    }

    private func send(_ acceptance: PendingAcceptance, of request: BorrowRequest, _ step: inout Step) {
        let agreement = acceptance.agreement
        let (peer, terms) = (agreement.lender, agreement.terms)
        step.tell(
            "agreement.accepted",
            [agreement.id, request.id, agreement.negotiation, agreement.lease, agreement.reservation, peer],
            "accepted the offer of \(name(of: peer)): \(terms.amounts.text) for \(terms.term.text)",
            terms.details + request.offers(naming: name(of:), at: step.now))
        step.send(.accept(Acceptance(negotiation: agreement.negotiation, agreement: acceptance.signed)), to: peer)
    }

    func send(_ outgoing: [BorrowRequest.Outgoing], _ step: inout Step) {
        for message in outgoing { step.send(message.message, to: message.peer) }
    }
}
