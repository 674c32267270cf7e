import Bookkeeping
import Policy
import Resources
import Trading

// Credits that nobody uses become less where both policies say so. The debtor proposes a step when what it owes has stood for the time
// of its rule; the creditor agrees to as much of it as its own books and rule allow; both book what the creditor has signed. While one of
// them is away nothing decays: a step is about one such time, however long that was.

extension Node {
    /// What is owed in credits in one direction, less what is reserved on it: leases and nettings take that.
    func freeCredits(_ side: DecayEntry.Side) -> Microcredits {
        let balance = books.balance(of: .peer(side.peer))
        let owed = side.isOwed ? balance.net - balance.creditsPending : -balance.net - balance.debitsPending
        return max(.zero, owed)
    }

    /// Something was booked with a peer: what stood before no longer does as far as it is less.
    mutating func noteIdle(with peer: NodeID, _ step: inout Step) {
        guard policy.credit.decay != nil else { return }
        for side in [DecayEntry.Side(peer, isOwed: true), DecayEntry.Side(peer, isOwed: false)] {
            var entry = decays[side] ?? DecayEntry(side)
            guard entry.note(freeCredits(side), at: step.now) else { continue }
            keep(entry, &step)
        }
    }

    /// The owner's rule is another one: what was refused is asked anew, and told.
    mutating func reviseDecay(_ step: inout Step) {
        for entry in decays.values where entry.refusal != nil {
            var entry = entry
            (entry.refusal, entry.rests) = (nil, nil)
            keep(entry, &step)
        }
    }

    /// The policy may be another one: what stands idle counts while there is a rule, and from then on.
    mutating func followDecay(_ step: inout Step) {
        if policy.credit.decay != nil {
            for line in books.trustLines(in: .credit) { noteIdle(with: line.peer, &step) }
        } else {
            for entry in decays.values where entry.since != nil {
                var entry = entry
                entry.restart(.zero, at: step.now)
                keep(entry, &step)
            }
        }
    }

    private mutating func keep(_ entry: DecayEntry, _ step: inout Step) {
        decays[entry.side] = entry
        step.record(.state(.decay, id: entry.side.description, entry))
    }

    mutating func take(_ message: DecayMessage, from peer: NodeID, _ step: inout Step) {
        switch message {
        case .offer(let document, let signature): examine(decay: document, signature, from: peer, &step)
        case .agreed(let number, let document, let signature, let allows):
            agreed(number, document, signature, allows: allows, by: peer, &step)
        case .refused(let number, let refusal, let allows): refused(decay: number, refusal, allows: allows, by: peer, &step)
        }
    }

    // MARK: The debtor

    mutating func runDecay(_ step: inout Step) {
        let due = decays.values.filter { nextDecay(of: $0, at: step.now).map { $0 <= step.now.instant } ?? false }
        for entry in due { run(entry, &step) }
    }

    /// When something is to be done about idle credits next.
    func nextDecay(at now: Moment) -> Instant? { decays.values.compactMap { nextDecay(of: $0, at: now) }.min() }

    private func nextDecay(of entry: DecayEntry, at now: Moment) -> Instant? {
        if let proposed = entry.proposed { return proposed.retry.at.instant(at: now) }
        guard let rule = decayRule(of: entry), let since = entry.since else { return nil }
        // A creditor waits to be asked, unless what it has is too little to lose anything.
        guard !entry.side.isOwed || rule.loss(of: entry.least) == .zero else { return nil }
        let due = since.instant(at: now) + rule.idle
        return max(due, entry.rests?.instant(at: now) ?? due)
    }

    /// By what idle credits lose as far as this node knows: the debtor goes by what its rule has in common with the creditor's.
    private func decayRule(of entry: DecayEntry) -> DecayRule? {
        entry.side.isOwed ? policy.credit.decay : policy.credit.decay?.common(with: entry.allowed)
    }

    private mutating func run(_ entry: DecayEntry, _ step: inout Step) {
        var entry = entry
        if var proposed = entry.proposed {
            proposed.retry.again(at: step.now, longest: Timing.longestRetry)
            entry.proposed = proposed
            decays[entry.side] = entry
            return step.send(.decay(.offer(document: proposed.document, proposed.signature)), to: entry.side.peer)
        }
        guard let rule = decayRule(of: entry) else { return }
        guard !entry.side.isOwed, rule.loss(of: entry.least) > .zero else {
            entry.restart(freeCredits(entry.side), at: step.now)
            return keep(entry, &step)
        }
        propose(rule, of: entry, &step)
    }

