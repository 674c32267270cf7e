import Resources

/// From what the resources want to what is asked of the kernel.
extension Enforcer {
    /// Brings every lease to where its resources want it, and says what changed.
    mutating func settle(at now: Instant) -> [Directive] { leases.flatMap { settle($0, at: now) } }

    private mutating func settle(_ lease: LeaseID, at now: Instant) -> [Directive] {
        guard var standing = standings[lease] else { return [] }
        let before = standing.ceiling
        var directives: [Directive] = []
        let isFrozen = isFrozen(lease, standing)
        governor.setFrozen(lease, isFrozen)
        governor.setEnding(lease, standing.ending != nil)
        let ceiling = governor.ceiling(of: lease)
        if ceiling != standing.ceiling { directives.append(.setCeiling(lease, ceiling)) }
        if disk.limit != standing.diskLimit { directives.append(.setDiskLimit(lease, disk.limit)) }
        let brake = brake(on: lease, standing)
        if brake != standing.memoryBrake { directives.append(.setMemoryBrake(lease, brake)) }
        if isFrozen != standing.isFrozen { directives.append(.setFrozen(lease, isFrozen)) }
        (standing.ceiling, standing.diskLimit, standing.memoryBrake, standing.isFrozen) = (ceiling, disk.limit, brake, isFrozen)
        if let change = move(lease, &standing, from: before ?? ceiling, at: now) { directives.append(.moved(change)) }
        standings[lease] = standing
        return directives
    }

    /// A lease that ends after its notice goes on, so that it can save what it has.
    private func isFrozen(_ lease: LeaseID, _ standing: Standing) -> Bool {
        guard standing.ending == nil else { return standing.ending == true }
        return Resource.allCases.contains { escalations[$0].frozen.contains(lease) }
    }

    /// What a lease held when braking began: more is had only slowly.
    private func brake(on lease: LeaseID, _ standing: Standing) -> Bytes? {
        guard memory.isBraking else { return nil }
        return standing.memoryBrake ?? last.guests.first { $0.lease == lease }?.usage.memory
    }

    /// The highest rung that a resource has brought the lease to.
    private func target(_ lease: LeaseID, _ standing: Standing) -> (rung: Rung, resource: Resource) {
        if standing.ending != nil { return (.ending, standing.resource) }
        if let resource = Resource.allCases.first(where: { escalations[$0].frozen.contains(lease) }) {
            return (.frozen, resource)
        }
        if governor.isCut(lease) { return (.throttled, .cpu) }
        if standing.memoryBrake != nil { return (.throttled, .memory) }
        if standing.diskLimit != nil { return (.throttled, .disk) }
        return (.shaped, standing.resource)
    }

    private func move(
        _ lease: LeaseID, _ standing: inout Standing, from before: Millicores, at now: Instant
    ) -> RungChange? {
        let (rung, resource) = target(lease, standing)
        guard rung != standing.rung else { return nil }
        let mayDescend = now - (standing.moved ?? now) >= configuration.dwell || standing.rung == .frozen
        guard rung > standing.rung || mayDescend else { return nil }
        let change = RungChange(
            lease: lease, from: standing.rung, to: rung, resource: resource,
            reason: rung > standing.rung ? reasons[resource] : "the owner leaves enough \(resource) again",
            evidence: Evidence(
                owner: last.owner, guests: last.guestUsage, threshold: threshold, pressure: last.pressure, tolerance: tolerance,
                diskRate: last.diskRate, available: last.available, before: before, after: governor.ceiling(of: lease)))
        (standing.rung, standing.resource, standing.moved) = (rung, resource, now)
        return change
    }
}
