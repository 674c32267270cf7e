import Resources

/// What the counters and gauges of a machine or a lease showed at one instant. What is `nil` is not measured there.
package struct Reading: Hashable, Sendable {
    /// On the boot's clock, which nobody can set.
    package var at: Instant
    package var cpu: CoreMicroseconds?
    package var memory: Bytes?
    package var networkReceived: Bytes?
    package var networkSent: Bytes?
    package var diskRead: Bytes?
    package var diskWritten: Bytes?
    /// Time in which a disk worked, summed over disks.
    package var diskBusy: Microseconds?
    package var cpuPressure = Pressure()
    package var memoryPressure = Pressure()
    package var ioPressure = Pressure()
    /// In hundredths.
    package var load: Int64?

    /// How long, since the boot or since the group was made, some task or every task waited.
    package struct Pressure: Hashable, Sendable {
        package var some: Microseconds?
        package var full: Microseconds?

        package init(some: Microseconds? = nil, full: Microseconds? = nil) {
            self.some = some
            self.full = full
        }
    }

    package init(at instant: Instant) { at = instant }
}

/// What was measured between two readings: means over that time of what is counted, the last value of what is not.
package struct Sample: Hashable, Sendable {
    /// The time it stands for.
    package var span: Microseconds
    package var values: MetricMap<Int64>

    package init(span: Microseconds, values: MetricMap<Int64>) {
        self.span = span
        self.values = values
    }
}

/// Makes samples of readings that follow each other.
package struct SampleMeter: Sendable {
    /// Readings further apart than this are no sample: what happened between them was not watched.
    package static let longestSpan = Microseconds.minutes(3)

    private var last: Reading?

    package init() {}

    /// The sample between the last reading and this; `nil` for the first, and when no time or too much has passed.
    ///
    /// A counter that shows less than before has begun anew, and what it shows was counted since.
    ///
    /// - Parameter grain: the sample stands for a whole multiple of it, at least one: sampling that is a little early or late
    ///   does not make one sample weigh more than another.
    package mutating func sample(_ reading: Reading, grain: Microseconds) -> Sample? {
        defer { last = reading }
        guard let last else { return nil }
        let elapsed = reading.at - last.at
        guard elapsed > .zero, elapsed <= Self.longestSpan else { return nil }
        var values = MetricMap<Int64>()
        func rate<Q: Quantity>(_ metric: Metric, _ counter: KeyPath<Reading, Q?>, per second: Int64) {
            guard let before = last[keyPath: counter], let now = reading[keyPath: counter] else { return }
            let growth = max(.zero, now < before ? now : now - before)
            values[metric] = growth.scaled(by: second, over: elapsed.rawValue).rawValue
        }
        func share(_ metric: Metric, _ counter: KeyPath<Reading, Microseconds?>) {
            rate(metric, counter, per: BasisPoints.whole.rawValue)
            values[metric] = values[metric].map { min($0, BasisPoints.whole.rawValue) }
        }
        rate(.cpu, \.cpu, per: 1000)
        values[.memory] = reading.memory.map { max(0, $0.rawValue) }
        rate(.networkReceived, \.networkReceived, per: 1_000_000)
        rate(.networkSent, \.networkSent, per: 1_000_000)
        rate(.diskRead, \.diskRead, per: 1_000_000)
        rate(.diskWritten, \.diskWritten, per: 1_000_000)
        rate(.diskBusy, \.diskBusy, per: 1000)
        share(.cpuPressure, \.cpuPressure.some)
        share(.cpuPressureFull, \.cpuPressure.full)
        share(.memoryPressure, \.memoryPressure.some)
        share(.memoryPressureFull, \.memoryPressure.full)
        share(.ioPressure, \.ioPressure.some)
        share(.ioPressureFull, \.ioPressure.full)
        values[.load] = reading.load.map { max(0, $0) }
        guard !values.isEmpty else { return nil }
        let grains = max(1, (elapsed.rawValue + grain.rawValue / 2) / grain.rawValue)
        return Sample(span: grain * grains, values: values)
    }
}
