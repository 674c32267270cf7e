import Resources

// What can be seen to be wrong with a condition before anything is measured.

extension Condition {
    /// Why this condition can never hold, as far as that can be told from comparisons and windows that all have to hold
    /// together; `nil` when nothing speaks against it.
    package var contradiction: String? {
        if case .any(let parts) = self {
            let faults = parts.map(\.contradiction)
            return faults.allSatisfy { $0 != nil } ? faults[0] : nil
        }
        let together = conjuncts
        var ranges: [Gauge: ClosedRange<Int64>] = [:]
        for case .compare(let gauge, let comparison, let bound) in together {
            let before = ranges[gauge] ?? Int64.min...Int64.max
            guard let range = comparison.range(of: bound)?.clamped(within: before) else {
                return
                    "can never hold: nothing is '\(gauge.rawValue) \(comparison.rawValue) \(gauge.kind.text(of: bound))' and all "
                    + "else that it asks of '\(gauge.rawValue)'"
            }
            ranges[gauge] = range
        }
        if isNeverInTime(together) { return "can never hold: there is no time of the week at which all its windows are open" }
        for case .any(let parts) in together where parts.allSatisfy({ $0.contradiction != nil }) {
            return parts.first?.contradiction
        }
        return nil
    }

    /// A reading at which both this and `other` hold, where each asks for ranges of one and the same gauge only.
    package func overlap(with other: Condition) -> (gauge: Gauge, reading: Int64)? {
        guard let (gauge, range) = soleRange, let (otherGauge, otherRange) = other.soleRange, gauge == otherGauge,
            let common = range.clamped(within: otherRange)
        else { return nil }
        return (gauge, common.lowerBound == .min ? common.upperBound : common.lowerBound)
    }

    /// The parts that have to hold whenever this one does.
    private var conjuncts: [Condition] {
        switch self {
        case .all(let parts): parts.flatMap(\.conjuncts)
        case .lasting(let inner, _), .named(_, _, let inner): inner.conjuncts
        case .always, .never, .compare, .running, .within, .not, .any: [self]
        }
    }

    /// The range of the one gauge that this condition depends on, when it depends on nothing else.
    private var soleRange: (Gauge, ClosedRange<Int64>)? {
        var result: (Gauge, ClosedRange<Int64>)?
        for part in conjuncts {
            guard case .compare(let gauge, let comparison, let bound) = part, result == nil || result?.0 == gauge,
                let range = comparison.range(of: bound)?.clamped(within: result?.1 ?? Int64.min...Int64.max)
            else { return nil }
            result = (gauge, range)
        }
        return result
    }

    private func isNeverInTime(_ parts: [Condition]) -> Bool {
        let timed = parts.filter { $0.isSchedule && $0 != .always }
        guard timed.count > 1 || timed.contains(where: { if case .not = $0 { true } else { false } }) else { return false }
        return !CivilMinute.week.contains { minute in timed.allSatisfy { $0.holds(at: minute) } }
    }

    /// How a schedule stands at some minute.
    private func holds(at time: CivilMinute) -> Bool {
        var clock = ConditionClock()
        return clock.judge(self, by: Surroundings(civil: time), at: Instant(microseconds: 0)).truth == .holds
    }
}

extension Condition.Comparison {
    /// The readings for which the comparison holds, where they are one range that is not everything.
    fileprivate func range(of bound: Int64) -> ClosedRange<Int64>? {
        switch self {
        case .less: bound > .min ? Int64.min...(bound - 1) : nil
        case .atMost: Int64.min...bound
        case .more: bound < .max ? (bound + 1)...Int64.max : nil
        case .atLeast: bound...Int64.max
        case .equal: bound...bound
        case .unequal: Int64.min...Int64.max
        }
    }
}

extension ClosedRange<Int64> {
    /// What both ranges have in common; `nil` when nothing.
    fileprivate func clamped(within other: Self) -> Self? { overlaps(other) ? clamped(to: other) : nil }
}

extension CivilMinute {
    /// Every minute at which a window can open or close: all of the week's.
    fileprivate static let week = Weekday.allCases.flatMap { day in (0..<1440).map { CivilMinute(day: day, minute: $0) } }
}
