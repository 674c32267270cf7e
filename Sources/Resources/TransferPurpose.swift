/// What an amount in the ledger was for. Everything that tells of the ledger tells it by this: statements, sums, journals.
package enum TransferPurpose: String, Hashable, Sendable, CaseIterable {
    /// The peer used something of this node's.
    case lent
    /// This node used something of the peer's.
    case borrowed
    /// For notice that the lender did not keep: the peer pays it, or this node.
    case compensationEarned = "compensation_earned"
    case compensationPaid = "compensation_paid"
    /// This node billed it, and the peer did not accept it.
    case disputed
    /// It was in dispute, and the peer owes it after all.
    case accepted
    /// It was in dispute, and is asked for no more.
    case dropped
    /// It was paid, and given back in a dispute: by this node, or by the peer.
    case givenBack = "given_back"
    /// It was owed in kind, and became credits.
    case converted
    /// It was owed in kind, and is asked for no more.
    case cancelled
    /// What a half of a swap came to that this node gave, or that it took: nobody owes it.
    case swapGiven = "swap_given"
    case swapTaken = "swap_taken"
    /// What was left when both leases of a swap were settled.
    case swapped
    /// It stood idle, and is owed less: by the peer, or by this node.
    case decayed
    /// It made what a peer owed, and what this node owed another one, smaller: a cycle of debts was netted.
    case netted

    /// What balances are summed up by, in the order in which sums are shown. What stood before and all of them are what stands after.
    package enum Line: String, Hashable, Sendable, CaseIterable {
        case earned, spent, swapped, converted, cancelled, netted, decayed
        case givenBack = "given_back"
    }

    /// The sum that it is part of; `nil` where it changes no balance with a peer.
    package var line: Line? {
        switch self {
        case .lent, .compensationEarned, .accepted: .earned
        case .borrowed, .compensationPaid: .spent
        case .disputed, .dropped, .swapGiven, .swapTaken: nil
        case .givenBack: .givenBack
        case .converted: .converted
        case .cancelled: .cancelled
        case .swapped: .swapped
        case .decayed: .decayed
        case .netted: .netted
        }
    }
}
