/// Hamilton's method of largest remainders (1792): whole units that add up to as many as fit the whole.
package enum LargestRemainder {
    /// Each of `parts` in whole units, rounded up or down, so that together they are their sum rounded down. Who gets one of the
    /// units that rounding down leaves over is decided by the larger remainder; of equal ones by the order.
    ///
    /// - Precondition: no part is negative, and `unit` is positive.
    package static func units(of unit: Int128, in parts: [Int128]) -> [Int64] {
        precondition(unit > 0 && parts.allSatisfy { $0 >= 0 }, "parts of \(unit)")
        var units = parts.map { Int64(clamping: $0 / unit) }
        let remainders = parts.map { $0 % unit }
        let left = Int(remainders.reduce(0, +) / unit)
        let order = remainders.indices.sorted { (remainders[$1], $0) < (remainders[$0], $1) }
        for index in order.prefix(left) { units[index] += 1 }
        return units
    }
}
