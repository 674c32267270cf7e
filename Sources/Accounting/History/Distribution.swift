import Resources

/// What is kept of many samples of one metric: how many they were, the least, the greatest, the mean, and how the values were
/// spread. Each sample counts for as long as it stands for, so that times in which more of them were taken do not weigh more.
///
/// Merging is exact, associative and commutative: however samples were grouped, the result is the same.
package struct Distribution: Hashable, Sendable {
    /// How many samples.
    package private(set) var count: Int64
    /// The time they stand for together.
    package private(set) var weight: Microseconds
    package private(set) var minimum: Int64
    package private(set) var maximum: Int64
    /// The sum of value x weight.
    package private(set) var sum: Int128
    /// The weight in each of ``Buckets``, from that of the least value to that of the greatest, in microseconds.
    package private(set) var buckets: [Int64]

    /// One sample.
    ///
    /// - Precondition: `value` is not negative and `weight` is positive.
    package init(_ value: Int64, for weight: Microseconds) {
        precondition(value >= 0 && weight > .zero, "a sample of \(value) that stands for \(weight)")
        count = 1
        self.weight = weight
        minimum = value
        maximum = value
        sum = Int128(value) * Int128(weight.rawValue)
        buckets = [weight.rawValue]
    }

    /// From its parts; `nil` when they contradict each other.
    package init?(
        count: Int64, weight: Microseconds, minimum: Int64, maximum: Int64, sum: Int128, buckets: [Int64]
    ) {
        guard count > 0, weight > .zero, minimum >= 0, minimum <= maximum,
            buckets.count == Buckets.index(of: maximum) - Buckets.index(of: minimum) + 1, buckets[0] > 0,
            buckets[buckets.count - 1] > 0, Self.total(of: buckets) == weight.rawValue,
            sum >= Int128(minimum) * Int128(weight.rawValue), sum <= Int128(maximum) * Int128(weight.rawValue)
        else { return nil }
        self.count = count
        self.weight = weight
        self.minimum = minimum
        self.maximum = maximum
        self.sum = sum
        self.buckets = buckets
    }

    /// The sum of weights; `nil` when one is negative, or they are more than there can be.
    private static func total(of weights: [Int64]) -> Int64? {
        var total: Int64 = 0
        for weight in weights {
            let (sum, isTooMuch) = total.addingReportingOverflow(weight)
            guard weight >= 0, !isTooMuch else { return nil }
            total = sum
        }
        return total
    }

    package mutating func merge(_ other: Distribution) {
        let (low, high) = (min(minimum, other.minimum), max(maximum, other.maximum))
        let first = Buckets.index(of: low)
        let missing = (below: Buckets.index(of: minimum) - first, above: Buckets.index(of: high) - Buckets.index(of: maximum))
        if missing.below > 0 { buckets.insert(contentsOf: repeatElement(0, count: missing.below), at: 0) }
        if missing.above > 0 { buckets.append(contentsOf: repeatElement(0, count: missing.above)) }
        let offset = Buckets.index(of: other.minimum) - first
        for index in other.buckets.indices { buckets[offset + index] += other.buckets[index] }
        count += other.count
        weight += other.weight
        sum += other.sum
        minimum = low
        maximum = high
    }

    /// Rounded down.
    package var mean: Int64 { Int64(clamping: sum / Int128(weight.rawValue)) }

    /// The value below or at which `share` of the time was spent; off by at most an eighth of it (see ``Buckets``), and never
    /// outside what was measured.
    package func quantile(_ share: BasisPoints) -> Int64 {
        let rank = max(1, Int128(weight.rawValue) * Int128(share.rawValue))
        let first = Buckets.index(of: minimum)
        var passed: Int128 = 0
        for (index, weight) in buckets.enumerated() {
            passed += Int128(weight) * 10_000
            if passed >= rank { return min(max(Buckets.middle(of: first + index), minimum), maximum) }
        }
        return maximum
    }
}
