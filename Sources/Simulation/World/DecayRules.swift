import Bookkeeping
import Node
import Resources
import Trading

// What must hold of credits that stand idle, and lose by the rules of both sides.

extension World {
    /// What idle credits lose by the policy of a node: nothing, less than elsewhere, or as in most of the pool.
    func decayRule(of index: Int) -> DecayRule? {
        guard let rule = scenario.decay else { return nil }
        switch (seed &+ UInt64(index)) % 6 {
        case 0: return nil
        case 1: return DecayRule(rate: max(1, BasisPoints(rule.rate.rawValue / 2)), idle: rule.idle * 2)
        default: return rule
        }
    }

    /// Whoever has agreed to lose something loses no more than what is free of everything it owes and has reserved.
    mutating func look(atDecays records: [Record], _ index: Int) {
        for case .event(let event) in records where event.kind == "decay.agreed" { counts.decays += 1 }
        guard let node = nodes[index].node else { return }
        for case .transfer(let transfer) in records where transfer.debit == .decayed {
            guard let peer = transfer.credit.node else { continue }
            let balance = node.books.balance(of: .peer(peer))
            guard balance.net < balance.creditsPending else { continue }
            violate("idle credits alone decay", index, "\(transfer.id) left \(balance.net) with \(peer)")
        }
    }

    mutating func remember(_ message: DecayMessage, by index: Int) {
        guard case .agreed(let number, let document, _, _) = message, let decay = try? Decay(document: document) else { return }
        nodes[index].decaysAgreed[decay.debtor] = number
    }

    /// After a restart: what this node has agreed to lose is still known.
    mutating func checkRestoredDecays(_ node: Node, _ index: Int) {
        for (debtor, number) in nodes[index].decaysAgreed.pairs {
            guard node.decays[DecayEntry.Side(debtor, isOwed: true)]?.number ?? 0 < number else { continue }
            violate("nothing acknowledged is forgotten", index, "the word about decay \(number) with \(debtor)")
        }
    }

    /// At rest: what the creditor of a pair has lost, its debtor owes less.
    mutating func checkDecaysAtRest(_ index: Int) {
        guard let node = nodes[index].node, !nodes[index].hasForged else { return }
        for entry in node.decays.values {
            guard let other = self.index(of: entry.side.peer), !nodes[other].hasForged, let there = nodes[other].node else {
                continue
            }
            let mirror = DecayEntry.Side(node.id, isOwed: !entry.side.isOwed)
            let total = there.decays[mirror]?.total ?? .zero
            guard total != entry.total else { continue }
            violate("both sides have the same of what decayed", index, "\(entry.total), and \(nodes[other].name) \(total)")
        }
    }
}
