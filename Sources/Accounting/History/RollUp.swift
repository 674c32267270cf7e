import Resources

/// A row of the history: what was measured of one machine or lease in one interval.
package struct RollUp: Hashable, Sendable {
    package var resolution: Resolution
    /// The beginning of the interval, in civil time as it was told then.
    package var start: Timestamp
    /// Some of it was measured while a threshold was exceeded.
    package var isIncident: Bool
    package var values: MetricMap<Distribution>

    package init(_ resolution: Resolution, start: Timestamp, isIncident: Bool, values: MetricMap<Distribution>) {
        self.resolution = resolution
        self.start = start
        self.isIncident = isIncident
        self.values = values
    }

    /// One sample, in its second.
    package init(_ sample: Sample, at time: Timestamp, isIncident: Bool) {
        self.init(.second, start: Resolution.second.start(of: time), isIncident: isIncident, values: MetricMap())
        for (metric, value) in sample.values.pairs { values[metric] = Distribution(value, for: sample.span) }
    }

    package var end: Timestamp { start + resolution.span }

    /// Adds another row, whatever its interval; the interval stays.
    package mutating func merge(_ other: RollUp) {
        isIncident = isIncident || other.isIncident
        for (metric, distribution) in other.values.pairs {
            if values[metric]?.merge(distribution) == nil { values[metric] = distribution }
        }
    }

    /// The same as part of a longer interval.
    func within(_ resolution: Resolution) -> RollUp {
        RollUp(resolution, start: resolution.start(of: start), isIncident: isIncident, values: values)
    }
}
