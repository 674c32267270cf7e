import Resources

/// What stands on one account: the four counters of TigerBeetle's data model, each zero or positive and never netted,
/// so that over all accounts of a unit debits equal credits, posted and pending alike.
package struct Balance<Amount: Quantity>: Hashable, Codable, Sendable {
    package var debitsPosted: Amount
    package var creditsPosted: Amount
    /// Debits reserved and not yet posted or released.
    package var debitsPending: Amount
    /// Credits reserved and not yet posted or released.
    package var creditsPending: Amount

    package init(
        debitsPosted: Amount = .zero, creditsPosted: Amount = .zero, debitsPending: Amount = .zero, creditsPending: Amount = .zero
    ) {
        self.debitsPosted = debitsPosted
        self.creditsPosted = creditsPosted
        self.debitsPending = debitsPending
        self.creditsPending = creditsPending
    }

    package static var zero: Balance { Balance() }

    /// Posted debits minus posted credits. On a peer's account: positive is what the peer owes this node, negative
    /// what this node owes the peer.
    package var net: Amount { debitsPosted - creditsPosted }

    /// The same in a unit that is known.
    package func typed<Other: Quantity>(_: Other.Type = Other.self) -> Balance<Other> {
        Balance<Other>(
            debitsPosted: Other(debitsPosted.rawValue), creditsPosted: Other(creditsPosted.rawValue),
            debitsPending: Other(debitsPending.rawValue), creditsPending: Other(creditsPending.rawValue))
    }
}

extension Balance<LedgerAmount> {
    /// All four counters, for people.
    package func text(in unit: LedgerUnit) -> String {
        "debits \(unit.text(debitsPosted)) (\(unit.text(debitsPending)) pending), "
            + "credits \(unit.text(creditsPosted)) (\(unit.text(creditsPending)) pending)"
    }
}

/// How a transfer moves the counters on either of its accounts.
struct Effect {
    let posted: LedgerAmount
    let pending: LedgerAmount

    init(of transfer: Transfer) {
        switch transfer.kind {
        case .direct: (posted, pending) = (transfer.amount, .zero)
        case .pending: (posted, pending) = (.zero, transfer.amount)
        case .post: (posted, pending) = (transfer.amount, -transfer.amount)
        case .void, .expire: (posted, pending) = (.zero, -transfer.amount)
        }
    }
}

extension Balance<LedgerAmount> {
    /// The balance after `effect` on the debit side; `nil` when a counter would leave 0...2^63-1.
    func debited(_ effect: Effect) -> Self? {
        guard let posted = debitsPosted.advanced(by: effect.posted), let pending = debitsPending.advanced(by: effect.pending)
        else { return nil }
        var result = self
        (result.debitsPosted, result.debitsPending) = (posted, pending)
        return result
    }

    /// The balance after `effect` on the credit side; `nil` when a counter would leave 0...2^63-1.
    func credited(_ effect: Effect) -> Self? {
        guard let posted = creditsPosted.advanced(by: effect.posted), let pending = creditsPending.advanced(by: effect.pending)
        else { return nil }
        var result = self
        (result.creditsPosted, result.creditsPending) = (posted, pending)
        return result
    }
}

extension LedgerAmount {
    fileprivate func advanced(by change: LedgerAmount) -> LedgerAmount? {
        let (sum, overflow) = rawValue.addingReportingOverflow(change.rawValue)
        return overflow || sum < 0 ? nil : LedgerAmount(sum)
    }
}
