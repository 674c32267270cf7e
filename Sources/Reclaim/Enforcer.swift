import Resources

/// The out-of-range enforcer: what is done with guests so that the owner's thresholds hold. It gets readings on every tick and
/// says what to change; it knows no clock and no kernel.
///
/// Each resource has its own lower rung (``Governor``, ``MemoryGuard``, ``DiskGovernor``) and, where that does not help, climbs
/// through the upper ones (``Escalation``). A lease stands on the highest rung that any resource has brought it to. Steps up are
/// taken at once; a step down comes ``Configuration/dwell`` after the last step at the soonest.
package struct Enforcer: Sendable {
    /// One lease as the enforcer holds it.
    struct Standing: Sendable {
        /// How many leases were opened before it.
        let number: Int
        var rung = Rung.shaped
        /// What brought it there.
        var resource = Resource.cpu
        /// When it last moved.
        var moved: Instant?
        /// What was asked of the kernel last.
        var ceiling: Millicores?
        var diskLimit: Bytes?
        var memoryBrake: Bytes?
        var isFrozen = false
        /// Whether it ends at once; `nil` while it is not ended.
        var ending: Bool?
    }

    package private(set) var configuration: Configuration
    var standings: [LeaseID: Standing] = [:]
    private var opened = 0
    var governor: Governor
    var memory: MemoryGuard
    var disk: DiskGovernor
    var escalations = PerResource(cpu: Escalation(.cpu), memory: Escalation(.memory), disk: Escalation(.disk))
    /// Why guests were last taken something from, by resource.
    var reasons = PerResource(cpu: "", memory: "", disk: "")
    private var coolUntil: Instant?
    /// The bounds that hold now.
    package private(set) var threshold: Amounts
    /// For which part of a tick the owner's work may have to wait now.
    package private(set) var tolerance: Pressure
    /// What the last tick went by.
    package internal(set) var last = Readings(owner: .zero, guests: [])

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        governor = Governor(configuration)
        memory = MemoryGuard(configuration)
        disk = DiskGovernor(configuration)
        (threshold, tolerance) = (configuration.thresholds.standard, configuration.thresholds.pressure)
    }

    /// The processing ceiling now in force, `nil` for a lease that is not open.
    package func ceiling(of lease: LeaseID) -> Millicores? { standings[lease].map { _ in governor.ceiling(of: lease) } }

    package func rung(of lease: LeaseID) -> Rung? { standings[lease]?.rung }

    /// What brought a lease to its rung.
    package func resource(of lease: LeaseID) -> Resource? { standings[lease]?.resource }

    /// The open leases, the oldest first: in the order in which they were opened here, for their ids are of their borrowers' making.
    package var leases: [LeaseID] { standings.sorted { $0.value.number < $1.value.number }.map(\.key) }

    /// By how much owner and guests exceed the memory threshold, zero while they do not for long enough.
    package var memoryShortage: Bytes { memory.shortage }

    /// For how long nothing new should be offered; zero when it may be.
    package func coolDown(at now: Instant) -> Microseconds { max(.zero, (coolUntil ?? now) - now) }

    /// Holds offers back for what was left of a cool-down before a restart; never longer than a whole one.
    package mutating func resume(coolDown: Microseconds, at now: Instant) {
        guard coolDown > .zero else { return }
        coolUntil = max(coolUntil ?? now, now + min(coolDown, configuration.coolDown))
    }

    /// Takes other bounds or another capacity; ceilings follow at once if they must fall.
    package mutating func reconfigure(_ configuration: Configuration, at now: Instant, minute: Int) -> [Directive] {
        self.configuration = configuration
        lookUpBounds(in: minute)
        governor.reconfigure(configuration, threshold: threshold.cpu)
        memory.reconfigure(configuration)
        disk.reconfigure(configuration)
        reasons.cpu = "the threshold changed"
        return settle(at: now)
    }

    /// Takes on a lease, or another limit for one that is open.
    ///
    /// - Parameters:
    ///   - cut: The ceiling to begin with, for a lease that was cut before the enforcer was restarted.
    ///   - resource: For which it was frozen before.
    package mutating func open(
        _ lease: LeaseID, limit: Millicores, cut: Millicores? = nil, frozenFor resource: Resource? = nil, at now: Instant
    ) -> [Directive] {
        governor.open(lease, limit: limit, at: cut)
        if standings[lease] == nil {
            var standing = Standing(number: opened)
            opened += 1
            // what was told before a restart is no news
            if cut != nil, governor.isCut(lease) { (standing.rung, standing.moved) = (.throttled, now) }
            if let resource {
                escalations[resource].resume(frozen: lease, at: now)
                (standing.rung, standing.resource, standing.moved) = (.frozen, resource, now)
            }
            standings[lease] = standing
        }
        reasons.cpu = "a lease was added"
        return settle(at: now)
    }

    package mutating func close(_ lease: LeaseID) {
        standings[lease] = nil
        governor.close(lease)
        for resource in Resource.allCases { escalations[resource].forget(lease) }
    }

    /// Takes the readings of one tick and says what to change.
    ///
    /// - Parameter minute: the minute of the week in civil time, from Monday 00:00 on.
    package mutating func tick(_ readings: Readings, at now: Instant, minute: Int) -> [Directive] {
        last = readings
        lookUpBounds(in: minute)
        let tick = Tick(readings: readings, threshold: threshold, tolerance: tolerance, now: now)
        let running = standings.values.count { !$0.isFrozen }
        let judged = PerResource(
            cpu: governor.tick(tick), memory: memory.tick(tick), disk: disk.tick(tick, running: running))
        var ends: [Directive] = []
        for resource in Resource.allCases {
            if let reason = judged[resource].reason { reasons[resource] = reason }
            ends += escalate(resource, judged[resource].verdict, tick)
        }
        return settle(at: now) + ends
    }

    private mutating func lookUpBounds(in minute: Int) {
        threshold = configuration.thresholds.bounds(in: minute)
        tolerance = configuration.thresholds.pressure(in: minute)
    }

    private mutating func escalate(_ resource: Resource, _ verdict: Verdict, _ tick: Tick) -> [Directive] {
        if case .over(_, _, let reason) = verdict { reasons[resource] = reason }
        var ends: [Directive] = []
        let steps = escalations[resource].tick(verdict, weights(resource), configuration, at: tick.now)
        for step in steps {
            switch step {
            case .end(let lease, let atOnce):
                standings[lease]?.ending = atOnce
                standings[lease]?.resource = resource
                ends.append(.end(lease, atOnce: atOnce, reason: reasons[resource]))
            case .spare(let lease): standings[lease]?.ending = nil
            case .freeze, .thaw: break
            }
        }
        if escalations[resource].isActing { coolUntil = tick.now + configuration.coolDown }
        return ends
    }

    /// What each lease contributes to a resource's being out of range, the youngest lease first.
    private func weights(_ resource: Resource) -> [Escalation.Guest] {
        let readings = Dictionary(last.guests.map { ($0.lease, $0) }, uniquingKeysWith: { first, _ in first })
        return leases.reversed().map { lease in
            let reading = readings[lease] ?? GuestReading(lease: lease, usage: .zero)
            let weight =
                switch resource {
                case .cpu: governor.weight(of: reading)
                case .memory: reading.usage.memory.rawValue
                case .disk: (reading.diskRate ?? .zero).rawValue
                }
            return Escalation.Guest(lease: lease, weight: weight)
        }
    }
}
