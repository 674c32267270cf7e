import Resources

/// Adds up what one lease consumes. The same rule runs in the warden and in the simulator.
package struct Meter: Hashable, Sendable {
    /// Everything consumed since the lease began, as the kernel counted it.
    package private(set) var measured: Usage
    /// What may be billed of it: without what was consumed while throttled below the floor.
    package private(set) var billable: Usage
    /// How long the lease stood throttled below its floor: neither billed nor counted against its term.
    package private(set) var throttled: Microseconds
    /// What of the memory integral is less than one MiB-second, in byte-microseconds, so that short ticks lose nothing.
    package private(set) var remainder: Int64

    package init(
        measured: Usage = .zero, billable: Usage = .zero, throttled: Microseconds = .zero, remainder: Int64 = 0
    ) {
        self.measured = measured
        self.billable = billable
        self.throttled = throttled
        self.remainder = remainder
    }

    /// Adds one tick.
    ///
    /// - Parameters:
    ///   - cpu: What was used during the tick; zero or more.
    ///   - memory: What was held at its end; zero or more.
    ///   - elapsed: The tick's length; zero or more.
    ///   - isBelowFloor: Whether the ladder held the lease below its floor during the tick.
    package mutating func add(cpu: CoreMicroseconds, memory: Bytes, for elapsed: Microseconds, isBelowFloor: Bool) {
        let unit: Int128 = (1 << 20) * 1_000_000
        let (whole, rest) = (Int128(memory.rawValue) * Int128(elapsed.rawValue) + Int128(remainder))
            .quotientAndRemainder(dividingBy: unit)
        remainder = Int64(rest)
        let used = Usage(cpu: cpu, memory: MiBSeconds(Int64(whole)))
        measured = measured + used
        if isBelowFloor {
            throttled = throttled + elapsed
        } else {
            billable = billable + used
        }
    }
}
