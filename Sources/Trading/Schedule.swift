import Resources

/// What is promised of a machine, and when: spans of time with the amounts that are taken in each. The order in which they are
/// added means nothing.
package struct Schedule: Hashable, Sendable {
    private struct Span: Hashable, Sendable {
        let from: Instant
        let until: Instant
        let amounts: Amounts
    }

    private var spans: [Span] = []

    package init() {}

    package var isEmpty: Bool { spans.isEmpty }

    /// Takes `amounts` from one instant until, but not at, another; nothing where the second is not later.
    package mutating func add(_ amounts: Amounts, from: Instant, until: Instant) {
        guard from < until else { return }
        spans.append(Span(from: from, until: until, amounts: amounts))
    }

    /// The most that is taken of each resource at any time within a span; of different resources it may be at different times.
    package func peak(from: Instant, until: Instant) -> Amounts {
        let present = spans.filter { $0.from < until && from < $0.until }
        let begins = present.map { (at: max($0.from, from), amounts: $0.amounts) }.sorted { $0.at < $1.at }
        var ends = present.map { (at: $0.until, amounts: $0.amounts) }.sorted { $0.at < $1.at }[...]
        var (taken, peak) = (Amounts.zero, Amounts.zero)
        // What is taken only grows where a span begins, and what ends at that instant is gone by then.
        for begin in begins {
            while let end = ends.first, end.at <= begin.at {
                taken = taken - end.amounts
                ends.removeFirst()
            }
            taken += begin.amounts
            peak = peak.raised(to: taken)
        }
        return peak
    }

    /// The most ends that are looked at to find room.
    private static let endsTried = 64

    /// The earliest instant, at or after `now`, from which so much is free for so long; `nil` when that is farther off than the
    /// first few dozen ends, or never.
    ///
    /// - Parameter most: what there is in all.
    package func room(for amounts: Amounts, of most: Amounts, lasting term: Microseconds, at now: Instant) -> Instant? {
        guard amounts.fits(in: most) else { return nil }
        // Room only comes about where something ends.
        let ends = Set(spans.map(\.until)).filter { $0 > now }.sorted().prefix(Self.endsTried)
        return ([now] + ends).first { (peak(from: $0, until: $0 + term) + amounts).fits(in: most) }
    }
}
