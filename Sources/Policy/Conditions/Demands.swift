import Resources

/// A condition with its names replaced and its negations pushed down to the leaves, by the laws of De Morgan.
indirect enum Demands {
    case leaf(Demand)
    case all([Demands])
    case any([Demands])

    /// - Parameter isDenied: what has to hold for the condition not to.
    init(_ condition: Condition, isDenied: Bool = false) {
        switch condition {
        case .named(_, _, let inner): self.init(inner, isDenied: isDenied)
        case .not(let inner): self.init(inner, isDenied: !isDenied)
        case .all(let parts):
            let parts = parts.map { Demands($0, isDenied: isDenied) }
            self = isDenied ? .any(parts) : .all(parts)
        case .any(let parts):
            let parts = parts.map { Demands($0, isDenied: isDenied) }
            self = isDenied ? .all(parts) : .any(parts)
        case .lasting(let inner, _):
            // What has not lasted long enough may hold all the same.
            let whole = Demands.leaf(Demand(part: condition, isDenied: isDenied))
            self = isDenied ? whole : .all([whole, Demands(inner)])
        case .always, .never, .compare, .running, .within: self = .leaf(Demand(part: condition, isDenied: isDenied))
        }
    }

    /// What has to hold whenever this does: leaves and alternatives.
    private var conjuncts: [Demands] {
        guard case .all(let parts) = self else { return [self] }
        return parts.flatMap(\.conjuncts)
    }

    /// Which two of the leaves that have to hold together exclude each other; `nil` when none are seen to.
    ///
    /// - Parameter given: what has to hold besides.
    func conflict(with given: [Demand] = []) -> String? {
        var leaves = given
        let parts = conjuncts
        for case .leaf(let leaf) in parts {
            if let other = leaves.first(where: { $0.excludes(leaf) }) {
                return "can never hold: '\(other.text)' and '\(leaf.text)' exclude each other"
            }
            leaves.append(leaf)
        }
        for case .any(let alternatives) in parts {
            let conflicts = alternatives.map { $0.conflict(with: leaves) }
            if let first = conflicts.first, !conflicts.contains(nil) { return first }
        }
        return nil
    }

    /// Whether the clock allows it to hold at some minute of the week, whatever is measured. Between the times at which its
    /// windows open and close nothing changes, but the day does.
    var mayEverHold: Bool {
        let minutes = Set(windows.flatMap { [$0.from.minute, $0.to.minute] } + [0]).filter { $0 < 1440 }
        return Weekday.allCases.contains { day in minutes.contains { mayHold(at: CivilMinute(day: day, minute: $0)) } }
    }

    private var windows: [Window] {
        switch self {
        case .leaf(let leaf): if case .within(let window) = leaf.part { [window] } else { [] }
        case .all(let parts), .any(let parts): parts.flatMap(\.windows)
        }
    }

    /// Whether the clock allows it to hold at a minute.
    private func mayHold(at time: CivilMinute) -> Bool {
        switch self {
        case .leaf(let leaf): leaf.mayHold(at: time)
        case .all(let parts): parts.allSatisfy { $0.mayHold(at: time) }
        case .any(let parts): parts.contains { $0.mayHold(at: time) }
        }
    }

    /// Whether it comes down to `never`.
    var isNever: Bool {
        switch self {
        case .leaf(let leaf): leaf.part == (leaf.isDenied ? .always : .never)
        case .all(let parts): parts.contains(where: \.isNever)
        case .any(let parts): parts.allSatisfy(\.isNever)
        }
    }

    /// The range of the one gauge that this depends on, when it depends on nothing else.
    var soleRange: (gauge: Gauge, range: ClosedRange<Int64>)? {
        var result: (gauge: Gauge, range: ClosedRange<Int64>)?
        for part in conjuncts {
            guard case .leaf(let leaf) = part else { return nil }
            if case .lasting = leaf.part, !leaf.isDenied { continue }
            guard let (gauge, range) = leaf.readings, result == nil || result?.gauge == gauge,
                range.overlaps(result?.range ?? gauge.range)
            else { return nil }
            result = (gauge, range.clamped(to: result?.range ?? gauge.range))
        }
        return result
    }
}

/// A part of a condition that has to hold, or must not.
struct Demand {
    /// Neither a name nor a negation, and nothing made of several parts except by `for`.
    let part: Condition
    let isDenied: Bool

    /// As the policy could say it.
    var text: String { (isDenied ? Condition.not(part) : part).text }

    /// Whether it is seen that no moment meets both.
    func excludes(_ other: Demand) -> Bool {
        if part == other.part { return isDenied != other.isDenied }
        guard let (gauge, range) = readings, let (otherGauge, otherRange) = other.readings else { return false }
        return gauge == otherGauge && !range.overlaps(otherRange)
    }

    /// The gauge that is compared, and the readings that meet the demand where they are one range.
    var readings: (gauge: Gauge, range: ClosedRange<Int64>)? {
        guard case .compare(let gauge, let comparison, let bound) = part,
            let range = (isDenied ? comparison.opposite : comparison).range(of: bound, within: gauge.range)
        else { return nil }
        return (gauge, range)
    }

    fileprivate func mayHold(at time: CivilMinute) -> Bool {
        guard case .within(let window) = part else { return true }
        return window.contains(time) != isDenied
    }
}

extension Condition.Comparison {
    /// The readings for which the comparison holds, where they are one range.
    fileprivate func range(of bound: Int64, within all: ClosedRange<Int64>) -> ClosedRange<Int64>? {
        let (least, most) = (all.lowerBound, all.upperBound)
        switch self {
        case .less: return bound > least ? least...min(most, bound - 1) : nil
        case .atMost: return bound >= least ? least...min(most, bound) : nil
        case .more: return bound < most ? max(least, bound + 1)...most : nil
        case .atLeast: return bound <= most ? max(least, bound)...most : nil
        case .equal: return all.contains(bound) ? bound...bound : nil
        case .unequal where bound == least: return least < most ? (least + 1)...most : nil
        case .unequal where bound == most: return least < most ? least...(most - 1) : nil
        case .unequal: return nil
        }
    }
}
