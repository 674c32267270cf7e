import Resources

/// What a policy does, or would do, to one running lease.
package struct PolicyEffect: Encodable, Sendable {
    let lease: String
    let peerName: String
    let user: String
    /// `reclaimed` or `resized`.
    let kind: String
    /// What is left of a lease that is made smaller.
    let amounts: AmountFigures?
    /// Until a lease that is taken back ends.
    let remainingMicroseconds: Int64?
    let reason: String

    package init(
        lease: String, peerName: String, user: String, kind: String, amounts: Amounts?, remaining: Microseconds?, reason: String
    ) {
        self.lease = lease
        self.peerName = peerName
        self.user = user
        self.kind = kind
        self.amounts = amounts.map(AmountFigures.init)
        remainingMicroseconds = remaining?.rawValue
        self.reason = reason
    }

    fileprivate func text(isConditional: Bool, on page: Page) -> String {
        let verb = isConditional ? "would be" : "is"
        let what =
            kind == "resized"
            ? "\(verb) \(amounts?.text(on: page) ?? "smaller") from now on"
            : "\(verb) taken back" + (remainingMicroseconds.map { " in \(Microseconds($0).shortText)" } ?? "")
        return "\(what): \(reason)"
    }
}

extension [PolicyEffect] {
    fileprivate func text(isConditional: Bool, on page: Page) -> String {
        var sheet = Sheet()
        for effect in self {
            sheet.add(
                effect.lease, "lent to \(effect.peerName), \(effect.text(isConditional: isConditional, on: page))", .warning)
        }
        return sheet.text(on: page)
    }
}

/// What differs between the policy in force and another, and what that would do.
package struct PolicyDiffReport: Report {
    package struct Change: Encodable, Sendable {
        let key: String
        let before: String?
        let after: String?
        package init(key: String, before: String?, after: String?) {
            (self.key, self.before, self.after) = (key, before, after)
        }
    }

    /// The names of the two policies.
    let before: String
    let after: String
    let changes: [Change]
    let effects: [PolicyEffect]

    package init(before: String, after: String, changes: [Change], effects: [PolicyEffect]) {
        self.before = before
        self.after = after
        self.changes = changes
        self.effects = effects
    }

    package func text(on page: Page) -> String {
        guard !changes.isEmpty else { return "no difference: '\(after.printable)' says what is in force\n" }
        var text = ""
        for change in changes {
            if let before = change.before { text += page.paint("- \(change.key): \(before)".printable, .bad) + "\n" }
            if let after = change.after { text += page.paint("+ \(change.key): \(after)".printable, .good) + "\n" }
        }
        guard !effects.isEmpty else { return text + "\nno running lease would change\n" }
        return text + "\n" + effects.text(isConditional: true, on: page)
    }
}

/// A policy was put in force, or would be.
package struct PolicyApplyReport: Report {
    let policy: String
    /// Whether it differs from what was in force before.
    let changed: Bool
    let dryRun: Bool
    let effects: [PolicyEffect]

    package init(policy: String, changed: Bool, dryRun: Bool, effects: [PolicyEffect]) {
        self.policy = policy
        self.changed = changed
        self.dryRun = dryRun
        self.effects = effects
    }

    package func text(on page: Page) -> String {
        let name = "'\(policy.printable)'"
        let heading =
            switch (changed, dryRun) {
            case (true, false): "lends by policy \(name) from now on"
            case (true, true): "would lend by policy \(name) from now on"
            case (false, _): "policy \(name) is what is in force already"
            }
        return heading + "\n" + effects.text(isConditional: dryRun, on: page)
    }
}
