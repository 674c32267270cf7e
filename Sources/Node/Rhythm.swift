import Resources

/// How often a node does what it does again and again.
package struct Rhythm: Hashable, Sendable {
    /// Between two receipts of a running lease. Less than ``Timing/reservationGrace``, or receipts come too late to be paid.
    package var receipts = Microseconds.minutes(2)
    /// Between two comparisons of leases with a peer.
    package var reconciling = Microseconds.seconds(30)
    /// How long a sample of the owner's use lasts, on which forecasts rest.
    package var sample = Microseconds.minutes(5)
    /// Between two comparisons of ledgers with a peer; `nil`: there are none but those that are asked for.
    package var comparing: Microseconds? = .days(1)
    /// After the last receipt of a lease: ledgers are compared then as well, once for all leases that end meanwhile.
    package var comparingSettled = Microseconds.minutes(1)

    package static let usual = Rhythm()

    package init() {}
}
