import Resources

/// How a peer stands with this node: what it has given that both have signed for, less what it owed and did not give.
///
/// What somebody says of itself, or borrows, counts for nothing: an identity made anew has none.
package struct PeerStanding: Hashable, Codable, Sendable {
    /// What it has lent this node.
    package var lent: Microcredits
    /// What was given back in kind between the two, at the prices of the agreements.
    package var redeemed: Microcredits
    /// What it owed in kind and did not give when it was asked, with the premium.
    package var refused: Microcredits
    /// What is in dispute by its making.
    package var inDispute: Microcredits

    package init(
        lent: Microcredits = .zero, redeemed: Microcredits = .zero, refused: Microcredits = .zero, inDispute: Microcredits = .zero
    ) {
        self.lent = lent
        self.redeemed = redeemed
        self.refused = refused
        self.inDispute = inDispute
    }

    /// What speaks for it; never below zero.
    package var worth: Microcredits { max(.zero, lent + redeemed - refused - inDispute) }

    /// A whole number, never below zero: the square root of its worth in hundredths of a credit. Who has given a hundred times as
    /// much stands ten times as high.
    package var number: Int { Self.root(of: worth.rawValue / 10_000) }

    /// What a limit can ask for: up to a million credits given.
    package static let numbers = 0...10_000

    /// The largest whole number whose square is not above `value`, by Newton's method.
    private static func root(of value: Int64) -> Int {
        guard value > 0 else { return 0 }
        var guess = Int64(1) << ((64 - value.leadingZeroBitCount + 1) / 2)
        while true {
            let next = (guess + value / guess) / 2
            if next >= guess { return Int(guess) }
            guess = next
        }
    }
}
