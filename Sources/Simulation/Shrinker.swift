import Resources

/// Reduces the plan of faults of a seed that breaks a rule to those faults that are needed for it.
///
/// Delta debugging: A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002. Every
/// single fault of what is left is needed: without it the rule is not broken, though another one may be.
package struct Shrinker {
    private let scenario: Scenario
    private let seed: UInt64
    /// The rule that is broken.
    package let rule: String
    /// The least plan found so far that breaks it.
    package private(set) var plan: FaultPlan
    package private(set) var runs = 0

    /// - Parameter result: of a run of this scenario that broke a rule; `nil` comes of any other.
    package init?(_ scenario: Scenario, breaking result: SeedResult) {
        guard let violation = result.violations.first else { return nil }
        self.scenario = scenario
        seed = result.seed
        rule = violation.rule
        // what had not begun cannot have mattered
        plan = FaultPlan(result.plan.faults.filter { $0.at <= violation.at })
    }

    /// Tries plans with fewer faults until none breaks the rule any more.
    ///
    /// - Parameter progress: called before every run with how many faults are left, and after how many runs.
    package mutating func shrink(progress: (Int, Int) -> Void = { _, _ in }) {
        var parts = 2
        while !plan.faults.isEmpty {
            progress(plan.faults.count, runs)
            if let smaller = smaller(without: parts) {
                plan = smaller
                parts = max(2, parts - 1)
            } else if parts >= plan.faults.count {
                return
            } else {
                parts = min(plan.faults.count, parts * 2)
            }
        }
    }

    /// The plan without one of so many equal parts, if that still breaks the rule.
    private mutating func smaller(without parts: Int) -> FaultPlan? {
        let faults = plan.faults
        let parts = min(parts, faults.count)
        for part in 0..<parts {
            let left = faults.indices.filter { $0 * parts / faults.count != part }.map { faults[$0] }
            let candidate = FaultPlan(left)
            if breaks(candidate) { return candidate }
        }
        return nil
    }

    private mutating func breaks(_ plan: FaultPlan) -> Bool {
        runs += 1
        return Simulator.run(scenario, seed: seed, plan: plan).violations.first?.rule == rule
    }
}
