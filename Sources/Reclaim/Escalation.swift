import Resources

/// The upper rungs for one resource: which leases are stopped, let go on, and ended, once the lower rungs do not help.
///
/// - *Freeze* the youngest first, as many as weigh what is too much.
/// - *End* the youngest of these first when that did not help for the resource's patience; as many as weigh what is too much, but
///   never more than half of all at once, and wait for the effect.
/// - *Thaw* the oldest first, one each ``Enforcer/Configuration/stepInterval``, once there is room again, and not before
///   ``Enforcer/Configuration/dwell`` has passed.
struct Escalation: Sendable {
    /// A lease with what it weighs in the resource's unit.
    struct Guest: Hashable, Sendable {
        var lease: LeaseID
        var weight: Int64
    }

    enum Step: Hashable, Sendable {
        case freeze(LeaseID)
        case thaw(LeaseID)
        case end(LeaseID, atOnce: Bool)
        /// What was to be ended goes on after all; only where ends are not carried out.
        case spare(LeaseID)
    }

    let resource: Resource
    /// Frozen for this resource.
    private(set) var frozen: Set<LeaseID> = []
    private var isEnding: [LeaseID: Bool] = [:]
    private var overSince: Instant?
    private var relievedSince: Instant?
    private var lastFreeze: Instant?
    private var lastThaw: Instant?
    private var lastEnd: Instant?

    init(_ resource: Resource) { self.resource = resource }

    mutating func forget(_ lease: LeaseID) {
        frozen.remove(lease)
        isEnding[lease] = nil
    }

    /// A lease that was frozen before the enforcer was restarted.
    mutating func resume(frozen lease: LeaseID, at now: Instant) {
        frozen.insert(lease)
        lastFreeze = now
    }

    /// Whether a lease is frozen for it, or was told to end.
    var isActing: Bool { !frozen.isEmpty || !isEnding.isEmpty }

    /// - Parameter guests: all open leases, the youngest first.
    mutating func tick(
        _ verdict: Verdict, _ guests: [Guest], _ configuration: Enforcer.Configuration, at now: Instant
    ) -> [Step] {
        switch verdict {
        case .over(let excess, let isCritical, _):
            relievedSince = nil
            let since = overSince ?? now
            overSince = since
            let frozen = freeze(excess, all: isCritical, guests, at: now)
            let patience = isCritical ? .zero : configuration.patience[resource]
            guard now - since >= patience else { return frozen }
            return frozen + end(excess, atOnce: isCritical, guests, configuration.endPause, at: now)
        case .within:
            (overSince, relievedSince) = (nil, nil)
            return []
        case .relieved:
            overSince = nil
            relievedSince = relievedSince ?? now
            return thaw(guests, configuration, at: now) + spare(configuration, at: now)
        }
    }

    private mutating func spare(_ configuration: Enforcer.Configuration, at now: Instant) -> [Step] {
        guard !configuration.endsLeases, let relievedSince, now - relievedSince >= configuration.dwell else { return [] }
        defer { isEnding = [:] }
        return isEnding.keys.sorted().map(Step.spare)
    }

    private mutating func freeze(_ excess: Int64, all: Bool, _ guests: [Guest], at now: Instant) -> [Step] {
        var covered = guests.reduce(0) { $0 + (isHandled($1.lease) ? $1.weight : 0) }
        var steps: [Step] = []
        for guest in guests where !isHandled(guest.lease) && guest.weight > 0 {
            guard all || covered < excess else { break }
            covered += guest.weight
            frozen.insert(guest.lease)
            lastFreeze = now
            steps.append(.freeze(guest.lease))
        }
        return steps
    }

    private func isHandled(_ lease: LeaseID) -> Bool { frozen.contains(lease) || isEnding[lease] != nil }

    private mutating func end(
        _ excess: Int64, atOnce: Bool, _ guests: [Guest], _ pause: Microseconds, at now: Instant
    ) -> [Step] {
        guard lastEnd.map({ now - $0 >= pause }) ?? true else { return [] }
        // those that end after their notice are no help when there is no time for it
        func isDone(_ lease: LeaseID) -> Bool { isEnding[lease].map { $0 || !atOnce } ?? false }
        var covered = guests.reduce(0) { $0 + (isDone($1.lease) ? $1.weight : 0) }
        var left = (guests.count + 1) / 2
        var steps: [Step] = []
        for guest in guests where isHandled(guest.lease) && !isDone(guest.lease) && covered < excess && left > 0 {
            covered += guest.weight
            left -= 1
            isEnding[guest.lease] = atOnce
            frozen.remove(guest.lease)
            steps.append(.end(guest.lease, atOnce: atOnce))
        }
        if !steps.isEmpty { lastEnd = now }
        return steps
    }

    private mutating func thaw(_ guests: [Guest], _ configuration: Enforcer.Configuration, at now: Instant) -> [Step] {
        guard let lease = guests.last(where: { frozen.contains($0.lease) })?.lease, let relievedSince,
            now - relievedSince >= configuration.stepInterval,
            now - (lastFreeze ?? now) >= configuration.dwell, now - (lastThaw ?? relievedSince) >= configuration.stepInterval
        else { return [] }
        frozen.remove(lease)
        lastThaw = now
        return [.thaw(lease)]
    }
}