    private mutating func propose(_ rule: DecayRule, of entry: DecayEntry, _ step: inout Step) {
        var entry = entry
        entry.number += 1
        let decay = Decay(
            transfer: step.newID(), number: entry.number, debtor: id, creditor: entry.side.peer, rule: rule, idle: entry.least,
            amount: rule.loss(of: entry.least), issued: step.now.utc)
        let document = decay.document
        let proposed = DecayEntry.Proposed(
            decay: decay, document: document, signature: step.notary.sign(document), retry: Retry(at: step.now))
        entry.proposed = proposed
        entry.rests = nil
        keep(entry, &step)
        if entry.refusal == nil {
            step.tell(
                "decay.proposed", [decay.transfer, entry.side.peer],
                "asked \(name(of: entry.side.peer)) to lose \(decay.amount.text), \(rule.text)")
        }
        step.send(.decay(.offer(document: document, proposed.signature)), to: entry.side.peer)
    }

    private mutating func agreed(
        _ number: Int64, _ document: [UInt8], _ signature: Signature, allows: DecayRule?, by peer: NodeID, _ step: inout Step
    ) {
        guard var entry = decays[DecayEntry.Side(peer, isOwed: false)], let proposed = entry.proposed,
            proposed.decay.number == number, let decay = try? Decay(document: document), decay.answers(proposed.decay),
            step.notary.verify(signature, over: document, by: peer)
        else { return }
        (entry.proposed, entry.refusal) = (nil, nil)
        entry.allowed = allows ?? entry.allowed
        entry.total += decay.amount
        keep(entry, &step)
        carryOut(decay, debit: .peer(peer), credit: .decayed, &step)
        #if Defects
            if Defect.active == .decayBookedTwice {
                let other: TransferID = step.newID()
                carryOut(decay, as: other, debit: .peer(peer), credit: .decayed, &step)
            }
        #endif
        restartIdle(entry.side, &step)
        step.tell(
            "decay.agreed", [decay.transfer, peer], "\(name(of: peer)) loses \(decay.amount.text), \(decay.rule.text)",
            decay.details)
    }

    private mutating func refused(
        decay number: Int64, _ refusal: Refusal, allows: DecayRule?, by peer: NodeID, _ step: inout Step
    ) {
        if renumber(number, refusal, by: peer, &step) { return }
        guard var entry = decays[DecayEntry.Side(peer, isOwed: false)], let proposed = entry.proposed,
            proposed.decay.number == number
        else { return }
        // By what both rules have in common it is asked at once; whoever goes on changing its word waits all the same.
        let isFirst = entry.refusal == nil
        (entry.proposed, entry.allowed) = (nil, allows)
        let isNews = entry.note(refusal: refusal.reason)
        if !isFirst || decayRule(of: entry) == proposed.decay.rule {
            let wait = max(DecayRule.spans.lowerBound, refusal.retryAfter ?? proposed.decay.rule.idle)
            entry.rests = Deadline(min(wait, DecayRule.spans.upperBound), after: step.now)
        }
        keep(entry, &step)
        guard isNews else { return }
        step.tell(
            "decay.refused", [proposed.decay.transfer, peer],
            "\(name(of: peer)) does not lose \(proposed.decay.amount.text): \(refusal.reason)")
    }

    // MARK: The creditor

