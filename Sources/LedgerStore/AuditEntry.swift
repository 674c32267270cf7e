import Resources

/// A call that would change something: who made it, and what became of it.
package struct AuditEntry: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// It had begun when this was written. It stays so when the agent ended before the call did.
        case begun
        case done
        /// The caller lacks a right.
        case refused
        case failed
    }

    package var at: Timestamp
    package var user: String
    package var role: String
    /// Where the call came from.
    package var origin: String
    package var method: String
    /// What it was about: an id, a name.
    package var object: String
    package var outcome: Outcome
    /// Why it was refused or failed.
    package var reason: String

    package init(
        at: Timestamp, user: String, role: String, origin: String, method: String, object: String, outcome: Outcome,
        reason: String = ""
    ) {
        self.at = at
        self.user = user
        self.role = role
        self.origin = origin
        self.method = method
        self.object = object
        self.outcome = outcome
        self.reason = reason
    }
}

/// An entry with its place in the log.
package struct StoredAuditEntry: Hashable, Sendable {
    package let sequence: Int64
    package let entry: AuditEntry
}
