import Policy
import Resources

extension PolicyReader {
    private enum PressureKey: String, CaseIterable { case cpu, memory, io, times }
    private enum PressureTimeKey: String, CaseIterable { case when, cpu, memory, io }
    private enum PressureWord: String, CaseIterable { case ignore }

    /// For how long the owner's work may have to wait: what is not said stays as in `known`.
    func pressure(_ value: YAMLValue, over known: PressureRule) throws(ConfigurationError) -> PressureRule {
        guard !value.isScalar else {
            _ = try value.choice(of: PressureWord.self)
            let ignored = PressureRule.ignored
            return PressureRule(shares: .init(cpu: ignored, memory: ignored, io: ignored))
        }
        let keys = try value.mapping(of: PressureKey.self)
        var rule = known
        if let cpu = keys[.cpu] { rule.shares.cpu = try bound(cpu) }
        if let memory = keys[.memory] { rule.shares.memory = try bound(memory) }
        if let io = keys[.io] { rule.shares.io = try bound(io) }
        if let times = keys[.times] { rule.periods = try pressurePeriods(times) }
        return rule
    }

    /// The share of the time, or the whole for `ignore`.
    private func bound(_ value: YAMLValue) throws(ConfigurationError) -> BasisPoints {
        guard try value.string() != PressureWord.ignore.rawValue else { return PressureRule.ignored }
        let bound = try value.quantity(BasisPoints.percent(1)...BasisPoints.whole)
        guard bound < .whole else {
            throw value.fault("is 100%, which is never exceeded; write 'ignore' if waiting should move nothing")
        }
        return bound
    }

    /// Times of the week with bounds of their own.
    private func pressurePeriods(_ value: YAMLValue) throws(ConfigurationError) -> [PressureRule.Period] {
        var periods: [PressureRule.Period] = []
        for entry in try value.list() {
            let keys = try entry.mapping(of: PressureTimeKey.self)
            var shares = PressureRule.Shares<BasisPoints?>(cpu: nil, memory: nil, io: nil)
            if let cpu = keys[.cpu] { shares.cpu = try bound(cpu) }
            if let memory = keys[.memory] { shares.memory = try bound(memory) }
            if let io = keys[.io] { shares.io = try bound(io) }
            guard shares != .init(cpu: nil, memory: nil, io: nil) else {
                throw entry.fault("bounds nothing; name cpu, memory or io")
            }
            let place = try keys.required(.when)
            for window in try windows(try condition(place), place) {
                let period = PressureRule.Period(window: window, shares: shares)
                for other in periods {
                    guard let minute = other.window.overlap(with: window), let conflict = period.conflict(with: other) else {
                        continue
                    }
                    throw place.fault(
                        "contradicts '\(other.window.text)': on \(minute.text) both hold, with \(conflict)")
                }
                periods.append(period)
            }
        }
        return periods
    }
}

extension PressureRule.Period {
    /// `io 30% and 20%`, where both bound the same differently.
    fileprivate func conflict(with earlier: PressureRule.Period) -> String? {
        let pairs = [
            ("cpu", earlier.shares.cpu, shares.cpu), ("memory", earlier.shares.memory, shares.memory),
            ("io", earlier.shares.io, shares.io),
        ]
        for case (let name, let before?, let after?) in pairs where before != after {
            return "\(name) \(PressureRule.text(before)) and \(PressureRule.text(after))"
        }
        return nil
    }
}

extension PressureRule {
    /// A bound as a policy file says it.
    static func text(_ bound: BasisPoints) -> String { bound == ignored ? "ignore" : bound.text }
}
