import Resources

// What can be seen to be wrong with a condition before anything is measured.

extension Condition {
    /// Why this condition is never or trivially met, in the policy's own words; `nil` when nothing speaks against it. Found
    /// are comparisons that the range of their gauge decides, pairs of parts that exclude each other, and windows without a
    /// time in common. The words `always` and `never` are taken to be meant.
    package var contradiction: String? {
        var idle: String?
        walk { part in if idle == nil { idle = part.idleness } }
        if let idle { return idle }
        let demands = Demands(self)
        if let conflict = demands.conflict() { return conflict }
        if !demands.mayEverHold {
            return "can never hold: there is no time of the week at which all its windows are open"
        }
        return nil
    }

    /// Whether it holds whatever is measured.
    package var isCertain: Bool {
        let denial = Demands(self, isDenied: true)
        return denial.isNever || denial.conflict() != nil || !denial.mayEverHold
    }

    /// A reading at which both this and `other` hold, where each asks for ranges of one and the same gauge only.
    package func overlap(with other: Condition) -> (gauge: Gauge, reading: Int64)? {
        guard let (gauge, range) = Demands(self).soleRange, let (otherGauge, otherRange) = Demands(other).soleRange,
            gauge == otherGauge, range.overlaps(otherRange)
        else { return nil }
        let common = range.clamped(to: otherRange)
        return (gauge, common.lowerBound == gauge.range.lowerBound ? common.upperBound : common.lowerBound)
    }

    /// Why a comparison tells nothing: the range of its gauge decides it.
    private var idleness: String? {
        guard case .compare(let gauge, let comparison, let bound) = self else { return nil }
        let verdict: String
        if !comparison.canHold(bound, in: gauge.range) {
            verdict = "can never hold"
        } else if !comparison.opposite.canHold(bound, in: gauge.range) {
            verdict = "always holds"
        } else {
            return nil
        }
        let (least, most) = (gauge.kind.text(of: gauge.range.lowerBound), gauge.kind.text(of: gauge.range.upperBound))
        let range = gauge.range.upperBound == .max ? "never below \(least)" : "always from \(least) to \(most)"
        return "'\(text)' \(verdict): '\(gauge.rawValue)' is \(gauge.kind == .source ? "\(least) or \(most)" : range)"
    }
}

extension Condition.Comparison {
    /// What holds when this does not.
    var opposite: Self {
        switch self {
        case .less: .atLeast
        case .atMost: .more
        case .more: .atMost
        case .atLeast: .less
        case .equal: .unequal
        case .unequal: .equal
        }
    }

    /// Whether any reading in `range` makes it hold.
    fileprivate func canHold(_ bound: Int64, in range: ClosedRange<Int64>) -> Bool {
        switch self {
        case .less: range.lowerBound < bound
        case .atMost: range.lowerBound <= bound
        case .more: range.upperBound > bound
        case .atLeast: range.upperBound >= bound
        case .equal: range.contains(bound)
        case .unequal: range != bound...bound
        }
    }
}
