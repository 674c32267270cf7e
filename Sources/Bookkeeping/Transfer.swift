import Resources

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

        /// Whether a transfer of this kind belongs to an earlier reservation.
        package var followsReservation: Bool {
            switch self {
            case .direct, .pending: false
            case .post, .void, .expire: true
            }
        }
    }

    /// Whether it is about the halves of a swap, or what is left of them.
    package var isOfSwap: Bool {
        switch (debit, credit) {
        case (.swap, _), (_, .swap): true
        default: false
        }
    }

    /// Whether credits are paid by it for what was borrowed.
    package var paysForLease: Bool { unit == .credit && debit == .spent && (kind == .post || kind == .direct) }

    package var id: TransferID
    package var kind: Kind
    package var unit: LedgerUnit
    package var debit: Account
    package var credit: Account
    /// In the base unit of ``unit``; zero or positive.
    package var amount: LedgerAmount
    /// The reservation that a post, void or expiry belongs to; `nil` for the other kinds.
    package var of: TransferID?
    package var lease: LeaseID?
    /// When a reservation lapses; `nil` for the other kinds.
    package var expires: Deadline?
    package var at: Timestamp

    package init(
        id: TransferID, kind: Kind, unit: LedgerUnit, debit: Account, credit: Account, amount: LedgerAmount,
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

    /// A transfer of credits.
    package init(
        id: TransferID, kind: Kind, debit: Account, credit: Account, amount: Microcredits, of: TransferID? = nil,
        lease: LeaseID? = nil, expires: Deadline? = nil, at: Timestamp
    ) {
        self.init(
            id: id, kind: kind, unit: .credit, debit: debit, credit: credit, amount: LedgerAmount(amount), of: of, lease: lease,
            expires: expires, at: at)
    }
}

extension Transfer {
    /// The bytes that the ledger's hash chain covers and that tell one transfer from another of the same id.
    package var document: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.transfer")
        writer.write(id)
        writer.write(kind.rawValue)
        writer.write(unit.rawValue)
        writer.write(debit)
        writer.write(credit)
        writer.write(amount)
        writer.write(of != nil)
        if let of { writer.write(of) }
        writer.write(lease != nil)
        if let lease { writer.write(lease) }
        writer.write(expires != nil)
        if let expires {
            writer.write(expires.boot.value)
            writer.write(expires.instant.microseconds)
            writer.write(expires.utc)
        }
        writer.write(at)
        return writer.bytes
    }

    /// FNV-1a (Fowler, Noll, Vo) over ``document``: tells a replay from a conflict without keeping the whole transfer.
    package var fingerprint: UInt64 {
        document.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
