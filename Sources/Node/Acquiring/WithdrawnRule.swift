import Bookkeeping
import Policy
import Resources

/// A rule that the policy has no more while a lease of it is not settled.
///
/// A lease under which a job runs is renewed until that job is over, within the last budget that the rule had. Nothing more is
/// acquired for it.
package struct WithdrawnRule: Hashable, Codable, Sendable {
    let rule: AcquisitionRule
    /// Whether people were told of its end.
    var isTold = false
}

extension AcquisitionBook {
    /// The rule by which a lease is held, as it is now or as it was last.
    func rule(holding name: String) -> AcquisitionRule? {
        index(of: name).map { all[$0].rule } ?? withdrawn.first { $0.rule.name == name }?.rule
    }

    /// Those of `before` that are withdrawn, with those that were so already, where `rules` has nothing of the same name.
    static func withdrawn(_ before: [AcquisitionRule], _ already: [WithdrawnRule], by rules: [AcquisitionRule]) -> [WithdrawnRule]
    {
        (already + before.map { WithdrawnRule(rule: $0) }).filter { gone in !rules.contains { $0.name == gone.rule.name } }
    }
}

extension Node {
    /// Lets go of what belongs to rules that the policy has no more; what something still runs under is kept until that is over.
    mutating func releaseStrays(_ step: inout Step) {
        guard acquisitions.mayHaveStrays else { return }
        func isStray(_ rule: String?) -> Bool { rule.map { acquisitions.index(of: $0) == nil } ?? false }
        for (id, entry) in requests.pairs where isStray(entry.request.want.rule) && !entry.isFailed { cancel(id, &step) }
        let before = acquisitions.withdrawn
        for index in before.indices where !before[index].isTold {
            tellWithdrawn(before[index].rule, &step)
            acquisitions.withdrawn[index].isTold = true
        }
        let strays = leases.unsettled.values.filter { $0.lease.isOpen && isStray($0.lease.rule) }.map(\.id)
        for id in strays where !acquisitions.isOccupied(id) { release(id, &step) }
        acquisitions.withdrawn.removeAll { gone in !leases.unsettled.values.contains { $0.lease.rule == gone.rule.name } }
        acquisitions.mayHaveStrays =
            !acquisitions.withdrawn.isEmpty || strays.contains { leases[$0]?.lease.isOpen == true }
        if acquisitions.withdrawn != before { keepAcquisitions(&step) }
    }

    private func tellWithdrawn(_ rule: AcquisitionRule, _ step: inout Step) {
        let held = leases(of: rule.name)
        guard !held.isEmpty else { return }
        let busy = held.count(where: acquisitions.isOccupied)
        let kept = busy == 0 ? "" : "; what a job runs under is kept until it is over"
        step.tell(
            "rule.closed", [], "borrow rule '\(rule.name)' gives back what it holds: the policy has it no more\(kept)",
            [Event.Detail("leases", held.map(\.description).joined(separator: " "))])
    }
}