    /// Each number is answered once and alike, so that both sides know what became of it, in whatever order messages come.
    private mutating func examine(decay document: [UInt8], _ signature: Signature, from peer: NodeID, _ step: inout Step) {
        guard let offer = try? Decay(document: document), offer.debtor == peer, offer.creditor == id,
            step.notary.verify(signature, over: document, by: peer)
        else { return }
        let side = DecayEntry.Side(peer, isOwed: true)
        var entry = decays[side] ?? DecayEntry(side)
        guard offer.number > entry.number else {
            if entry.hasAnswered(offer.number, document) { return reply(entry, &step) }
            return step.send(.decay(.refused(number: offer.number, Self.wasNumbered, allows: nil)), to: peer)
        }
        entry.number = offer.number
        do throws(Refusal) {
            let decay = try agree(to: offer, entry, at: step.now)
            let own = decay.document
            entry.answer = .agreed(
                SignedDecay(offered: document, debtorSignature: signature, agreed: own, creditorSignature: step.notary.sign(own)))
            entry.total += decay.amount
            entry.refusal = nil
            keep(entry, &step)
            carryOut(decay, debit: .decayed, credit: .peer(peer), &step)
            restartIdle(side, &step)
            step.tell(
                "decay.agreed", [decay.transfer, peer],
                "\(name(of: peer)) owes \(decay.amount.text) less, \(decay.rule.text)", decay.details)
        } catch {
            entry.answer = .refused(error, allows: policy.credit.decay)
            let isNews = entry.note(refusal: error.reason)
            // By the other rule it may be too little where by the own one it is not: both count anew.
            if offer.rule.loss(of: entry.least) == .zero, (entry.stood(at: step.now) ?? .zero) >= offer.rule.idle {
                entry.restart(freeCredits(side), at: step.now)
            }
            keep(entry, &step)
            if isNews {
                step.tell(
                    "decay.refused", [offer.transfer, peer],
                    "refused \(name(of: peer)) to lose \(offer.amount.text): \(error.reason)")
            }
        }
        reply(entry, &step)
    }

    /// As much of what a debtor proposes as this side's books and policy allow.
    private func agree(to offer: Decay, _ entry: DecayEntry, at now: Moment) throws(Refusal) -> Decay {
        guard let rule = policy.credit.decay else {
            throw Refusal(term: "decay", reason: "its policy does not let idle credits decay")
        }
        guard rule.allows(offer.rule) else {
            throw Refusal(term: "decay", reason: "its policy lets decay \(rule.text), not \(offer.rule.text)")
        }
        let left = offer.rule.idle - (entry.stood(at: now) ?? .zero)
        guard left <= .zero else {
            throw Refusal(term: "decay", reason: "nothing stood idle for \(offer.rule.idle.text)", retryAfter: left)
        }
        guard isTimely(offer.transfer, at: now), !books.remembers(offer.transfer) else {
            throw Refusal(
                term: "decay", reason: "its transfer has an id that was used before or is dated ahead", retryAfter: .zero)
        }
        let decay = offer.limited(to: entry.least)
        guard decay.amount > .zero else { throw Refusal(term: "decay", reason: "too little stood idle to lose anything") }
        return decay
    }

    private func reply(_ entry: DecayEntry, _ step: inout Step) {
        switch entry.answer {
        case .agreed(let signed):
            let answer = DecayMessage.agreed(
                number: entry.number, document: signed.agreed, signed.creditorSignature, allows: policy.credit.decay)
            step.send(.decay(answer), to: entry.side.peer)
        case .refused(let refusal, let allows):
            step.send(.decay(.refused(number: entry.number, refusal, allows: allows)), to: entry.side.peer)
        case nil: break
        }
    }

    // MARK: Both

    private mutating func carryOut(
        _ decay: Decay, as id: TransferID? = nil, debit: Account, credit: Account, _ step: inout Step
    ) {
        enter(as: id ?? decay.transfer, &step) { id, time in
            Transfer(id: id, kind: .direct, debit: debit, credit: credit, amount: decay.amount, at: time)
        }
    }

    private mutating func restartIdle(_ side: DecayEntry.Side, _ step: inout Step) {
        guard var entry = decays[side] else { return }
        entry.restart(policy.credit.decay == nil ? .zero : freeCredits(side), at: step.now)
        keep(entry, &step)
    }

    // MARK: Peers that come and go, and clocks that are set

    /// After a restart, or when a peer can be reached again: what is proposed is asked at once.
    mutating func hastenDecay(with peer: NodeID? = nil, at now: Moment) {
        for side in decays.keys where peer == nil || side.peer == peer { decays[side]?.proposed?.retry.hasten(at: now) }
    }

    /// Who has left answers no more.
    mutating func leaveDecay(_ peer: NodeID, _ step: inout Step) {
        guard var entry = decays[DecayEntry.Side(peer, isOwed: false)], entry.proposed != nil else { return }
        entry.proposed = nil
        keep(entry, &step)
    }

    mutating func anchorDecay(_ step: inout Step) {
        for entry in decays.values {
            var entry = entry
            entry.anchor(at: step.now)
            keep(entry, &step)
        }
    }
}

extension Decay {
    fileprivate var details: [Event.Detail] {
        [
            Event.Detail("amount_microcredits", String(amount.rawValue)),
            Event.Detail("idle_microcredits", String(idle.rawValue)),
        ]
    }
}
