import Resources

/// What rows are kept for, and the time by which their age is told.
///
/// Civil time that jumps forward must not cost the history: rows age at most as fast as the boot's clock runs. A jump of more than
/// a minute is believed once it has stood for ten. The same holds after a restart, where the age of the newest row is the last
/// that is known. When civil time is set back, rows age by what it tells: they are kept for longer, never shorter.
package struct Retention: Hashable, Sendable {
    /// For how long the seconds of minutes with an incident are kept.
    package static let incidents = Microseconds.days(7)
    private static let tolerance = Microseconds.minutes(1)
    private static let doubt = Microseconds.minutes(10)

    private var believed: Timestamp
    private var at: Instant
    private var jumped: Instant?

    /// - Parameter newest: the end of the newest row there is.
    package init(newest: Timestamp?, at now: Moment) {
        believed = newest.map { min($0, now.utc) } ?? now.utc
        at = now.instant
    }

    /// The time by which rows are old, at `now`.
    package mutating func time(at now: Moment) -> Timestamp {
        let steady = believed + max(.zero, now.instant - at)
        if now.utc - steady > Self.tolerance {
            let since = jumped ?? now.instant
            jumped = since
            guard now.instant - since >= Self.doubt else { return steady }
        }
        jumped = nil
        believed = now.utc
        at = now.instant
        return now.utc
    }
}
