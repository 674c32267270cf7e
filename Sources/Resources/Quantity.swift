/// A whole number of one base unit, with the unit in the type.
///
/// Quantities are what is owed, granted, measured and compared, so there is no floating point in them and the
/// types do not mix. Arithmetic traps on overflow: whatever comes from outside is checked against
/// ``Bounds`` before it becomes a quantity, and within those bounds sums cannot overflow.
package protocol Quantity: RawRepresentable<Int64>, Hashable, Comparable, Codable, Sendable, AdditiveArithmetic,
    CustomStringConvertible, ExpressibleByIntegerLiteral
{
    init(_ value: Int64)
    /// The unit as it is written behind the number, for people and logs.
    static var unit: String { get }
}

extension Quantity {
    package init(rawValue: Int64) { self.init(rawValue) }
    package init(integerLiteral value: Int64) { self.init(value) }
    package static var zero: Self { Self(0) }
    package static func + (a: Self, b: Self) -> Self { Self(a.rawValue + b.rawValue) }
    package static func - (a: Self, b: Self) -> Self { Self(a.rawValue - b.rawValue) }
    package static func * (a: Self, n: Int64) -> Self { Self(a.rawValue * n) }
    package static prefix func - (a: Self) -> Self { Self(-a.rawValue) }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(rawValue) \(Self.unit)" }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    /// The sum; one that does not fit 64 bits becomes the nearest value that does, as in ``scaled(by:over:)``.
    package func clampedSum(_ other: Self) -> Self {
        let (sum, overflows) = rawValue.addingReportingOverflow(other.rawValue)
        return Self(overflows ? (other.rawValue < 0 ? .min : .max) : sum)
    }

    /// `self x numerator / denominator`, rounded down, with a 128-bit intermediate. What does not fit 64 bits becomes the
    /// nearest value that does: figures of a peer's making are beyond ``Bounds`` then, and refused as such.
    ///
    /// - Precondition: `denominator` is positive.
    package func scaled(by numerator: Int64, over denominator: Int64) -> Self {
        precondition(denominator > 0, "scaled over \(denominator)")
        let product = Int128(rawValue) * Int128(numerator)
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: Int128(denominator))
        return Self(Int64(clamping: remainder < 0 ? quotient - 1 : quotient))
    }
}

/// Processing capacity: thousandths of one core.
package struct Millicores: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "mcore" }
    package static func cores(_ n: Int64) -> Self { Self(n * 1000) }
}

/// Processing done: microseconds of one core.
package struct CoreMicroseconds: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "core-us" }

    /// What `capacity` fully used for `elapsed` amounts to, rounded down.
    package init(_ capacity: Millicores, for elapsed: Microseconds) {
        self = Self(capacity.rawValue).scaled(by: elapsed.rawValue, over: 1000)
    }

    /// The mean capacity in use over `elapsed`, rounded down; zero when no time has passed.
    package func mean(over elapsed: Microseconds) -> Millicores {
        elapsed > .zero ? Millicores(scaled(by: 1000, over: elapsed.rawValue).rawValue) : .zero
    }
}

/// Memory, disk or data moved.
package struct Bytes: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "B" }
    package static func kibibytes(_ n: Int64) -> Self { Self(n << 10) }
    package static func mebibytes(_ n: Int64) -> Self { Self(n << 20) }
    package static func gibibytes(_ n: Int64) -> Self { Self(n << 30) }
}

/// Memory held over time. Byte-seconds would overflow 64 bits within months.
package struct MiBSeconds: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "MiB-s" }

    /// What holding `amount` for `elapsed` amounts to, rounded down.
    package init(_ amount: Bytes, for elapsed: Microseconds) {
        self = Self(amount.rawValue).scaled(by: elapsed.rawValue, over: (1 << 20) * 1_000_000)
    }
}

/// Data rate.
package struct BitsPerSecond: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "bit/s" }
}

/// How many tasks run or wait to run on average: thousandths of a task, as in the kernel's load averages.
package struct Load: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "mtask" }
}

/// Money: millionths of a credit. Negative where a balance is owed.
package struct Microcredits: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "ucr" }
    package static func credits(_ n: Int64) -> Self { Self(n * 1_000_000) }
}

/// A length of time.
package struct Microseconds: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "us" }
    package static func milliseconds(_ n: Int64) -> Self { Self(n * 1000) }
    package static func seconds(_ n: Int64) -> Self { Self(n * 1_000_000) }
    package static func minutes(_ n: Int64) -> Self { Self(n * 60_000_000) }
    package static func hours(_ n: Int64) -> Self { Self(n * 3_600_000_000) }
    package static func days(_ n: Int64) -> Self { Self(n * 86_400_000_000) }

    /// Without what is less than a second.
    package var wholeSeconds: Self { Self(rawValue - rawValue % 1_000_000) }
}

/// A share of a whole, in hundredths of a percent (0...10000).
package struct BasisPoints: Quantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "bp" }
    package static func percent(_ n: Int64) -> Self { Self(n * 100) }
    package static let whole: Self = 10_000

    /// This share of `whole`, rounded down.
    package func of<Q: Quantity>(_ whole: Q) -> Q { whole.scaled(by: rawValue, over: 10_000) }
}
