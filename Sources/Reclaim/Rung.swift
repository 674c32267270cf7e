package import Resources

/// How far up the enforcement ladder a lease stands. Higher rungs take more from the guest; the raw value orders them.
package enum Rung: Int, Hashable, Comparable, Codable, Sendable, CaseIterable, CustomStringConvertible {
    /// Runs at the lowest weight under the ceiling that its lease grants.
    case shaped = 1
    /// Its ceiling was cut below what its lease grants, because the owner needs the room.
    case throttled = 2

    package static func < (a: Rung, b: Rung) -> Bool { a.rawValue < b.rawValue }

    package var description: String {
        switch self {
        case .shaped: "shaped"
        case .throttled: "throttled"
        }
    }
}

/// One lease's step up or down the ladder, with the reason and the readings behind it.
package struct RungChange: Hashable, Sendable {
    package var lease: LeaseID
    package var from: Rung
    package var to: Rung
    /// One sentence for people and logs.
    package var reason: String
    package var evidence: Evidence

    package init(lease: LeaseID, from: Rung, to: Rung, reason: String, evidence: Evidence) {
        self.lease = lease
        self.from = from
        self.to = to
        self.reason = reason
        self.evidence = evidence
    }
}

/// The readings a decision rests on.
package struct Evidence: Hashable, Sendable {
    /// What the owner used in the tick that decided.
    package var owner: Amounts
    /// What all guests used in it.
    package var guests: Amounts
    /// The bound for both together.
    package var threshold: Amounts
    /// The lease's ceiling before and after.
    package var before: Millicores
    package var after: Millicores

    package init(owner: Amounts, guests: Amounts, threshold: Amounts, before: Millicores, after: Millicores) {
        self.owner = owner
        self.guests = guests
        self.threshold = threshold
        self.before = before
        self.after = after
    }
}

/// What the governor wants done.
package enum Directive: Hashable, Sendable {
    /// Enforce this processing ceiling on the lease from now on.
    case setCeiling(LeaseID, Millicores)
    /// Log and pass on that the lease climbed or descended.
    case moved(RungChange)
    /// Owner and guests together hold more memory than the threshold, by `excess`; zero once that is over. Memory is
    /// not taken from a running guest, for that would kill it: the agent stops offering more.
    case memoryShort(excess: Bytes)
}
