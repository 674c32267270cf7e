import Resources

/// What was paid of late, to the minute, for as long as any budget looks back.
package struct Spending: Hashable, Sendable {
    /// By minutes since 1970.
    private var minutes = SortedMap<Int64, Microcredits>()

    /// How far back it is known.
    package static let reach = AcquisitionRule.Period.month.span + minute
    private static let minute = Microseconds.minutes(1)

    package init() {}

    /// Notes a payment; those that no budget looks at any more are dropped.
    package mutating func add(_ amount: Microcredits, at time: Timestamp) {
        let slot = Self.slot(of: time)
        minutes[slot] = (minutes[slot] ?? .zero) + amount
        let oldest = Self.slot(of: time + -Self.reach)
        guard let first = minutes.keys.first, first < oldest else { return }
        for old in minutes.keys.prefix(while: { $0 < oldest }) { minutes[old] = nil }
    }

    /// What was paid in the `span` before `now`. A minute counts until the whole of it is past, and what is dated ahead of a
    /// clock that was set back counts too: never less than was paid.
    package func sum(within span: Microseconds, before now: Timestamp) -> Microcredits {
        let oldest = Self.slot(of: now + -span)
        var sum = Microcredits.zero
        for (slot, amount) in zip(minutes.keys.reversed(), minutes.values.reversed()) {
            guard slot >= oldest else { break }
            sum += amount
        }
        return sum
    }

    private static func slot(of time: Timestamp) -> Int64 {
        let (quotient, remainder) = time.microseconds.quotientAndRemainder(dividingBy: minute.rawValue)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
