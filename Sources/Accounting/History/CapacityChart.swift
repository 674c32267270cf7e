import Resources

/// Who had a machine's capacity in one window of time, in whole units: for each resource
///
///     capacity + excess = owner + leases one by one + untold + idle
///
/// holds exactly.
package struct CapacityFigures: Hashable, Sendable {
    package var capacity: Usage
    package var excess: Usage
    package var owner: Usage
    package var idle: Usage
    /// What leases used that are not told apart any more.
    package var untold: Usage
    package var leases: [Lease]

    package struct Lease: Hashable, Sendable {
        package var lease: LeaseID
        package var used: Usage
    }
}

/// What is known of one window.
package struct CapacityWindow: Sendable {
    /// `nil` where nothing was measured.
    package private(set) var machine: CapacitySplit?
    package private(set) var leases = SortedMap<LeaseID, ResourceTime>()

    package init() {}

    package mutating func add(_ row: RollUp, of subject: Subject) {
        switch subject {
        case .machine:
            guard let split = row.split else { return }
            if machine?.merge(split) == nil { machine = split }
        case .lease(let lease):
            guard let share = row.share else { return }
            leases[lease] = (leases[lease] ?? .zero) + share
        }
    }

    /// The time that was measured.
    package var measured: Microseconds { machine?.span ?? .zero }

    /// Both sides in whole units, by largest remainders; all zero where nothing was measured.
    ///
    /// Where rows of leases were lost or have gone, less is known of them one by one than together: that is `untold`. Where more
    /// is known of them than of the machine, that is `excess`.
    package var figures: CapacityFigures {
        let parts = leases.values
        let known = parts.reduce(.zero, +)
        let together = machine?.leases ?? .zero
        let whole = [machine?.capacity ?? .zero, (machine?.excess ?? .zero) + (known - together).clampedToZero]
        let had = [machine?.owner ?? .zero, machine?.idle ?? .zero, (together - known).clampedToZero] + parts
        let (left, right) = (Self.rounded(whole), Self.rounded(had))
        return CapacityFigures(
            capacity: left[0], excess: left[1], owner: right[0], idle: right[1], untold: right[2],
            leases: zip(leases.keys, right.dropFirst(3)).map { CapacityFigures.Lease(lease: $0, used: $1) })
    }

    private static func rounded(_ parts: [ResourceTime]) -> [Usage] {
        let cpu = LargestRemainder.units(of: ResourceTime.perCoreMicrosecond, in: parts.map(\.cpu))
        let memory = LargestRemainder.units(of: ResourceTime.perMiBSecond, in: parts.map(\.memory))
        return zip(cpu, memory).map { Usage(cpu: CoreMicroseconds($0), memory: MiBSeconds($1)) }
    }
}

/// Who had a machine's capacity over a span of history, in windows of equal length.
package struct CapacityChart: Sendable {
    /// The beginning of the first window, a whole multiple of ``step`` in UTC.
    package let start: Timestamp
    package let step: Microseconds
    package private(set) var windows: [CapacityWindow]

    /// With the windows of a chart.
    package init(like chart: Chart) {
        start = chart.start
        step = chart.step
        windows = Array(repeating: CapacityWindow(), count: chart.points.count)
    }

    package var range: Range<Timestamp> { start..<start + step * Int64(windows.count) }

    /// Adds a row to the window in which it begins; one that begins outside is left out.
    package mutating func add(_ row: RollUp, of subject: Subject) {
        guard range.contains(row.start) else { return }
        windows[Int((row.start - start).rawValue / step.rawValue)].add(row, of: subject)
    }
}
