import Bookkeeping
import Resources
import Trading

// What a step towards the end of a dispute moves in the books of each side.

extension Node {
    /// Books what both have signed.
    mutating func carryOut(_ signed: SignedResolution, _ dispute: Dispute, _ step: inout Step) {
        let resolution = signed.resolution
        var changed = dispute
        #if Defects
            if Defect.active == .disputeResolvedTwice, resolution.number != dispute.steps + 1 {
                move(resolution.amount, resolution.outcome, of: dispute, as: step.newID(), &step)
                return
            }
        #endif
        changed.apply(resolution, at: step.now.utc)
        move(resolution.amount, resolution.outcome, of: dispute, as: resolution.transfer, &step)
        step.record(.resolution(signed))
        keep(changed, &step)
        let peer = dispute.peer(of: id)
        // Both sides tell it, each in the other's story, too: "this node" would mean either.
        let proposer = "the node that \(resolution.proposer == dispute.creditor ? "billed it" : "was billed")"
        step.tell(
            changed.isOpen ? "dispute.reduced" : "dispute.resolved",
            [dispute.id, dispute.lease, resolution.transfer, peer] + (dispute.receipt.map { [$0] } ?? []),
            "\(proposer): \(resolution.story(of: dispute))",
            [Event.Detail("left_microcredits", String(changed.left.credits.rawValue))])
    }

    /// The creditor drops what its peer knows nothing of, or is not there to hear: only its own books have it.
    mutating func dropAlone(_ dispute: inout Dispute, _ step: inout Step) {
        let part = dispute.left
        dispute.dropAlone(at: step.now.utc)
        let transfer: TransferID = step.newID()
        move(part, .dropped, of: dispute, as: transfer, &step)
        keep(dispute, &step)
        step.tell(
            "dispute.resolved", [dispute.id, dispute.lease, transfer, dispute.peer(of: id)],
            "dropped \(part.text), of which \(name(of: dispute.peer(of: id))) has not taken note")
        if dispute.untold != nil { closeInKind(ofWrittenOff: dispute.lease, &step) }
        step.act(.disputeDecided(dispute.id, nil))
    }

    private mutating func move(
        _ part: Charge, _ outcome: Resolution.Outcome, of dispute: Dispute, as transfer: TransferID, _ step: inout Step
    ) {
        let transfers = dispute.creditor == id ? creditorEntries(part, outcome, dispute) : debtorEntries(part, outcome, dispute)
        enter(linkedAs: transfer, &step) { id, time in
            transfers.filter { $0.amount > .zero }.map { entry in
                Transfer(
                    id: id.following(entry.unit.offset + entry.place), kind: .direct, unit: entry.unit, debit: entry.debit,
                    credit: entry.credit, amount: entry.amount, lease: dispute.lease, at: time)
            }
        }
        // What is given back was lent by nobody: not by who gives it, nor by who gets it.
        if dispute.isAboutPayment, outcome == .dropped {
            creditHonour(of: dispute.peer(of: id), { $0.returned += part.credits }, &step)
        }
    }

    /// One line of the books.
    private struct Line {
        let unit: LedgerUnit
        let debit: Account
        let credit: Account
        let amount: LedgerAmount
        /// Where two are in one unit.
        var place: UInt64 = 0
    }

    private func creditorEntries(_ part: Charge, _ outcome: Resolution.Outcome, _ dispute: Dispute) -> [Line] {
        let (peer, apart) = (Account.peer(dispute.debtor), Account.disputed(dispute.debtor))
        let place: Account = dispute.cause == .premium ? .converted : .earned
        switch (dispute.isAboutPayment, outcome) {
        case (true, .stands): return []
        case (true, .dropped): return [Line(unit: .credit, debit: place, credit: peer, amount: LedgerAmount(part.credits))]
        case (false, .dropped):
            return part.parts.map { Line(unit: $0.unit, debit: place, credit: apart, amount: $0.amount) }
        case (false, .stands):
            // What is in dispute in kind is paid in credits: when it would fall due is nothing that both agree on.
            let inKind = part.parts.filter { $0.unit != .credit }.map {
                Line(unit: $0.unit, debit: place, credit: apart, amount: $0.amount)
            }
            let worth = dispute.worth(of: Charge(inKind: part.inKind))
            return inKind + [
                Line(unit: .credit, debit: peer, credit: apart, amount: LedgerAmount(part.credits)),
                Line(unit: .credit, debit: peer, credit: place, amount: LedgerAmount(worth), place: 1),
            ]
        }
    }

    private func debtorEntries(_ part: Charge, _ outcome: Resolution.Outcome, _ dispute: Dispute) -> [Line] {
        let peer = Account.peer(dispute.creditor)
        let place: Account = dispute.cause == .premium ? .converted : .spent
        switch (dispute.isAboutPayment, outcome) {
        case (true, .stands), (false, .dropped): return []
        case (true, .dropped): return [Line(unit: .credit, debit: peer, credit: place, amount: LedgerAmount(part.credits))]
        case (false, .stands):
            return [
                Line(unit: .credit, debit: place, credit: peer, amount: LedgerAmount(part.credits)),
                Line(
                    unit: .credit, debit: place, credit: peer,
                    amount: LedgerAmount(dispute.worth(of: Charge(inKind: part.inKind))),
                    place: 1),
            ]
        }
    }
}

extension Resolution {
    /// What it is, for people.
    package func story(of dispute: Dispute) -> String {
        let why = isBySilence ? ", for the time was up" : ""
        return switch (outcome, dispute.isAboutPayment) {
        case (.stands, true): "what was said against \(amount.text) is withdrawn\(why)"
        case (.stands, false): "\(amount.text) are accepted\(why)"
        case (.dropped, true): "\(amount.text) are given back\(why)"
        case (.dropped, false): "\(amount.text) are asked for no more\(why)"
        }
    }
}
