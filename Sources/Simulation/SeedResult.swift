import Resources

/// How much happened in a run.
package struct Counts: Hashable, Codable, Sendable {
    package var occurrences = 0
    package var requests = 0
    package var leases = 0
    /// Leases of which the term was to begin later.
    package var promises = 0
    /// Requests for several nodes that were met.
    package var groups = 0
    /// Leases of disk.
    package var disks = 0
    /// Swaps that were settled, each counted by both its sides.
    package var swaps = 0
    /// Steps by which idle credits became less, each counted by both its sides.
    package var decays = 0
    /// Receipts that were not accepted in full, and disputes of which nothing was left, each counted by both its sides.
    package var disputes = 0
    package var resolved = 0
    package var refusals = 0
    /// Cycles of debts that probes came back from, and those that were netted.
    package var cycles = 0
    package var nettings = 0
    package var checkpoints = 0
    package var sent = 0
    package var lost = 0
    /// Messages that no core had sent.
    package var forged = 0
    package var commits = 0
    package var crashes = 0
    /// Events fed twice to see that the second changes nothing.
    package var replays = 0
    /// Net debts between all pairs at the end.
    package var traded = Microcredits.zero
}

/// What came of one seed.
package struct SeedResult: Sendable {
    package let seed: UInt64
    /// The same for the same seed, scenario and code, on every machine.
    package let hash: UInt64
    package let counts: Counts
    package let coverage: Coverage
    /// What went wrong, as drawn from the seed or as it was given.
    package let plan: FaultPlan
    /// Empty when every rule held; otherwise the first that did not, with what was seen.
    package let violations: [Violation]
    /// Virtual time from the beginning to the end, or to the violation.
    package let lasted: Microseconds
    package let transcript: Transcript?
}

/// Runs simulated pools.
package enum Simulator {
    /// Runs one seed to its end, or to the first violation.
    ///
    /// - Parameter plan: `nil`: one that is drawn from the seed.
    package static func run(
        _ scenario: Scenario, seed: UInt64, plan: FaultPlan? = nil, keepsTranscript: Bool = false
    ) -> SeedResult {
        var world = World(scenario: scenario, seed: seed, plan: plan, keepsTranscript: keepsTranscript)
        return world.run()
    }
}
