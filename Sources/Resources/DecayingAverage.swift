/// An exponentially decaying average in whole numbers, the same on every machine.
///
/// The level approaches a constant input by half in every half-life. Between samples the previous input is taken
/// to have held. Decay over whole half-lives is exact; over a part of one it is linear between the two ends, which
/// is at most 6% above the exponential.
package struct DecayingAverage<Q: Quantity>: Hashable, Codable, Sendable {
    package let halfLife: Microseconds
    /// The level in 1/1024 units, to keep small steps from being rounded away.
    private var scaled: Int64 = 0
    private var last: Instant?

    /// - Precondition: `halfLife` is positive.
    package init(halfLife: Microseconds) {
        precondition(halfLife > .zero, "a half-life of \(halfLife)")
        self.halfLife = halfLife
    }

    package var level: Q { Q(scaled >> 10) }

    /// Takes a sample; those that come earlier than the last one count as simultaneous with it.
    package mutating func record(_ value: Q, at now: Instant) {
        let target = value.rawValue << 10
        guard let last else {
            scaled = target
            self.last = now
            return
        }
        let elapsed = max(.zero, now - last)
        self.last = max(last, now)
        let halvings = min(62, elapsed.rawValue / halfLife.rawValue)
        let part = Microseconds(elapsed.rawValue % halfLife.rawValue)
        var distance = (scaled - target) / (1 << halvings)
        distance -= Microseconds(distance / 2).scaled(by: part.rawValue, over: halfLife.rawValue).rawValue
        scaled = target + distance
    }
}
