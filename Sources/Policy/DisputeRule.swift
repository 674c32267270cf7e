import Resources

/// What this node disputes by itself, and when it gives way in disputes about what it has billed.
package struct DisputeRule: Hashable, Codable, Sendable {
    /// How far above what the jobs here have reported of themselves a lender's counter may be, before the rest is disputed: what
    /// surrounds them is counted with them.
    package var tolerance: BasisPoints
    /// After which time what was billed and not accepted is asked for no more; `nil`: never.
    package var dropAfter: Microseconds?
    /// After which time what was paid and is disputed is given back; `nil`: never.
    package var giveBackAfter: Microseconds?

    package init(
        tolerance: BasisPoints = .percent(2), dropAfter: Microseconds? = .days(30), giveBackAfter: Microseconds? = nil
    ) {
        self.tolerance = tolerance
        self.dropAfter = dropAfter
        self.giveBackAfter = giveBackAfter
    }

    /// The time of silence after which this node gives way; `nil`: never.
    package func silence(isPaid: Bool) -> Microseconds? { isPaid ? giveBackAfter : dropAfter }

    /// The times of silence that there are.
    package var silences: [Microseconds] { [dropAfter, giveBackAfter].compactMap(\.self) }

    /// The most that a counter can plausibly show where jobs have reported so much. A second is little in any case.
    package func most(counting counted: CoreMicroseconds) -> CoreMicroseconds {
        counted.clampedSum(max(tolerance.of(counted), Self.leastTolerance))
    }

    package static let leastTolerance = CoreMicroseconds(1_000_000)
    /// From nothing to as much again.
    package static let tolerances = BasisPoints.zero...BasisPoints.whole
    /// From an hour to a year.
    package static let spans = Microseconds.hours(1)...Microseconds.days(366)
}
