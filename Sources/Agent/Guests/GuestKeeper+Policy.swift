import Configuration
import Policy
import Reclaim
import Resources
import Sandbox

/// The owner's policy in the warden's terms.
extension GuestKeeper {
    /// What the warden keeps guests to. What is not lent any more has no threshold of its own: leases that are still under
    /// notice keep to the machine's capacity.
    var policy: WardenPolicy {
        let policy = house.policy.current.policy
        var threshold = policy.thresholds(of: house.capacity)
        if policy.cpu == nil { threshold.cpu = house.capacity.cpu }
        if policy.memory == nil { threshold.memory = house.capacity.memory }
        let owner: WardenPolicy.OwnerScope =
            switch house.configuration.ownerScope {
            case .everything: .everything
            case .cgroup(let path): .group(path)
            }
        let thresholds = Thresholds(threshold, periods: policy.periods(of: house.capacity))
        return WardenPolicy(capacity: house.capacity, thresholds: thresholds, owner: owner)
    }
}

extension LendingPolicy {
    /// The times of the week at which other thresholds hold, as the warden keeps them.
    fileprivate func periods(of capacity: Amounts) -> [Thresholds.Period] {
        func spans(_ rule: ResourceRule?, _ make: (Int, Int, BasisPoints) -> Thresholds.Period) -> [Thresholds.Period] {
            (rule?.periods ?? []).flatMap { period in
                period.window.minutesOfWeek.map { span in
                    make(span.lowerBound, (span.upperBound - 1) % Thresholds.minutesOfWeek + 1, period.threshold)
                }
            }
        }
        return spans(cpu) { Thresholds.Period(from: $0, until: $1, cpu: $2.of(capacity.cpu)) }
            + spans(memory) { Thresholds.Period(from: $0, until: $1, memory: $2.of(capacity.memory)) }
    }
}
