import Bookkeeping
import Policy
import Resources
import Trading

// The lender's side of negotiations: answering proposals and committing acceptances.

extension Node {
    mutating func answer(_ proposal: Proposal, from peer: NodeID, _ step: inout Step) {
        if let repeated = earlierAnswer(to: proposal, from: peer, at: step.now) {
            if let repeated = repeated.answer { step.send(.answer(repeated), to: peer) }
            return
        }
        if let refusal = fault(of: proposal, from: peer) { return turnAway(proposal, refusal, peer, &step) }
        decide(proposal, from: peer, &step)
    }

    /// What would be answered to a proposal now, without obligation: nothing is held, remembered or told.
    package func preview(of proposal: Proposal, from peer: NodeID, at now: Moment) -> Answer {
        let outcome: Answer.Outcome
        if let refusal = fault(of: proposal, from: peer) {
            outcome = .rejected(refusal)
        } else {
            switch quote(Ask(proposal), to: peer, for: proposal.user, at: now) {
            case .offer(let terms):
                outcome = .offered(terms, timeToLive: Negotiating.offerTime, creditLimit: creditGranted(to: peer))
            case .counter(let terms, let reason): outcome = .countered(terms, reason: reason)
            case .refuse(let refusal): outcome = .rejected(refusal)
            }
        }
        return Answer(negotiation: proposal.negotiation, round: proposal.round, outcome: outcome)
    }

    /// Why a proposal is not looked at; `nil` when it is.
    private func fault(of proposal: Proposal, from peer: NodeID) -> Refusal? {
        guard Bounds.accepts(proposal.terms.amounts), Bounds.accepts(proposal.terms.prices),
            Bounds.accepts(term: proposal.terms.term), Bounds.accepts(start: proposal.terms.start),
            proposal.least.fits(in: proposal.terms.amounts),
            proposal.least.isNatural, (1...Negotiating.rounds).contains(proposal.round),
            proposal.user.utf8.count <= Agreement.longestUser
        else { return Refusal(term: "proposal", reason: "a figure is out of range") }
        let open =
            holds.values.count(where: { $0.borrower == peer }) + talks.values.count(where: { $0.borrower == peer })
        guard open >= Negotiating.perPeer else { return nil }
        let reason = "\(Negotiating.perPeer) conversations with this node are open"
        return Refusal(term: "negotiations", reason: reason, retryAfter: Negotiating.memory)
    }

    private mutating func decide(_ proposal: Proposal, from peer: NodeID, _ step: inout Step) {
        // A new round replaces what an earlier one of the same conversation held.
        if holds.removeValue(forKey: proposal.negotiation) != nil { step.forget(.hold, proposal.negotiation) }
        switch quote(Ask(proposal), to: peer, for: proposal.user, at: step.now) {
        case .offer(let offered): offer(offered, for: proposal, to: peer, &step)
        case .counter(let terms, let reason):
            reply(proposal, .countered(terms, reason: reason), to: peer, &step)
            step.tell("negotiation.countered", [proposal.negotiation, peer], "countered \(name(of: peer)): \(reason)")
        case .refuse(let refusal):
            noteRefusedRedemption(proposal.terms.consideration, of: peer, refusal, &step)
            reject(proposal, refusal, peer, &step)
        }
    }

    private mutating func offer(_ terms: Terms, for proposal: Proposal, to peer: NodeID, _ step: inout Step) {
        openLines(with: peer, for: terms, &step)
        let line = trustLine(with: peer, in: .credit, &step)
        let hold = Hold(
            negotiation: proposal.negotiation, round: proposal.round, borrower: peer, user: proposal.user, terms: terms,
            until: Deadline(Negotiating.offerTime, after: step.now))
        holds[proposal.negotiation] = hold
        talks[proposal.negotiation] = nil
        step.record(.state(.hold, id: proposal.negotiation.description, hold))
        step.tell(
            "negotiation.offered", [proposal.negotiation, peer], "offered \(terms.amounts.text) to \(name(of: peer))",
            terms.details + [Event.Detail("owner_usage", owner.level.text), Event.Detail("committed", committed.text)])
        step.send(.answer(offered(hold, at: step.now, limit: Microcredits(line.granted))), to: peer)
    }

    private func offered(_ hold: Hold, at now: Moment, limit: Microcredits) -> Answer {
        let outcome = Answer.Outcome.offered(hold.terms, timeToLive: hold.until.remaining(at: now), creditLimit: limit)
        return Answer(negotiation: hold.negotiation, round: hold.round, outcome: outcome)
    }

