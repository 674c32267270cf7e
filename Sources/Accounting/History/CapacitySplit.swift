import Resources

/// Who had a machine's capacity over some time. For each resource
///
///     capacity + excess = owner + leases + idle
///
/// holds exactly: one is made of the readings around one interval, where ``idle`` or ``excess`` is what is missing on either side,
/// or by adding up others.
package struct CapacitySplit: Hashable, Sendable {
    /// The time that was measured.
    package private(set) var span: Microseconds
    /// What the node had to share out.
    package private(set) var capacity: ResourceTime
    package private(set) var owner: ResourceTime
    /// All leases together.
    package private(set) var leases: ResourceTime
    /// What owner and leases used beyond the capacity: where a node shares out less than its machine has, and where counters that
    /// are not read at the same instant show more than there can have been.
    package private(set) var excess: ResourceTime

    /// What was left over.
    package var idle: ResourceTime { capacity + excess - owner - leases }

    /// One interval.
    ///
    /// - Precondition: no time and no amount is negative.
    package init(span: Microseconds, capacity: ResourceTime, owner: ResourceTime, leases: ResourceTime) {
        precondition(
            span > .zero && !capacity.isNegative && !owner.isNegative && !leases.isNegative, "a split of less than nothing")
        self.span = span
        self.capacity = capacity
        self.owner = owner
        self.leases = leases
        excess = (owner + leases - capacity).clampedToZero
    }

    /// From its parts; `nil` when they contradict each other.
    package init?(
        span: Microseconds, capacity: ResourceTime, owner: ResourceTime, leases: ResourceTime, excess: ResourceTime
    ) {
        self.span = span
        self.capacity = capacity
        self.owner = owner
        self.leases = leases
        self.excess = excess
        guard span > .zero, span <= .days(366), [capacity, owner, leases, excess].allSatisfy(\.isInRange), !idle.isNegative else {
            return nil
        }
    }

    package mutating func merge(_ other: CapacitySplit) {
        span += other.span
        capacity += other.capacity
        owner += other.owner
        leases += other.leases
        excess += other.excess
    }
}
