import Resources

/// A row of the history: what was measured of one machine or lease in one interval.
package struct RollUp: Hashable, Sendable {
    package var resolution: Resolution
    /// The beginning of the interval, in civil time as it was told then.
    package var start: Timestamp
    /// Some of it was measured while a threshold was exceeded.
    package var isIncident: Bool
    package var values: MetricMap<Distribution>
    /// Of the machine: who had its capacity, as far as that was measured.
    package var split: CapacitySplit?
    /// Of a lease: its part of that capacity.
    package var share: ResourceTime?

    package init(
        _ resolution: Resolution, start: Timestamp, isIncident: Bool, values: MetricMap<Distribution>,
        split: CapacitySplit? = nil, share: ResourceTime? = nil
    ) {
        self.resolution = resolution
        self.start = start
        self.isIncident = isIncident
        self.values = values
        self.split = split
        self.share = share
    }

    /// One sample, in its second.
    package init(_ sample: Sample, at time: Timestamp, isIncident: Bool) {
        self.init(.second, start: Resolution.second.start(of: time), isIncident: isIncident, values: MetricMap())
        for (metric, value) in sample.values.pairs { values[metric] = Distribution(value, for: sample.span) }
    }

    /// What was had of the machine's capacity, in the second of the reading.
    package init(at time: Timestamp, isIncident: Bool, split: CapacitySplit? = nil, share: ResourceTime? = nil) {
        self.init(
            .second, start: Resolution.second.start(of: time), isIncident: isIncident, values: MetricMap(), split: split,
            share: share)
    }

    package var end: Timestamp { start + resolution.span }

    /// Adds another row, whatever its interval; the interval stays.
    package mutating func merge(_ other: RollUp) {
        isIncident = isIncident || other.isIncident
        for (metric, distribution) in other.values.pairs {
            if values[metric]?.merge(distribution) == nil { values[metric] = distribution }
        }
        if let split = other.split, self.split?.merge(split) == nil { self.split = split }
        if let share = other.share { self.share = (self.share ?? .zero) + share }
    }

    /// The same as part of a longer interval.
    func within(_ resolution: Resolution) -> RollUp {
        RollUp(
            resolution, start: resolution.start(of: start), isIncident: isIncident, values: values, split: split, share: share)
    }
}
