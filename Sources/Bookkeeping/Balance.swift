import Resources

/// What stands on one account: the four counters of TigerBeetle's data model, each zero or positive and never netted,
/// so that over all accounts of a unit debits equal credits, posted and pending alike.
package struct Balance: Hashable, Codable, Sendable {
    package var debitsPosted: Microcredits
    package var creditsPosted: Microcredits
    /// Debits reserved and not yet posted or released.
    package var debitsPending: Microcredits
    /// Credits reserved and not yet posted or released.
    package var creditsPending: Microcredits

    package init(
        debitsPosted: Microcredits = .zero, creditsPosted: Microcredits = .zero, debitsPending: Microcredits = .zero,
        creditsPending: Microcredits = .zero
    ) {
        self.debitsPosted = debitsPosted
        self.creditsPosted = creditsPosted
        self.debitsPending = debitsPending
        self.creditsPending = creditsPending
    }

    package static let zero = Balance()

    /// Posted debits minus posted credits. On a peer's account: positive is what the peer owes this node, negative
    /// what this node owes the peer.
    package var net: Microcredits { debitsPosted - creditsPosted }

    /// All four counters, for people.
    package var text: String {
        "debits \(debitsPosted.text) (\(debitsPending.text) pending), credits \(creditsPosted.text) (\(creditsPending.text) pending)"
    }
}

/// How a transfer moves the counters on either of its accounts.
struct Effect {
    let posted: Microcredits
    let pending: Microcredits

    init(of transfer: Transfer) {
        switch transfer.kind {
        case .direct: (posted, pending) = (transfer.amount, .zero)
        case .pending: (posted, pending) = (.zero, transfer.amount)
        case .post: (posted, pending) = (transfer.amount, -transfer.amount)
        case .void, .expire: (posted, pending) = (.zero, -transfer.amount)
        }
    }
}

extension Balance {
    /// The balance after `effect` on the debit side; `nil` when a counter would leave 0...2^63-1.
    func debited(_ effect: Effect) -> Balance? {
        guard let posted = debitsPosted.advanced(by: effect.posted), let pending = debitsPending.advanced(by: effect.pending)
        else { return nil }
        var result = self
        (result.debitsPosted, result.debitsPending) = (posted, pending)
        return result
    }

    /// The balance after `effect` on the credit side; `nil` when a counter would leave 0...2^63-1.
    func credited(_ effect: Effect) -> Balance? {
        guard let posted = creditsPosted.advanced(by: effect.posted), let pending = creditsPending.advanced(by: effect.pending)
        else { return nil }
        var result = self
        (result.creditsPosted, result.creditsPending) = (posted, pending)
        return result
    }
}

extension Microcredits {
    fileprivate func advanced(by change: Microcredits) -> Microcredits? {
        let (sum, overflow) = rawValue.addingReportingOverflow(change.rawValue)
        return overflow || sum < 0 ? nil : Microcredits(sum)
    }
}
