import Resources

/// How a condition stands.
package enum Truth: String, Hashable, Codable, Sendable {
    case holds
    case fails
    /// It asks for a reading that this machine does not give.
    case blind
    /// It has held ever since it is watched, which is not yet as long as it has to.
    case early
}

/// One leaf of a condition that decides how the whole stands, with the reading behind it.
package struct Finding: Hashable, Codable, Sendable {
    /// `cpu.utilisation < 30%`.
    package let asked: String
    /// `62%`, `Thu 10:32`, `not running`, `for 1 min 20 s`.
    package let found: String
    package let truth: Truth

    package init(asked: String, found: String, truth: Truth) {
        self.asked = asked
        self.found = found
        self.truth = truth
    }

    package var text: String {
        switch truth {
        case .holds: "\(asked) (\(found))"
        case .fails, .early: "\(asked) asked, \(found)"
        case .blind: "\(asked) asked, but this machine does not say"
        }
    }
}

/// Since when the parts with a `for` have held, by their place in the condition.
package struct ConditionClock: Hashable, Codable, Sendable {
    private var since: [Instant?] = []
    private var watchedSince: Instant?

    package init() {}

    /// Judges a condition by the readings and notes since when its lasting parts have held. To be called with readings in
    /// the order of time, at each of them.
    ///
    /// - Parameter isRelaxed: with the margin of what has begun to hold, see ``Condition/Comparison/relaxed(_:)``.
    package mutating func judge(
        _ condition: Condition, by surroundings: Surroundings, isRelaxed: Bool = false, at now: Instant
    ) -> (truth: Truth, findings: [Finding]) {
        let watched = watchedSince ?? now
        watchedSince = watched
        var evaluation = Evaluation(
            surroundings: surroundings, isRelaxed: isRelaxed, now: now, watchedSince: watched, since: since)
        let result = evaluation.judge(condition)
        since = evaluation.since
        return (result.truth, result.findings)
    }
}

/// One walk through a condition. Every part is visited, also where the result is settled already, so that the clocks of all
/// lasting parts keep going.
private struct Evaluation {
    struct Judgement {
        var truth: Truth
        /// The leaves that make it so.
        var findings: [Finding]
    }

    let surroundings: Surroundings
    let isRelaxed: Bool
    let now: Instant
    let watchedSince: Instant
    var since: [Instant?]
    private var nextLasting = 0

    init(surroundings: Surroundings, isRelaxed: Bool, now: Instant, watchedSince: Instant, since: [Instant?]) {
        self.surroundings = surroundings
        self.isRelaxed = isRelaxed
        self.now = now
        self.watchedSince = watchedSince
        self.since = since
    }

    mutating func judge(_ condition: Condition) -> Judgement {
        switch condition {
        case .always: return Judgement(truth: .holds, findings: [])
        case .never: return leaf(condition, "never", false)
        case .compare(let gauge, let comparison, let bound): return compare(condition, gauge, comparison, bound)
        case .running(let name):
            let runs = surroundings.programs.contains(name)
            return leaf(condition, runs ? "running" : "not running", runs)
        case .within(let window): return leaf(condition, "it is \(surroundings.civil.text)", window.contains(surroundings.civil))
        case .lasting(let inner, let span): return last(condition, inner, span)
        case .not(let inner): return negate(judge(inner))
        case .all(let parts): return combine(parts, decisive: [.fails, .blind, .early], otherwise: .holds)
        case .any(let parts): return combine(parts, decisive: [.holds, .early, .blind], otherwise: .fails)
        case .named(_, _, let inner): return judge(inner)
        }
    }

    private func leaf(_ condition: Condition, _ found: String, _ holds: Bool) -> Judgement {
        let truth = holds ? Truth.holds : .fails
        return Judgement(truth: truth, findings: [Finding(asked: condition.text, found: found, truth: truth)])
    }

    private func compare(
        _ condition: Condition, _ gauge: Gauge, _ comparison: Condition.Comparison, _ bound: Int64
    ) -> Judgement {
        guard let reading = surroundings[gauge] else {
            return Judgement(truth: .blind, findings: [Finding(asked: condition.text, found: "", truth: .blind)])
        }
        let holds = comparison.holds(reading, isRelaxed ? comparison.relaxed(bound) : bound)
        return leaf(condition, gauge.kind.shortText(of: reading), holds)
    }

    private mutating func last(_ condition: Condition, _ inner: Condition, _ span: Microseconds) -> Judgement {
        let index = nextLasting
        nextLasting += 1
        if index == since.count { since.append(nil) }
        var judgement = judge(inner)
        guard judgement.truth == .holds else {
            since[index] = nil
            return judgement
        }
        let began = since[index] ?? now
        since[index] = began
        guard now - began < span else { return judgement }
        judgement.truth = began <= watchedSince ? .early : .fails
        let found = "for \((now - began).shortText) so far"
        judgement.findings = [Finding(asked: condition.text, found: found, truth: judgement.truth)]
        return judgement
    }

    private func negate(_ judgement: Judgement) -> Judgement {
        var result = judgement
        switch judgement.truth {
        case .holds: result.truth = .fails
        case .fails: result.truth = .holds
        case .blind, .early: break
        }
        result.findings = judgement.findings.map { finding in
            let asked = "not \(finding.asked)"
            return switch finding.truth {
            case .holds: Finding(asked: asked, found: finding.found, truth: .fails)
            case .fails: Finding(asked: asked, found: finding.found, truth: .holds)
            case .blind, .early: finding
            }
        }
        return result
    }

    /// The first of `decisive` that any part has decides; its parts are the findings.
    private mutating func combine(_ parts: [Condition], decisive: [Truth], otherwise: Truth) -> Judgement {
        var judgements: [Judgement] = []
        for part in parts { judgements.append(judge(part)) }
        let truth = decisive.first { truth in judgements.contains { $0.truth == truth } } ?? otherwise
        return Judgement(truth: truth, findings: judgements.filter { $0.truth == truth }.flatMap(\.findings))
    }
}
