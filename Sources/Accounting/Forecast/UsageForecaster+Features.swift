import Resources

/// What ``ShippedOdds`` is asked about, in the order in which it was fitted. Everything is a logarithm in 256ths of an octave, so
/// that a point more counts for much near the use of late and for little far from it.
extension UsageForecaster {
    /// So many samples back is known how long ago use lay above a level.
    private var window: Int64 { min(seen, Int64(LevelHistory.longestAge)) }

    /// What is the same for all levels.
    func commonFeatures(horizon: Int) -> [Int64] {
        [Log2.of(window), Self.size(4 * trend.volatility), Self.signed(trend.step), Log2.of(Int64(horizon))]
    }

    /// What levels are compared with: the last sample, the highest of the last 3, of the last 12 and of all that are known, and the
    /// mean of late.
    var landmarks: [Int64] { [1, 3, 12, window].map { levels.highest(ofLast: $0).rawValue } + [trend.mean] }

    /// What differs from level to level, for the level at `index`.
    ///
    /// - Parameter features: overwritten from its start, so that no room need be found for each level.
    func levelFeatures(_ index: Int, _ landmarks: [Int64], into features: inout [Int64]) {
        let level = UsageLevels.all[index].rawValue
        let age = Int64(levels.ages[index])
        for (place, landmark) in landmarks.enumerated() { features[place] = Self.signed(level - landmark) }
        for (place, shares) in levels.shares.enumerated() { features[5 + place] = Self.frequency(shares[index]) }
        features[9] = Log2.of(age)
        features[10] = age > window ? Log2.octave : 0
        features[11] = Self.size(level)
    }

    /// How many features of a level there are.
    static var levelFeatureCount: Int { 12 }

    /// The logarithm of 1 + a number of points, given in basis points.
    private static func size(_ points: Int64) -> Int64 { Log2.of(100 + points) - Log2.of(100) }

    private static func signed(_ points: Int64) -> Int64 { points < 0 ? -size(-points) : size(points) }

    /// The logarithm of a share of samples and a thousandth, so that there is one of no samples too.
    private static func frequency(_ share: UInt32) -> Int64 {
        Log2.of(Int64(share) + LevelHistory.whole >> 10) - Log2.of(LevelHistory.whole)
    }
}
