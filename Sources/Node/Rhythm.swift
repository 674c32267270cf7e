import Resources

/// How often a node does what it does again and again.
package struct Rhythm: Hashable, Sendable {
    /// Between two receipts of a running lease. Less than ``Timing/reservationGrace``, or receipts come too late to be paid.
    package var receipts = Microseconds.minutes(2)
    /// Between two comparisons of leases with a peer.
    package var reconciling = Microseconds.seconds(30)
    /// How long a sample of the owner's use lasts, on which forecasts rest.
    package var sample = Microseconds.minutes(5)

    package static let usual = Rhythm()

    package init() {}
}
