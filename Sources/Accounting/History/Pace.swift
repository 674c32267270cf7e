import Resources

/// How often to measure: at the owner's interval, and five times as often, though never more than ten times a second, while a
/// threshold is exceeded and for ten seconds afterwards.
package struct Pace: Hashable, Sendable {
    package static let intervals = Microseconds.milliseconds(100)...Microseconds.seconds(60)
    private static let calm = Microseconds.seconds(10)

    package let normal: Microseconds
    package let dense: Microseconds
    private var exceeded: Instant?
    /// Whether a threshold is exceeded, or was a moment ago.
    package private(set) var isIncident = false

    /// - Parameter interval: within ``intervals``; what is not is moved there.
    package init(interval: Microseconds) {
        normal = min(max(interval, Self.intervals.lowerBound), Self.intervals.upperBound)
        dense = max(Microseconds(normal.rawValue / 5), Self.intervals.lowerBound)
    }

    /// Takes note of whether a threshold is exceeded at `now`.
    package mutating func judge(isExceeded: Bool, at now: Instant) {
        if isExceeded { exceeded = now }
        isIncident = exceeded.map { now - $0 < Self.calm } ?? false
    }

    /// The time until the next reading.
    package var interval: Microseconds { isIncident ? dense : normal }
}
