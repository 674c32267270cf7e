import Resources

/// Forecasts how high the owner's use of one resource will be, from what was measured on this node alone.
///
/// One sample stands for one interval, five minutes by default: what is counted is samples, never time. The sample may be the mean
/// of its interval or the maximum in it; the forecast is about the same. Any number of samples leaves the same few kilobytes
/// behind. The same samples give the same forecast on every machine.
///
/// What this node's history says at each level is weighed by a small function that was fitted on other machines' histories
/// (``ShippedOdds``), so that a forecast is of use after the first hour; `Docs/forecasting.md` has the definitions and measurements.
package struct UsageForecaster: Hashable, Sendable {
    /// After so many samples there is a forecast; before, even the best guess was wrong too often to lend on.
    package static let samplesNeeded: Int64 = 12
    /// After so many samples without a reading in a row, the node counts as unknown again.
    package static let longestGap = 12
    /// The longest term that there is a forecast for: an hour of samples of five minutes each.
    package static let longestHorizon = 12

    /// Samples recorded since the beginning, and since the last long gap.
    package private(set) var seen: Int64 = 0
    package private(set) var seenSinceGap: Int64 = 0
    /// Samples without a reading since the last one with one.
    package private(set) var missed = 0
    private(set) var levels = LevelHistory()
    private(set) var trend = Trend()

    package init() {}

    init(seen: Int64, seenSinceGap: Int64, missed: Int, levels: LevelHistory, trend: Trend) {
        self.seen = seen
        self.seenSinceGap = seenSinceGap
        self.missed = missed
        self.levels = levels
        self.trend = trend
    }

    /// Records one sample.
    ///
    /// - Parameter usage: what the owner used, without guests, as a share of the capacity. What is below nothing counts as nothing,
    ///   what is above the whole as the whole.
    package mutating func observe(_ usage: BasisPoints) {
        let usage = min(max(usage, .zero), .whole)
        if missed > Self.longestGap { seenSinceGap = 0 }
        missed = 0
        levels.record(usage, seen: seen)
        trend.record(usage, seen: seen)
        seen += 1
        seenSinceGap += 1
    }

    /// Lets one sample pass in which nothing was measured.
    package mutating func miss() {
        levels.grow(by: 1)
        missed = min(missed + 1, Self.longestGap + 1)
    }

    /// How much of the next samples use will spend above each level.
    ///
    /// - Parameters:
    ///   - horizon: how many samples it is about (1...``longestHorizon``). Chances are means over them.
    ///   - highest: levels above this are left out, which saves time.
    /// - Returns: `nil` as long as too few samples were seen, or the last of them is missing.
    package func forecast(horizon: Int = 1, upTo highest: BasisPoints = .whole) -> ExceedanceCurve? {
        precondition((1...Self.longestHorizon).contains(horizon), "a horizon of \(horizon) samples")
        guard seenSinceGap >= Self.samplesNeeded, missed == 0 else { return nil }
        let odds = ShippedOdds(common: commonFeatures(horizon: horizon))
        let landmarks = landmarks
        var features = [Int64](repeating: 0, count: Self.levelFeatureCount)
        let chances = (0..<UsageLevels.count(upTo: highest)).map { index in
            levelFeatures(index, landmarks, into: &features)
            return odds.chance(features)
        }
        return ExceedanceCurve(levels: Array(UsageLevels.all.prefix(chances.count)), chances: chances)
    }
}
