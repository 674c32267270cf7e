import Resources

/// What came of a fleet and its jobs.
package struct FleetReport: Sendable, Hashable {
    /// One sample, summed over the machines that were there.
    package struct Sample: Sendable, Hashable {
        package var machines: Int64 = 0
        /// In basis points of a machine: what owners used, what was lent firmly and altogether, and what guests used.
        package var owners: Int64 = 0
        package var firm: Int64 = 0
        package var lent: Int64 = 0
        package var guests: Int64 = 0
    }

    package internal(set) var samples: [Sample] = []
    /// What was lent firmly, and altogether, against what owners turned out to use.
    package internal(set) var firm = LendingTally()
    package internal(set) var total = LendingTally()

    // Jobs.
    package internal(set) var submitted = 0
    package internal(set) var finished = 0
    package internal(set) var running = 0
    package internal(set) var waiting = 0
    /// Jobs that no machine could ever run.
    package internal(set) var hopeless = 0
    /// Processor time of jobs that were finished.
    package internal(set) var useful = CoreMicroseconds.zero
    /// Processor time that was lost with leases that ended early.
    package internal(set) var wasted = CoreMicroseconds.zero
    /// From submission to the first start, ascending; of those that are finished.
    package internal(set) var waits: [Microseconds] = []

    // Trade.
    package internal(set) var requests = 0
    package internal(set) var leases = 0
    package internal(set) var firmLeases = 0
    /// Leases that ended before their jobs were done.
    package internal(set) var endedEarly = 0
    /// How often requests were refused, by the term that failed.
    package internal(set) var refusals: [String: Int] = [:]
    /// What each node has in the end: positive when others owe it more than it owes.
    package internal(set) var balances: [Microcredits] = []
    /// What each node earned in all.
    package internal(set) var earned: [Microcredits] = []

    // Failures.
    package internal(set) var outages = 0
    /// Jobs that ran on machines that went down.
    package internal(set) var interrupted = 0
    /// What the books say that must not be: empty when all is well.
    package internal(set) var faults: [String] = []

    // Effort.
    package internal(set) var occurrences = 0
    package internal(set) var messages = 0

    /// The wait that so large a part of the finished jobs did not exceed.
    package func wait(atMost share: BasisPoints) -> Microseconds? {
        guard !waits.isEmpty else { return nil }
        return waits[min(waits.count - 1, waits.count * Int(share.rawValue) / Int(BasisPoints.whole.rawValue))]
    }

    /// The part of all capacity that owners used, and owners and guests together.
    package var utilisation: (owners: PartsPerMillion, together: PartsPerMillion) {
        let sum = samples.reduce(into: Sample()) {
            $0.machines += $1.machines
            $0.owners += $1.owners
            $0.guests += $1.guests
        }
        let whole = sum.machines * BasisPoints.whole.rawValue
        return (PartsPerMillion(sum.owners, of: whole), PartsPerMillion(sum.owners + sum.guests, of: whole))
    }
}

/// Replays machine traces as owners' demand with jobs that compete for the surplus.
package enum FleetReplay {
    /// - Parameter progress: is told after each sample how many there were.
    package static func run(_ scenario: FleetScenario, progress: (Int) -> Void = { _ in }) -> FleetReport {
        var fleet = Fleet(scenario)
        return fleet.run(progress)
    }
}
