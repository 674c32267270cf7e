import Resources

/// How much of what is promised firmly an owner is willing to take back.
package struct Appetite: Hashable, Codable, Sendable {
    /// The part of lease time in which use and lease together may lie above the threshold, 1 to 10000 basis points.
    package let takenBack: BasisPoints
    /// How far above the threshold they may lie without that being counted, in shares of the capacity.
    package let tolerance: BasisPoints

    /// One hundredth of lease time.
    package static let usual = Appetite(takenBack: .percent(1))

    /// - Precondition: `takenBack` is more than nothing and at most everything, and `tolerance` is not negative.
    package init(takenBack: BasisPoints, tolerance: BasisPoints = .zero) {
        precondition(takenBack > .zero && takenBack <= .whole, "an appetite of \(takenBack)")
        precondition(tolerance >= .zero, "a tolerance of \(tolerance)")
        self.takenBack = takenBack
        self.tolerance = tolerance
    }

    /// What lending an amount is worth at a price of taking back, in millionths of a basis point.
    ///
    /// Risk within the appetite costs nothing, so that a sample on the brink of too much is not passed over. To the risk is added the
    /// chance of a thousandth that the forecast is of no use, and then the danger grows with the square of the amount: at usual prices
    /// that is next to nothing, but however sure of itself a wrong forecast is, a high enough price makes the loan small.
    func worth(of amount: BasisPoints, risk: PartsPerMillion, price: BasisPoints) -> Int64 {
        let whole = BasisPoints.whole.rawValue
        let doubt = amount.rawValue * amount.rawValue / whole * Self.doubt.rawValue / whole
        let excess = risk.rawValue + doubt - PartsPerMillion(takenBack).rawValue
        return amount.rawValue * PartsPerMillion.whole.rawValue - price.rawValue * excess
    }

    private static let doubt: PartsPerMillion = 1000
}
