import Resources

/// An open reservation: value that a pending transfer holds on both of its accounts until it is posted, voided or
/// expires. Posting everything does not close it; only a void or an expiry does, then with nothing left to release.
package struct Reservation: Hashable, Sendable {
    /// The pending transfer that made it.
    package let transfer: Transfer
    /// When it lapses.
    package let expires: Deadline
    /// What was posted out of it so far; at most `transfer.amount`.
    package internal(set) var posted: LedgerAmount

    /// `nil` unless `transfer` is a pending transfer with a deadline and `posted` is within its amount.
    package init?(_ transfer: Transfer, posted: LedgerAmount = .zero) {
        guard transfer.kind == .pending, let expires = transfer.expires, posted >= .zero, posted <= transfer.amount
        else { return nil }
        self.transfer = transfer
        self.expires = expires
        self.posted = posted
    }

    package var id: TransferID { transfer.id }

    /// What it still holds.
    package var remaining: LedgerAmount { transfer.amount - posted }

    /// The transfer that posts `amount` of it.
    package func post(_ amount: LedgerAmount, as id: TransferID, at time: Timestamp) -> Transfer {
        follow(.post, amount, as: id, at: time)
    }

    /// The transfer that gives back what it still holds.
    package func void(as id: TransferID, at time: Timestamp) -> Transfer { follow(.void, remaining, as: id, at: time) }

    /// The transfer that gives back what it still holds because its deadline has passed.
    package func expire(as id: TransferID, at time: Timestamp) -> Transfer { follow(.expire, remaining, as: id, at: time) }

    private func follow(_ kind: Transfer.Kind, _ amount: LedgerAmount, as id: TransferID, at time: Timestamp) -> Transfer {
        Transfer(
            id: id, kind: kind, unit: transfer.unit, debit: transfer.debit, credit: transfer.credit, amount: amount,
            of: transfer.id, lease: transfer.lease, at: time)
    }
}
