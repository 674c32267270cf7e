import Resources

/// What a lender takes in return in a swap.
package struct SwapRule: Hashable, Codable, Sendable {
    /// With whom.
    package var from: Borrowers
    /// The most that it takes at any one time, of all swaps together; nothing of what is zero.
    package var takes: Amounts
    /// What it wants for what it gives: the worth of either is reckoned at the prices that this node asks for.
    package var rate: BasisPoints

    package init(from: Borrowers = .everyone, takes: Amounts, rate: BasisPoints = .whole) {
        self.from = from
        self.takes = takes
        self.rate = rate
    }
}
