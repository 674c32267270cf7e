import Resources

/// All that ``Books`` must know to go on after a restart; every list is in order, so equal books give equal snapshots.
package struct BooksSnapshot: Hashable, Sendable {
    /// Every account that was ever touched, by unit and account.
    package var entries: [Tally.Entry]
    /// The open reservations, by id.
    package var reservations: [Reservation]
    /// By peer.
    package var trustLines: [TrustLine]
    /// The youngest transfers, by id.
    package var remembered: [RememberedTransfer]
    /// The youngest transfer id that is forgotten; `nil` while none is.
    package var horizon: TransferID?

    package init(
        entries: [Tally.Entry] = [], reservations: [Reservation] = [], trustLines: [TrustLine] = [],
        remembered: [RememberedTransfer] = [], horizon: TransferID? = nil
    ) {
        self.entries = entries
        self.reservations = reservations
        self.trustLines = trustLines
        self.remembered = remembered
        self.horizon = horizon
    }
}
