import Resources

extension Transfer {
    /// What it was for, by its accounts.
    ///
    /// - Parameter lender: of the lease that it is about; where it is `nil`, what a lender pays for its notice is not told apart
    ///   from what is paid for a lease.
    package func purpose(lender: NodeID?) -> TransferPurpose {
        let lenderPays = kind == .direct && lender != nil
        return switch (debit, credit) {
        case (.disputed, _): .disputed
        case (.peer, .disputed): .accepted
        case (_, .disputed): .dropped
        case (.earned, .peer), (.peer, .spent): .givenBack
        case (.converted, _), (_, .converted): .converted
        case (.cancelled, _), (_, .cancelled): .cancelled
        case (.decayed, _), (_, .decayed): .decayed
        case (.peer, .peer): .netted
        case (.swap, .peer), (.peer, .swap): .swapped
        case (.swap, _): .swapGiven
        case (_, .swap): .swapTaken
        case (.peer(let peer), _): lenderPays && lender == peer ? .compensationEarned : .lent
        case (_, .peer(let peer)): lenderPays && lender != peer ? .compensationPaid : .borrowed
        default: .lent
        }
    }

    /// By how much what peers owe this node grows by it, less what it owes them.
    package var change: LedgerAmount {
        var change = LedgerAmount.zero
        if case .peer = debit { change += amount }
        if case .peer = credit { change -= amount }
        return change
    }
}
