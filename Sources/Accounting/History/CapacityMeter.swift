import Resources

/// What counters and gauges showed of a machine and of the leases on it.
package struct CapacityReading: Hashable, Sendable {
    /// Whose use is counted beside that of the leases.
    package enum Counted: Hashable, Sendable {
        /// Everything on the machine, the leases included.
        case everything
        /// The owner's alone.
        case owner
    }

    /// One lease.
    package struct Lease: Hashable, Sendable {
        package var lease: LeaseID
        package var cpu: CoreMicroseconds
        package var memory: Bytes
        /// It is closed: nothing more comes.
        package var isLast: Bool

        package init(_ lease: LeaseID, cpu: CoreMicroseconds, memory: Bytes, isLast: Bool = false) {
            self.lease = lease
            self.cpu = cpu
            self.memory = memory
            self.isLast = isLast
        }
    }

    /// On the boot's clock.
    package var at: Instant
    package var capacity: Amounts
    package var counted: Counted
    package var cpu: CoreMicroseconds
    package var memory: Bytes
    /// Those that run, then those that were closed since the last reading.
    package var leases: [Lease]
    /// Whether these are all: a lease that is not among them and is later has begun in between.
    package var isComplete: Bool

    package init(
        at instant: Instant, capacity: Amounts, counted: Counted, cpu: CoreMicroseconds, memory: Bytes, leases: [Lease],
        isComplete: Bool
    ) {
        at = instant
        self.capacity = capacity
        self.counted = counted
        self.cpu = cpu
        self.memory = memory
        self.leases = leases
        self.isComplete = isComplete
    }
}

/// Who had the capacity between two readings.
package struct CapacityShares: Sendable {
    package var machine: CapacitySplit
    /// The leases one by one: together they are ``CapacitySplit/leases``.
    package var leases: SortedMap<LeaseID, ResourceTime>
}

/// Makes shares of readings that follow each other.
package struct CapacityMeter: Sendable {
    private struct Counter {
        var cpu: CoreMicroseconds
        var isEnded: Bool
        var at: Instant
    }

    /// For how long, at most, all of the capacity may be counted as the leases' before it shows in the machine's counter.
    private static let longestDebt = Microseconds.seconds(10)

    private var last: CapacityReading?
    private var counters = SortedMap<LeaseID, Counter>()
    /// What leases were ahead of the machine: their counters are read at another instant than the machine's, which may count in
    /// hundredths of a second. It is taken from the owner's part when the machine catches up.
    private var debt: Int128 = 0

    package init() {}

    /// The shares between the last reading and this; `nil` for the first, and when no time or too much has passed
    /// (``SampleMeter/longestSpan``): who had the capacity then is not known.
    package mutating func shares(_ reading: CapacityReading) -> CapacityShares? {
        let growth = take(reading)
        defer { last = reading }
        guard let last, reading.at > last.at, reading.at - last.at <= SampleMeter.longestSpan, reading.counted == last.counted
        else {
            debt = 0
            return nil
        }
        let span = reading.at - last.at
        let leases = SortedMap(growth.pairs.map { ($0, ResourceTime($1.cpu, $1.memory, for: span)) })
        let lent = leases.values.reduce(.zero, +)
        let counted = ResourceTime(Self.growth(from: last.cpu, to: reading.cpu), max(.zero, reading.memory), for: span)
        let owner = reading.counted == .owner ? counted : rest(of: counted, beside: lent, reading.capacity.cpu)
        return CapacityShares(
            machine: CapacitySplit(
                span: span, capacity: ResourceTime(reading.capacity.clampedToZero, for: span), owner: owner, leases: lent),
            leases: leases)
    }

    /// What is not the leases' of all that was counted.
    private mutating func rest(of counted: ResourceTime, beside lent: ResourceTime, _ capacity: Millicores) -> ResourceTime {
        let rest = counted.cpu - lent.cpu - debt
        debt = min(max(0, -rest), ResourceTime(Amounts(cpu: max(.zero, capacity)), for: Self.longestDebt).cpu)
        return ResourceTime(cpu: max(0, rest), memory: max(0, counted.memory - lent.memory))
    }

    /// What each lease used since it was last read, and holds now.
    private mutating func take(_ reading: CapacityReading) -> SortedMap<LeaseID, (cpu: CoreMicroseconds, memory: Bytes)> {
        var growth = SortedMap<LeaseID, (cpu: CoreMicroseconds, memory: Bytes)>()
        for lease in reading.leases {
            let known = counters[lease.lease]
            // an older reading of one that was closed meanwhile
            if known?.isEnded == true { continue }
            let before = known?.cpu ?? (last?.isComplete == true ? .zero : lease.cpu)
            let sum = growth[lease.lease] ?? (.zero, .zero)
            growth[lease.lease] = (
                sum.cpu + Self.growth(from: before, to: lease.cpu), sum.memory + max(.zero, lease.memory)
            )
            counters[lease.lease] = Counter(cpu: lease.cpu, isEnded: lease.isLast, at: reading.at)
        }
        for (lease, counter) in counters.pairs where reading.at - counter.at > Chronicle.patience { counters[lease] = nil }
        return growth
    }

    /// A counter that shows less than before has begun anew, and what it shows was counted since.
    private static func growth(from before: CoreMicroseconds, to now: CoreMicroseconds) -> CoreMicroseconds {
        max(.zero, now < before ? now : now - before)
    }
}
