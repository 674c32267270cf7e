import Bookkeeping
import Node
import Resources
import Trading

// What must hold of swaps.

extension World {
    /// What a batch of records makes of swaps.
    mutating func look(atSwaps records: [Record], _ index: Int) {
        let leases = records.compactMap { record -> LeaseEntry? in
            if case .state(.lease, _, let entry as LeaseEntry) = record { entry } else { nil }
        }
        for entry in leases {
            guard let other = entry.lease.other, !leases.contains(where: { $0.id == other }) else { continue }
            guard nodes[index].disk.lease(other) == nil, nodes[index].node?.leases[other] == nil else { continue }
            violate("both leases of a swap or neither", index, "\(entry.id) without \(other)")
        }
        for case .event(let event) in records where event.kind == "swap.settled" { counts.swaps += 1 }
    }

    /// What a node lends in return does not go on for long when what it gets for it has ended.
    mutating func checkSwaps(_ node: Node, _ index: Int) {
        for swap in node.swaps.values {
            guard let borrowed = node.leases[swap.borrowed], let lent = node.leases[swap.lent], !borrowed.lease.isOpen,
                lent.lease.isOpen, let worth = lent.lease.terms.exchange?.worth, !nodes[index].hasLostTime
            else { continue }
            let now = moment(index)
            let taken = max(
                borrowed.bill.tariff.charge(for: borrowed.lease.setAside(at: now)).credits, borrowed.bill.charged.credits)
            let terms = lent.lease.terms
            let left = terms.term.scaled(by: taken.rawValue, over: worth.rawValue) - lent.lease.elapsed(at: now)
            let most = max(left, terms.notice.notice) + .seconds(2)
            guard lent.lease.ends.remaining(at: now) > most else { continue }
            violate(
                "one half of a swap ends in proportion to the other", index,
                "\(lent.id) for \(lent.lease.ends.remaining(at: now).text) more, at most \(most.text)")
        }
    }

    /// At rest: both halves of every swap are settled, and what was left is owed.
    mutating func checkSwapsAtRest(_ index: Int) {
        guard let node = nodes[index].node else { return }
        for swap in node.swaps.values { violate("every swap is settled", index, "\(swap.agreement)") }
        for entry in node.books.entries {
            guard case .swap(let peer) = entry.line.account, entry.balance.net != .zero else { continue }
            violate("what a swap leaves is owed", index, "\(entry.balance.net) with \(peer)")
        }
    }
}
