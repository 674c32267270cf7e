package import Resources

/// What a ledger counts. Sums never mix units.
package enum LedgerUnit: String, Hashable, Codable, Sendable {
    /// Microcredits.
    case credit
}

/// An account in a node's own books. A debit balance on a peer's account is what that peer owes this node; the
/// same line stands with the opposite sign in the peer's books.
package enum Account: Hashable, Codable, Sendable {
    /// The trust line with one peer.
    case peer(NodeID)
    /// What lending brought in.
    case earned
    /// What borrowing cost.
    case spent
    /// What one side billed and the other did not accept, by peer.
    case disputed(NodeID)
}

/// One immutable line of the ledger: an amount debited to one account and credited to another.
///
/// Two-phase transfers follow TigerBeetle's model, with one difference: a pending transfer (a reservation) may be
/// posted in parts, one for each receipt, until it is voided or expires, because a lease is billed while it runs.
package struct Transfer: Hashable, Codable, Sendable {
    package enum Kind: String, Hashable, Codable, Sendable {
        /// Moves `amount` at once.
        case direct
        /// Reserves `amount` until `expires`.
        case pending
        /// Moves `amount` out of what the reservation `of` still holds.
        case post
        /// Gives back what the reservation `of` still holds; `amount` says how much that was.
        case void
        /// The same, because `expires` has passed.
        case expire
    }

    package var id: TransferID
    package var kind: Kind
    package var unit: LedgerUnit
    package var debit: Account
    package var credit: Account
    /// Zero or positive.
    package var amount: Microcredits
    /// The reservation that a post, void or expiry belongs to; `nil` for the other kinds.
    package var of: TransferID?
    package var lease: LeaseID?
    /// When a reservation lapses; `nil` for the other kinds.
    package var expires: Deadline?
    package var at: Timestamp

    package init(
        id: TransferID, kind: Kind, unit: LedgerUnit = .credit, debit: Account, credit: Account, amount: Microcredits,
        of: TransferID? = nil, lease: LeaseID? = nil, expires: Deadline? = nil, at: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.unit = unit
        self.debit = debit
        self.credit = credit
        self.amount = amount
        self.of = of
        self.lease = lease
        self.expires = expires
        self.at = at
    }
}
