import Resources

/// When something is released: it starts when `when` comes to hold and stops when `until` does.
///
/// Between the two it stays as it is, so that a reading near a bound does not open and close it in turn. Where the policy
/// names no `until`, it stops when `when` fails even with its bounds moved outwards by a tenth.
package struct ReleaseRule: Hashable, Codable, Sendable {
    package var when: Condition
    package var until: Condition?

    package init(when: Condition, until: Condition? = nil) {
        self.when = when
        self.until = until
    }
}

/// Whether what a ``ReleaseRule`` governs is released now.
package struct Gate: Hashable, Codable, Sendable {
    package enum State: String, Hashable, Codable, Sendable {
        /// Not known yet: the condition has not been watched for as long as it asks. Nothing new is released, and what
        /// was released before stays.
        case waiting
        case open
        case closed
    }

    package let rule: ReleaseRule
    package private(set) var state = State.waiting
    /// Why it stands as it does, by the latest readings.
    package private(set) var findings: [Finding] = []
    private var opening = ConditionClock()
    private var closing = ConditionClock()

    package init(_ rule: ReleaseRule) { self.rule = rule }

    /// Takes the readings of an instant; returns whether the state has changed.
    package mutating func observe(_ surroundings: Surroundings, at now: Instant) -> Bool {
        let before = state
        let start = opening.judge(
            rule.when, by: surroundings, isRelaxed: state == .open && rule.until == nil, at: now)
        let stop = rule.until.map { closing.judge($0, by: surroundings, at: now) }
        findings = start.findings
        switch (start.truth, stop?.truth) {
        // What stops comes first: the owner wins.
        case (_, .holds):
            state = .closed
            findings = (stop?.findings ?? []).map { $0.asStop }
        case (.blind, _), (_, .blind): state = .closed
        case (.holds, _): state = .open
        case (.fails, nil), (.early, nil):
            if state == .open || start.truth == .fails { state = .closed }
        case (.fails, .some), (.early, .some): if state == .waiting, start.truth == .fails { state = .closed }
        }
        if state == .open, start.truth != .holds { findings = stop?.findings ?? findings }
        return state != before
    }

    /// Why nothing is released, with the readings; `nil` while it is.
    package var objection: String? {
        guard state != .open else { return nil }
        guard !findings.isEmpty else { return "its condition was not looked at yet" }
        return String(findings.map(\.text).joined(separator: "; ").prefix(Self.longestObjection))
    }

    /// What goes to peers is bounded there.
    private static let longestObjection = 400
}

extension Finding {
    /// As something that keeps lending stopped rather than something that is missing.
    fileprivate var asStop: Finding { Finding(asked: "until \(asked)", found: found, truth: .holds) }
}
