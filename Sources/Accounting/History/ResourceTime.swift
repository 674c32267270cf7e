import Resources

/// Resources over time, exactly: what is measured in whole millicores, core-microseconds or bytes over whole microseconds is a
/// whole number of these. Years of the largest machines fit 128 bits.
package struct ResourceTime: Hashable, Sendable {
    /// In millicore-microseconds, thousandths of a core-microsecond.
    package var cpu: Int128
    /// In byte-microseconds.
    package var memory: Int128

    package init(cpu: Int128 = 0, memory: Int128 = 0) {
        self.cpu = cpu
        self.memory = memory
    }

    /// `amounts` held for `span`.
    package init(_ amounts: Amounts, for span: Microseconds) {
        cpu = Int128(amounts.cpu.rawValue) * Int128(span.rawValue)
        memory = Int128(amounts.memory.rawValue) * Int128(span.rawValue)
    }

    /// What a counter of processing grew by, and memory held for `span`.
    package init(_ processing: CoreMicroseconds, _ held: Bytes, for span: Microseconds) {
        cpu = Int128(processing.rawValue) * Self.perCoreMicrosecond
        memory = Int128(held.rawValue) * Int128(span.rawValue)
    }

    package static let zero = ResourceTime()
    /// How many of its units make one of ``CoreMicroseconds``, and one of ``MiBSeconds``.
    static let perCoreMicrosecond: Int128 = 1000
    static let perMiBSecond: Int128 = (1 << 20) * 1_000_000

    package static func + (a: Self, b: Self) -> Self { Self(cpu: a.cpu + b.cpu, memory: a.memory + b.memory) }
    package static func - (a: Self, b: Self) -> Self { Self(cpu: a.cpu - b.cpu, memory: a.memory - b.memory) }
    package static func += (a: inout Self, b: Self) { a = a + b }

    /// Zero where it is negative.
    var clampedToZero: Self { Self(cpu: max(0, cpu), memory: max(0, memory)) }

    var isNegative: Bool { cpu < 0 || memory < 0 }

    /// Below 2^100, so that any number of rows there can be adds up.
    var isInRange: Bool { (0..<1 << 100).contains(cpu) && (0..<1 << 100).contains(memory) }
}
