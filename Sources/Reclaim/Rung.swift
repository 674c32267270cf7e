import Resources

/// How far up the enforcement ladder a lease stands. Higher rungs take more from the guest; the raw value orders them.
///
/// The ladder has two more rungs, which are no lease's own: below these the machine is only measured, above them nothing new is
/// offered for a while (``Enforcer/coolDown(at:)``).
package enum Rung: Int, Hashable, Comparable, Codable, Sendable, CaseIterable, CustomStringConvertible {
    /// Runs at the lowest weight under the ceiling that its lease grants.
    case shaped = 1
    /// Its ceilings were cut below what its lease grants, because the owner needs the room.
    case throttled = 2
    /// Does not run at all for now.
    case frozen = 3
    /// Ends after the notice of its class, or at once.
    case ending = 4

    package static func < (a: Rung, b: Rung) -> Bool { a.rawValue < b.rawValue }

    package var description: String {
        switch self {
        case .shaped: "shaped"
        case .throttled: "throttled"
        case .frozen: "frozen"
        case .ending: "ending"
        }
    }
}

/// One lease's step up or down the ladder, with the reason and the readings behind it.
package struct RungChange: Hashable, Sendable {
    package var lease: LeaseID
    package var from: Rung
    package var to: Rung
    /// What ran short, or is there again.
    package var resource: Resource
    /// One sentence for people and logs.
    package var reason: String
    package var evidence: Evidence

    package init(lease: LeaseID, from: Rung, to: Rung, resource: Resource, reason: String, evidence: Evidence) {
        self.lease = lease
        self.from = from
        self.to = to
        self.resource = resource
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
    /// For which part of the tick the owner's work waited.
    package var pressure: Pressure
    /// The bounds for that.
    package var tolerance: Pressure
    /// What all guests moved on disks each second; `nil` where it was not looked at, as while nobody waits for disks.
    package var diskRate: Bytes?
    /// The memory that could be had at once; `nil` where the kernel does not tell.
    package var available: Bytes?
    /// The lease's processing ceiling before and after.
    package var before: Millicores
    package var after: Millicores

    package init(
        owner: Amounts, guests: Amounts, threshold: Amounts, pressure: Pressure = .unknown, tolerance: Pressure = .unknown,
        diskRate: Bytes? = nil, available: Bytes? = nil, before: Millicores, after: Millicores
    ) {
        self.owner = owner
        self.guests = guests
        self.threshold = threshold
        self.pressure = pressure
        self.tolerance = tolerance
        self.diskRate = diskRate
        self.available = available
        self.before = before
        self.after = after
    }
}

/// What the enforcer wants done.
package enum Directive: Hashable, Sendable {
    /// Enforce this processing ceiling on the lease from now on.
    case setCeiling(LeaseID, Millicores)
    /// Let the lease move so many bytes a second to and from each disk from now on; `nil`: as many as it can.
    case setDiskLimit(LeaseID, Bytes?)
    /// Slow the lease down where it wants more memory than so much; `nil`: not before the limit of its lease.
    case setMemoryBrake(LeaseID, Bytes?)
    /// Stop everything of the lease, or let it go on.
    case setFrozen(LeaseID, Bool)
    /// End the lease after the notice of its class, or at once.
    case end(LeaseID, atOnce: Bool, reason: String)
    /// Log and pass on that the lease climbed or descended.
    case moved(RungChange)
}
