import Node
import Policy
import Resources
import Wire

// How the rules stand by which this node borrows, and what stands idle.

extension PoolMembership {
    func rules(of node: Node, at now: Moment) -> [Surplus_V1_PolicyRule] {
        node.acquisitions.all.map { acquisition in
            let rule = acquisition.rule
            let leases = node.leases(of: rule.name)
            return .with {
                $0.name = rule.name
                $0.gate = Surplus_V1_PolicyGate((key: "borrow.rules[\(rule.name)]", gate: acquisition.gate))
                $0.amounts = Surplus_V1_Amounts(rule.amounts)
                $0.nodes = Int32(clamping: rule.nodes)
                $0.leases = leases.map(\.description)
                $0.idleLeases = leases.filter { id in !node.acquisitions.occupants.contains { $0.lease == id } }.map(
                    \.description)
                $0.asking = acquisition.request != nil
                $0.shortage = acquisition.shortage ?? ""
                guard let budget = rule.budget else { return }
                let expenses = node.expenses(of: rule, at: now)
                ($0.budgetMicrocredits, $0.budgetPer) = (budget.credits.rawValue, budget.period.rawValue)
                ($0.paidMicrocredits, $0.reservedMicrocredits) = (expenses.paid.rawValue, expenses.reserved.rawValue)
                $0.leftMicrocredits = expenses.left.rawValue
            }
        }
    }

    func decay(of node: Node, at now: Moment) -> Surplus_V1_PolicyDecay? {
        guard let rule = node.policy.credit.decay else { return nil }
        return .with {
            ($0.rateBasisPoints, $0.idleMicroseconds) = (rule.rate.rawValue, rule.idle.rawValue)
            $0.idle = node.decays.values.compactMap { entry in
                entry.stood(at: now).map { stood in
                    .with {
                        ($0.peer, $0.peerName) = (entry.side.peer.description, name(of: entry.side.peer))
                        ($0.owedToUs, $0.idleMicrocredits) = (entry.side.isOwed, entry.least.rawValue)
                        ($0.stoodMicroseconds, $0.decayedMicrocredits) = (stood.rawValue, entry.total.rawValue)
                        if let allowed = entry.allowed { $0.peerAllows = Surplus_V1_DecayTerms(allowed) }
                        $0.refused = entry.refusal ?? ""
                    }
                }
            }
        }
    }
}
