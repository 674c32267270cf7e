import Resources

/// Where use has been of late, and how it moves.
struct Trend: Hashable, Sendable {
    /// Averages are kept in so many parts of a basis point, so that small steps are not rounded away.
    static let scale: Int64 = 256

    /// In basis points.
    private(set) var latest: Int64 = 0
    /// From the sample before the last one to that, in basis points.
    private(set) var step: Int64 = 0
    private(set) var scaledMean: Int64 = 0
    private(set) var scaledVolatility: Int64 = 0

    /// The decaying mean of about 64 samples, in basis points.
    var mean: Int64 { scaledMean / Self.scale }
    /// The decaying mean of the size of about 16 steps, in basis points.
    var volatility: Int64 { scaledVolatility / Self.scale }

    init() {}

    init(latest: Int64, step: Int64, scaledMean: Int64, scaledVolatility: Int64) {
        self.latest = latest
        self.step = step
        self.scaledMean = scaledMean
        self.scaledVolatility = scaledVolatility
    }

    /// - Parameter seen: how many samples were recorded before.
    mutating func record(_ usage: BasisPoints, seen: Int64) {
        let value = usage.rawValue
        if seen > 0 {
            step = value - latest
            scaledVolatility += (abs(step) * Self.scale - scaledVolatility) / min(seen, 16)
        }
        scaledMean += (value * Self.scale - scaledMean) / min(seen + 1, 64)
        latest = value
    }
}