    /// What a peer may owe this node in credits.
    private func creditGranted(to peer: NodeID) -> Microcredits {
        books.trustLine(with: peer).map { Microcredits($0.granted) } ?? creditLimit(of: borrower(peer))
    }

    /// Refuses without remembering it, so that a flood of proposals takes no room here.
    private func turnAway(_ proposal: Proposal, _ refusal: Refusal, _ peer: NodeID, _ step: inout Step) {
        let answer = Answer(negotiation: proposal.negotiation, round: proposal.round, outcome: .rejected(refusal))
        step.send(.answer(answer), to: peer)
    }

    private mutating func reject(_ proposal: Proposal, _ refusal: Refusal, _ peer: NodeID, _ step: inout Step) {
        reply(proposal, .rejected(refusal), to: peer, &step)
        step.tell("negotiation.rejected", [proposal.negotiation, peer], "refused \(name(of: peer)): \(refusal)")
    }

    private mutating func reply(
        _ proposal: Proposal, _ outcome: Answer.Outcome, to peer: NodeID, _ step: inout Step
    ) {
        let answer = Answer(negotiation: proposal.negotiation, round: proposal.round, outcome: outcome)
        talks[proposal.negotiation] = LenderTalk(
            borrower: peer, answer: answer, until: Deadline(Negotiating.memory, after: step.now))
        step.send(.answer(answer), to: peer)
    }

    private struct Earlier {
        /// What to say again; `nil` when the message is from an earlier round or another peer's conversation.
        let answer: Answer?
    }

    private func earlierAnswer(to proposal: Proposal, from peer: NodeID, at now: Moment) -> Earlier? {
        if let hold = holds[proposal.negotiation] {
            guard hold.borrower == peer, hold.round == proposal.round else {
                return hold.borrower == peer && hold.round < proposal.round ? nil : Earlier(answer: nil)
            }
            return Earlier(answer: offered(hold, at: now, limit: creditGranted(to: peer)))
        }
        guard let talk = talks[proposal.negotiation] else { return nil }
        guard talk.borrower == peer, talk.answer.round >= proposal.round else {
            return talk.borrower == peer ? nil : Earlier(answer: nil)
        }
        return Earlier(answer: talk.answer.round == proposal.round ? talk.answer : nil)
    }

    mutating func withdraw(_ id: NegotiationID, by peer: NodeID, _ step: inout Step) {
        if holds[id]?.borrower == peer {
            holds[id] = nil
            step.forget(.hold, id)
            step.tell("negotiation.withdrawn", [id, peer], "\(name(of: peer)) did not take up the offer")
        }
        if talks[id]?.borrower == peer { talks[id] = nil }
    }
}

extension Ask {
    /// What a proposal asks of the policy.
    fileprivate init(_ proposal: Proposal) {
        let terms = proposal.terms
        self.init(
            amounts: terms.amounts, least: proposal.least, term: terms.term, bid: terms.prices, notice: terms.notice,
            round: proposal.round, rounds: Negotiating.rounds, start: terms.start, consideration: terms.consideration)
    }
}

// MARK: - Committing

extension Node {
    /// The decision about a trade: once the records of this step are durable the lease exists, and not before.
    mutating func commit(_ acceptance: Acceptance, from peer: NodeID, _ step: inout Step) {
        let agreement: Agreement
        do { agreement = try Agreement(document: acceptance.agreement.document) } catch { return }
        guard agreement.borrower == peer, agreement.lender == id else { return }
        if let refused = refused[agreement.id] { return step.send(.declined(agreement.id, refused.refusal), to: peer) }
        if let lease = leaseOfAgreement[agreement.id] { return confirm(lease, to: peer, &step) }
        guard step.notary.verify(acceptance.agreement.borrowerSignature, over: acceptance.agreement.document, by: peer) else {
            return decline(
                agreement.id, Refusal(term: "signature", reason: "the agreement is not signed by its borrower"), peer, &step)
        }
        guard let hold = holds[agreement.negotiation], hold.borrower == peer, !hold.until.hasPassed(at: step.now) else {
            return decline(agreement.id, Refusal(term: "offer", reason: "the offer has lapsed", retryAfter: .zero), peer, &step)
        }
        guard hold.negotiation == acceptance.negotiation, hold.terms == agreement.terms, leases[agreement.lease] == nil,
            leases[agreement.other?.lease ?? agreement.lease] == nil, !hold.isReturn,
            [agreement.reservation, agreement.other?.reservation, agreement.other?.settlement].allSatisfy({
                $0.map { isTimely($0, at: step.now) && !books.remembers($0) } ?? true
            })
        else {
            return decline(agreement.id, Refusal(term: "terms", reason: "the agreement differs from the offer"), peer, &step)
        }
        grant(agreement, acceptance.agreement, to: peer, &step)
    }

