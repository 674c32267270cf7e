/// Logarithms to base 2 in whole numbers, the same on every machine.
package enum Log2 {
    /// How many units make one octave in results.
    package static let octave: Int64 = 256

    /// The logarithm of `value`, in 256ths of an octave: exact at powers of two, linear between them, so at most a twelfth of
    /// an octave too low (J. N. Mitchell, 1962). It ascends with the value.
    ///
    /// - Precondition: `value` is positive.
    package static func of(_ value: Int64) -> Int64 {
        precondition(value > 0, "the logarithm of \(value)")
        let exponent = 63 - value.leadingZeroBitCount
        let rest = value - 1 << Int64(exponent)
        let part = exponent > 8 ? rest >> Int64(exponent - 8) : rest << Int64(8 - exponent)
        return Int64(exponent) * octave + part
    }

    /// 2 to the power of `exponent` / 65536, in 65536ths; off by at most 0.3%. Zero where that is too small to be told, and never
    /// more than 2 to the power of 40.
    package static func power(_ exponent: Int64) -> Int64 {
        let (whole, part) = (exponent >> 16, exponent & 0xffff)
        // 2^f is near 1 + f (0.6565 + 0.3435 f) for f between 0 and 1, and exact at both ends.
        let mantissa = 65_536 + part * (43_024 + part * 22_512 / 65_536) / 65_536
        if whole >= 40 { return 1 << 56 }
        return whole >= 0 ? mantissa << whole : whole > -17 ? mantissa >> -whole : 0
    }
}
