import Bookkeeping
import Node
import Policy
import Resources

// Nodes that borrow by rules of their policies, and what must hold of that.

extension World {
    private static let rule = AcquisitionRule(
        name: "games", release: ReleaseRule(when: .running(game)), amounts: Amounts(cpu: .cores(2), memory: .gibibytes(1)),
        least: Amounts(cpu: .cores(1), memory: .gibibytes(1)), nodes: 2, term: .minutes(2),
        budget: .init(credits: 150_000, period: .month), interval: .seconds(5))

    /// What the owner of a node lends and borrows by.
    func policy(of index: Int) -> LendingPolicy {
        var policy = scenario.policy
        if scenario.haveRules, index.isMultiple(of: 2) { policy.borrow.rules = [Self.rule] }
        policy.credit.decay = decayRule(of: index)
        return policy
    }

    /// After every commit, by the ledger alone: what a rule has paid and reserved is within its budget. Of its requests no more than
    /// one is under way.
    mutating func checkBudgets(_ index: Int) {
        guard let node = nodes[index].node else { return }
        for acquisition in node.acquisitions.all {
            let name = acquisition.rule.name
            let asked = node.requests.values.filter { $0.request.want.rule == name && !$0.isFailed }
            if asked.count > 1 { violate("a rule asks once at a time", index, "\(asked.count) requests of '\(name)'") }
            guard let budget = acquisition.rule.budget else { continue }
            let since = moment(index).utc + -budget.period.span
            let paid = nodes[index].disk.payments.reduce(Microcredits.zero) {
                $1.rule == name && $1.at >= since ? $0 + $1.amount : $0
            }
            let reserved = nodes[index].disk.reserved(by: name)
            guard paid + reserved > budget.credits else { continue }
            violate(
                "what rules spend stays within their budgets", index,
                "'\(name)' has paid \(paid.text) and reserved \(reserved.text) of \(budget.credits.text)")
        }
    }
}
