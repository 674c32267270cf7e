import Resources

/// The buckets of a distribution: log-linear, after Gil Tene's HdrHistogram with 4 buckets for each power of two.
///
/// Values below 8 have a bucket each; above, a bucket is at most a quarter as wide as its lowest value. Whoever knows only the
/// bucket of a value and takes its middle errs by at most an eighth of the value (12.5%).
package enum Buckets {
    private static let bits = 2
    private static let perPower = 1 << bits

    /// The number of the bucket of the largest value.
    package static let last = index(of: .max)

    /// The bucket of a value; ascends with it.
    ///
    /// - Precondition: `value` is not negative.
    package static func index(of value: Int64) -> Int {
        precondition(value >= 0, "a measured value of \(value)")
        let shift = max(0, 63 - value.leadingZeroBitCount - bits)
        return shift * perPower + Int(value >> Int64(shift))
    }

    /// The lowest value of a bucket.
    package static func lowest(of index: Int) -> Int64 {
        guard index >= 2 * perPower else { return Int64(index) }
        return Int64(index % perPower + perPower) << Int64(index / perPower - 1)
    }

    /// The value in the middle of a bucket.
    package static func middle(of index: Int) -> Int64 {
        let width: Int64 = index < 2 * perPower ? 1 : 1 << Int64(index / perPower - 1)
        return lowest(of: index) + width / 2
    }
}
