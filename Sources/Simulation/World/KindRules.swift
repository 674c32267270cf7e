import Bookkeeping
import Node
import Resources
import Trading

// What must hold of what is owed in kind.

extension World {
    private static let sameOnBothSides = "both sides have the same of each obligation"
    private static let inTheLedger = "what obligations come to is what the ledger has in kind"

    /// What is still owed in kind between nodes that say what is true.
    func unsettledInKind(_ node: Node) -> [Obligation] {
        node.obligations.unsettled.values.filter { obligation in
            [obligation.debtor, obligation.creditor].allSatisfy { side in index(of: side).map { !nodes[$0].hasForged } ?? false }
        }
    }

    /// At rest: what both sides have of each obligation is the same, and together they are what the ledger has.
    mutating func checkKind(_ index: Int) {
        guard let node = nodes[index].node, !nodes[index].hasForged else { return }
        var owed = SortedMap<NodeID, Usage>()
        for obligation in node.obligations.values {
            let isCreditor = obligation.creditor == node.id
            let peer = isCreditor ? obligation.debtor : obligation.creditor
            guard let other = self.index(of: peer), !nodes[other].hasForged else { continue }
            // More may have been used of it than was left: that is owed back.
            let net = obligation.accrued - obligation.discharged
            owed[peer] = (owed[peer] ?? .zero) + (isCreditor ? net : .zero - net)
            compare(obligation, with: other, index)
        }
        for (peer, usage) in owed.pairs {
            guard let other = self.index(of: peer) else { continue }
            for unit in Charge.units where unit != .credit {
                let balance = node.books.balance(of: .peer(peer), in: unit).net
                guard balance != Charge(inKind: usage)[unit] else { continue }
                violate(
                    Self.inTheLedger, index,
                    "with \(nodes[other].name) \(unit.text(Charge(inKind: usage)[unit])), and \(unit.text(balance))")
            }
        }
    }

    private mutating func compare(_ obligation: Obligation, with other: Int, _ index: Int) {
        guard let there = nodes[other].node?.obligations[obligation.id] else {
            guard obligation.accrued != .zero else { return }
            return violate(Self.sameOnBothSides, index, "\(obligation.id) is not known to \(nodes[other].name)")
        }
        guard
            obligation.accrued != there.accrued || obligation.redeemed != there.redeemed
                || obligation.converted != there.converted || obligation.cancelled != there.cancelled
                || obligation.offset != there.offset
        else { return }
        violate(Self.sameOnBothSides, index, "\(obligation.id) differs from what \(nodes[other].name) has")
    }
}

extension Usage {
    var halved: Usage {
        Usage(
            cpu: CoreMicroseconds(cpu.rawValue / 2), memory: MiBSeconds(memory.rawValue / 2), disk: MiBSeconds(disk.rawValue / 2))
    }
}