    private mutating func grant(
        _ agreement: Agreement, _ signed: SignedAgreement, to peer: NodeID, _ step: inout Step
    ) {
        let wait = agreement.terms.wait(at: step.now.utc)
        if let refusal = book(linked: reservations(of: agreement, at: step.now), &step) {
            return decline(agreement.id, refusal, peer, &step)
        }
        holds[agreement.negotiation] = nil
        step.forget(.hold, agreement.negotiation)
        var complete = signed
        complete.lenderSignature = step.notary.sign(signed.document)
        let hash = step.notary.digest(signed.document)
        step.record(.agreement(agreement.record(complete, at: step.now.utc)))
        var entry = LeaseEntry(
            lease: Lease(agreement, role: .lender, at: step.now, wait: wait, remaining: wait + agreement.terms.term),
            bill: agreement.bill(hash: hash), reservation: agreement.other == nil ? agreement.reservation : nil)
        entry.signed = complete
        openObligation(of: agreement, &step)
        if let other = agreement.mirrored { beginReturn(of: agreement, hash: hash, remaining: other.terms.term, &step) }
        if !entry.isPromise { entry.open(billing: rhythm.receipts, at: step.now) }
        leaseOfAgreement[agreement.id] = entry.id
        keep(entry, &step)
        #if Defects
            if Defect.active == .grantNotRecorded { step.outcome.records.removeLast() }
        #endif
        step.tell(
            entry.isPromise ? "lease.promised" : "lease.granted",
            [entry.id, agreement.id, agreement.negotiation, agreement.reservation, peer],
            "lent \(agreement.terms.amounts.text) to \(name(of: peer)) for \(agreement.terms.term.text)"
                + (entry.isPromise ? ", beginning in \(wait.shortText)" : ""),
            agreement.terms.details + [
                Event.Detail("reserved", agreement.terms.ceiling.text), Event.Detail("user", agreement.user),
            ])
        if !entry.isPromise { step.setAside(entry.lease) }
        confirm(entry.id, to: peer, &step)
        #if Defects
            if Defect.active == .pauseIgnored { return }
        #endif
        holdToPause(entry.id, &step)
    }

    private func confirm(_ lease: LeaseID, to peer: NodeID, _ step: inout Step) {
        guard let entry = leases[lease], entry.lease.peer == peer, let signed = entry.signed else { return }
        let remaining = entry.lease.isOpen ? max(.zero, entry.lease.ends.remaining(at: step.now)) : .zero
        step.send(.committed(Commitment(agreement: signed, remaining: remaining)), to: peer)
    }

    private mutating func decline(_ agreement: AgreementID, _ refusal: Refusal, _ peer: NodeID, _ step: inout Step) {
        let refused = RefusedAgreement(
            id: agreement, borrower: peer, refusal: refusal, until: Deadline(Timing.refusalMemory, after: step.now))
        let others = self.refused.values.filter { $0.borrower == peer }
        if others.count >= Negotiating.refusalsKept,
            let oldest = others.min(by: { $0.until.remaining(at: step.now) < $1.until.remaining(at: step.now) })
        {
            self.refused[oldest.id] = nil
            step.forget(.refusal, oldest.id)
        }
        self.refused[agreement] = refused
        step.record(.state(.refusal, id: agreement.description, refused))
        step.tell("agreement.declined", [agreement, peer], "declined \(name(of: peer))'s acceptance: \(refusal)")
        step.send(.declined(agreement, refusal), to: peer)
    }

    /// A borrower in doubt asks. What was not committed by now never will be.
    mutating func inquired(_ agreement: AgreementID, by peer: NodeID, _ step: inout Step) {
        if let lease = leaseOfAgreement[agreement] { return confirm(lease, to: peer, &step) }
        if let refused = refused[agreement] { return step.send(.declined(agreement, refused.refusal), to: peer) }
        decline(agreement, Refusal(term: "agreement", reason: "it was not committed", retryAfter: .zero), peer, &step)
    }
}
