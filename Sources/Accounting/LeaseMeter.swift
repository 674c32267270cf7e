import Resources

/// What a lease has used, from the kernel's counters. Never decreases, whatever the counters do: a lower reading means that
/// they began anew, and what they show from then on is added.
package struct LeaseMeter: Hashable, Codable, Sendable {
    package private(set) var usage = Usage.zero
    /// Time spent with less than was granted.
    package private(set) var throttled = Microseconds.zero
    private var lastUsage = Usage.zero
    private var lastThrottled = Microseconds.zero

    package init() {}

    /// Takes a reading of the cumulative counters; returns whether it changed anything.
    package mutating func record(_ reading: Usage, throttled throttledReading: Microseconds) -> Bool {
        let before = self
        usage.cpu += Self.growth(from: lastUsage.cpu, to: reading.cpu)
        usage.memory += Self.growth(from: lastUsage.memory, to: reading.memory)
        throttled += Self.growth(from: lastThrottled, to: throttledReading)
        lastUsage = reading
        lastThrottled = throttledReading
        return self != before
    }

    private static func growth<Q: Quantity>(from last: Q, to reading: Q) -> Q {
        max(.zero, reading < last ? reading : reading - last)
    }
}
