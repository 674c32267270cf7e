import Configuration
import Policy
import Reclaim
import Resources
import Sandbox

/// The owner's policy in the warden's terms.
extension GuestKeeper {
    /// What the warden keeps guests to.
    var policy: WardenPolicy {
        let owner: WardenPolicy.OwnerScope =
            switch house.configuration.ownerScope {
            case .everything: .everything
            case .cgroup(let path): .group(path)
            }
        return WardenPolicy(house.policy.current.policy, of: house.capacity, owner: owner)
    }
}

extension WardenPolicy {
    /// What is not lent any more has no threshold of its own: leases that are still under notice keep to the machine's capacity.
    init(_ policy: LendingPolicy, of capacity: Amounts, owner: OwnerScope) {
        let capacity = capacity.inMachine
        var threshold = policy.thresholds(of: capacity)
        if policy.cpu == nil { threshold.cpu = capacity.cpu }
        if policy.memory == nil { threshold.memory = capacity.memory }
        self.init(
            capacity: capacity,
            thresholds: Thresholds(
                threshold, pressure: Pressure(policy.pressure.shares), periods: policy.periods(of: capacity)),
            owner: owner, reserve: policy.reserve.of(capacity.memory))
    }
}

extension LendingPolicy {
    /// The times of the week at which other thresholds hold, as the warden keeps them.
    fileprivate func periods(of capacity: Amounts) -> [Thresholds.Period] {
        func spans(_ rule: ResourceRule?, _ make: (Int, Int, BasisPoints) -> Thresholds.Period) -> [Thresholds.Period] {
            (rule?.periods ?? []).flatMap { period in period.window.spans.map { make($0.from, $0.until, period.threshold) } }
        }
        return spans(cpu) { Thresholds.Period(from: $0, until: $1, cpu: $2.of(capacity.cpu)) }
            + spans(memory) { Thresholds.Period(from: $0, until: $1, memory: $2.of(capacity.memory)) }
            + pressure.periods.flatMap { period in
                period.window.spans.map {
                    Thresholds.Period(from: $0.from, until: $0.until, pressure: Pressure(period.shares))
                }
            }
    }
}

extension Policy.Window {
    /// The parts of the week as the warden counts them.
    fileprivate var spans: [(from: Int, until: Int)] {
        minutesOfWeek.map { ($0.lowerBound, ($0.upperBound - 1) % Thresholds.minutesOfWeek + 1) }
    }
}

extension Pressure {
    /// The policy's io is what the warden knows of disks.
    init(_ shares: PressureRule.Shares<BasisPoints>) {
        self.init(cpu: shares.cpu, memory: shares.memory, disk: shares.io)
    }

    fileprivate init(_ shares: PressureRule.Shares<BasisPoints?>) {
        self.init(cpu: shares.cpu, memory: shares.memory, disk: shares.io)
    }
}
