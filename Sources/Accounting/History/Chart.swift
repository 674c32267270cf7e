import Resources

/// A span of history in points of equal length.
package struct Chart: Sendable {
    /// How many points there may be.
    package static let mostPoints = 2000

    /// The beginning of the first point, a whole multiple of ``step`` in UTC.
    package let start: Timestamp
    package let step: Microseconds
    /// One for each step from ``start`` on; of what was not measured there is nothing.
    package private(set) var points: [MetricMap<Distribution>]
    /// Points in which a threshold was exceeded.
    package private(set) var incidents: [Bool]

    /// A chart that covers `range`; `nil` when that takes more than ``mostPoints``, or is no time at all.
    package init?(_ range: Range<Timestamp>, step: Microseconds) {
        guard step > .zero, !range.isEmpty else { return nil }
        start = range.lowerBound.floored(to: step)
        self.step = step
        let count = (range.upperBound.raised(to: step) - start).rawValue / step.rawValue
        guard count <= Self.mostPoints else { return nil }
        points = Array(repeating: MetricMap(), count: Int(count))
        incidents = Array(repeating: false, count: Int(count))
    }

    package var range: Range<Timestamp> { start..<start + step * Int64(points.count) }

    /// Adds the metrics that are asked for of a row to the point in which it begins; rows that begin outside are left out.
    package mutating func add(_ row: RollUp, _ metrics: [Metric]) {
        guard range.contains(row.start) else { return }
        let index = Int((row.start - start).rawValue / step.rawValue)
        if row.isIncident { incidents[index] = true }
        for metric in metrics {
            guard let distribution = row.values[metric] else { continue }
            if points[index][metric]?.merge(distribution) == nil { points[index][metric] = distribution }
        }
    }

    /// Over all points.
    package var total: MetricMap<Distribution> {
        points.reduce(into: MetricMap()) { total, point in
            for (metric, distribution) in point.pairs {
                if total[metric]?.merge(distribution) == nil { total[metric] = distribution }
            }
        }
    }

    /// Steps that people count in, from short to long.
    package static let steps: [Microseconds] =
        [1, 2, 5, 10, 15, 30].map { .seconds($0) } + [1, 2, 5, 10, 15, 30].map { .minutes($0) }
        + [1, 2, 3, 6, 12].map { .hours($0) } + [1, 2, 7, 14, 28, 91, 364].map { .days($0) }

    /// The shortest of ``steps`` in which `range` takes at most `count` points.
    package static func step(for range: Range<Timestamp>, points count: Int) -> Microseconds {
        let span = range.upperBound - range.lowerBound
        return steps.first { $0 * Int64(max(1, count)) >= span } ?? Microseconds(span.rawValue / Int64(max(1, count)) + 1)
    }
}
