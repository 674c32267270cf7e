import Bookkeeping
import Node
import Resources
import Trading

// Those who do not accept what was billed, and what must hold of that.

extension World {
    private static let sameOnBothSides = "both sides have the same of each dispute"
    private static let undisputedIsPaid = "what is accepted is paid, whatever is in dispute"
    private static let apart = "what is in dispute stands apart"

    // MARK: People

    /// A holder is done with its lease; some jobs report what they used, and some of these half of it.
    mutating func done(_ lease: LeaseID, _ index: Int) {
        if isBusy, random.chance(.percent(40)) { report(lease, index) }
        feed(.release(lease), to: index)
    }

    private mutating func report(_ lease: LeaseID, _ index: Int) {
        // Nothing runs on a disk.
        guard let held = nodes[index].node?.leases[lease]?.lease, !held.isOfDisk, let lender = self.index(of: held.peer) else {
            return
        }
        let metered = nodes[lender].machine.readings.first { $0.lease == lease }?.usage.cpu ?? .zero
        let job = JobID(at: moment(index).utc, using: &random)
        feed(.occupied(lease, by: job, true), to: index)
        let used = random.chance(.percent(50)) ? metered : CoreMicroseconds(metered.rawValue / 2)
        feed(.counted(lease, by: job, random.chance(.percent(90)) ? used : nil), to: index)
    }

    /// Somebody says that too much was paid, or gives way in a dispute.
    mutating func somebodyDisputes() {
        guard isBusy else { return }
        schedule(.somebodyDisputes, after: random.span(.zero...scenario.disputeEvery * 2))
        let index = Int.random(in: nodes.indices, using: &random)
        guard let node = nodes[index].node else { return }
        if random.chance(.percent(40)) {
            guard let signed = nodes[index].disk.paid(by: node.id).randomElement(using: &random) else { return }
            let part =
                random.chance(.percent(50))
                ? nil : Microcredits(.random(in: 0...signed.receipt.amount.credits.rawValue, using: &random))
            let id = DisputeID(at: moment(index).utc, using: &random)
            let recalled = nodes[index].disk.recall(.receipt(signed.receipt.id, under: signed.receipt.agreement))
            return feed(.dispute(id, recalled, amount: part, reason: "it was slow"), to: index)
        }
        guard let dispute = node.disputes.open.values.randomElement(using: &random) else { return }
        let left = dispute.left.credits.rawValue
        let part = random.chance(.percent(40)) ? nil : Microcredits(.random(in: 0...left, using: &random))
        // Sometimes it is not theirs to do so.
        let verb = random.chance(.percent(90)) ? dispute.verb(of: node.id) : .accept
        feed(.resolve(dispute.id, verb == .accept ? .accept(part) : .withdraw(part)), to: index)
    }

    // MARK: Rules

    /// What a batch of records makes of receipts that were not accepted in full: the rest of them is paid with it.
    mutating func look(atDisputes records: [Record], _ index: Int) {
        let transfers = records.compactMap { if case .transfer(let transfer) = $0 { transfer } else { nil } }
        for case .receipt(let signed) in records {
            guard let accepted = signed.accepted, signed.borrowerSignature != nil, accepted != signed.receipt.amount else {
                continue
            }
            counts.disputes += 1
            let receipt = signed.receipt
            let paid = transfers.reduce(LedgerAmount.zero) { sum, transfer in
                let isOther = transfer.debit == .disputed(receipt.borrower) || transfer.id == receipt.compensationTransfer
                let isOfReceipt = transfer.id.high == receipt.transfer.high && transfer.unit == .credit
                return isOfReceipt && !isOther ? sum + transfer.amount : sum
            }
            guard paid != LedgerAmount(accepted.credits) else { continue }
            violate(Self.undisputedIsPaid, index, "\(paid) of \(accepted.credits) of \(receipt.id)")
        }
        for case .dispute(let dispute) in records where dispute.resolved != nil { counts.resolved += 1 }
    }

    /// What is still to be done about disputes between nodes that say what is true.
    func waitingDisputes(_ node: Node) -> [Dispute] {
        node.disputes.open.values.filter { dispute in
            let sides = [dispute.debtor, dispute.creditor]
            let isTrue = sides.allSatisfy { side in index(of: side).map { !nodes[$0].hasForged } ?? false }
            // What was paid stays in dispute for as long as nobody gives way.
            return isTrue && !(dispute.isAboutPayment && dispute.untold == nil && dispute.proposed == nil)
        }
    }

    /// At rest: both sides have the same of each dispute, and what is apart in the ledger is what is left of them.
    mutating func checkDisputes(_ index: Int) {
        guard let node = nodes[index].node, !nodes[index].hasForged else { return }
        for dispute in waitingDisputes(node) { violate("every dispute ends or waits for people", index, "\(dispute.id)") }
        var left = SortedMap<NodeID, Charge>()
        for dispute in node.disputes.values {
            let peer = dispute.peer(of: node.id)
            guard let other = self.index(of: peer), !nodes[other].hasForged else { continue }
            if dispute.creditor == node.id, !dispute.isAboutPayment { left[peer] = (left[peer] ?? .zero) + dispute.left }
            compare(dispute, with: other, index)
        }
        for (place, other) in nodes.enumerated() where place != index && !other.hasForged {
            for unit in Charge.units {
                let (booked, open) = (node.books.balance(of: .disputed(other.id), in: unit).net, (left[other.id] ?? .zero)[unit])
                guard booked != open else { continue }
                violate(Self.apart, index, "with \(other.name) \(unit.text(open)), and \(unit.text(booked))")
            }
        }
    }

    private mutating func compare(_ dispute: Dispute, with other: Int, _ index: Int) {
        guard let there = nodes[other].node?.disputes[dispute.id] else {
            guard dispute.state != .refused else { return }
            return violate(Self.sameOnBothSides, index, "\(dispute.id) is not known to \(nodes[other].name)")
        }
        let isSame =
            dispute.amount == there.amount && dispute.stands == there.stands && dispute.dropped == there.dropped
            && dispute.steps == there.steps
        if !isSame { violate(Self.sameOnBothSides, index, "\(dispute.id) differs from what \(nodes[other].name) has") }
        let (here, counterpart) = (
            nodes[index].disk.resolutions[dispute.id] ?? [], nodes[other].disk.resolutions[dispute.id] ?? []
        )
        if here != counterpart { violate(Self.sameOnBothSides, index, "the steps of \(dispute.id) differ") }
    }
}
