import Bookkeeping
import Resources
import Trading

// What nettings do in the books: one transfer from the line with whom this node owes to the line with who owes it, which makes both
// debts smaller and leaves all else as it was.

extension Node {
    /// Reserves what a netting takes off both of this node's lines; says why when that cannot be.
    mutating func reserve(_ draft: Netting, _ step: inout Step) -> Refusal? {
        guard let (creditor, debtor) = draft.neighbours(of: id) else {
            return Refusal(term: "netting", reason: "this node is no member of it")
        }
        if let refusal = objection(to: draft, creditor, debtor, at: step.now) { return refusal }
        let reservation = Transfer(
            id: draft.transfer, kind: .pending, debit: .peer(creditor), credit: .peer(debtor), amount: draft.amount,
            expires: Deadline(Nettings.heldFor, after: step.now), at: step.now.utc)
        return book(linked: [reservation], &step)
    }

    private func objection(to draft: Netting, _ creditor: NodeID, _ debtor: NodeID, at now: Moment) -> Refusal? {
        guard policy.credit.nets != .never else { return Refusal(term: "policy", reason: "its policy nets nothing") }
        if let absent = draft.members.first(where: netting.gone.contains) {
            return Refusal(term: "member", reason: "\(name(of: absent)) is no longer a member of the pool")
        }
        for peer in [creditor, debtor] where netting.isHeld(peer, by: id) {
            return Refusal(
                term: "netting", reason: "another netting holds the line with \(name(of: peer))", retryAfter: Nettings.voting)
        }
        for (debt, text) in [
            (nettableDebt(to: creditor), "what it owes \(name(of: creditor))"),
            (nettableClaim(on: debtor), "what \(name(of: debtor)) owes it"),
        ] where debt < draft.amount {
            return Refusal(term: "credit", reason: "\(text) may come to \(debt.text), less than \(draft.amount.text)")
        }
        guard isTimely(draft.transfer, at: now), (0...2).allSatisfy({ !books.remembers(draft.transfer.following($0)) }) else {
            return Refusal(term: "transfer", reason: "its transfers have ids that were used before or are dated ahead")
        }
        return nil
    }

    /// What a member has against the times that the initiator has written down.
    func objection(toTimesOf draft: Netting, at now: Moment) -> Refusal? {
        let (late, early) = (now.utc - draft.deadline, draft.at - now.utc)
        guard late > Nettings.clockTolerance || early > Nettings.clockTolerance else { return nil }
        return Refusal(
            term: "clock",
            reason: "it was drawn up at another time than now: clocks may differ by \(Nettings.clockTolerance.text)")
    }

    /// Does as was decided, for the entry to be recorded with it.
    mutating func finish(_ entry: inout NettingEntry, _ decision: NettingDecision, _ step: inout Step) {
        entry.decision = decision
        entry.phase = decision.isCommitted ? .committed : .aborted
        entry.forget = Deadline(Nettings.memory, after: step.now)
        let draft = entry.netting
        if decision.isCommitted {
            post(draft, &step)
            tell("netting.committed", entry, "netted \(draft.amount.text) around \(names(draft.members))", &step)
        } else {
            if let open = books.reservation(draft.transfer) { enter(as: draft.release, &step) { open.void(as: $0, at: $1) } }
            tell("netting.aborted", entry, "did not net \(draft.amount.text): \(decision.reason.prefix(500))", &step)
        }
    }

    /// Moves what is reserved, and closes the reservation.
    mutating func post(_ draft: Netting, _ step: inout Step) {
        guard let open = books.reservation(draft.transfer), let (_, debtor) = draft.neighbours(of: id) else { return }
        // It was not lent: what the debtor may owe does not rise by it.
        netting.record.credit(debtor, draft.amount)
        step.record(.state(.setting, id: NettingRecord.key, netting.record))
        enter(as: draft.posting, &step) { open.post(LedgerAmount(draft.amount), as: $0, at: $1) }
        if let rest = books.reservation(draft.transfer) {
            enter(as: draft.release, &step) { rest.void(as: $0, at: $1) }
        }
    }
}
