/// An amount of each lendable resource, as granted, limited, used at an instant, or free.
package struct Amounts: Hashable, Sendable {
    package var cpu: Millicores
    package var memory: Bytes
    package var disk: Bytes

    package init(cpu: Millicores = .zero, memory: Bytes = .zero, disk: Bytes = .zero) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
    }

    package static let zero = Amounts()

    /// Processing and memory, without disk.
    package var inMachine: Amounts { Amounts(cpu: cpu, memory: memory) }

    /// What can be asked for at once of all that there is: processing and memory, or disk where that is all.
    package var unmixed: Amounts { mixesDisk ? inMachine : self }

    /// Whether it is disk together with something else. Disk is lent by itself: nothing runs on it, it has prices, terms and
    /// an end of its own.
    package var mixesDisk: Bool { disk != .zero && (cpu != .zero || memory != .zero) }

    /// What is said of amounts that ``mixesDisk``.
    package static let mixingDisk = "disk is lent by itself: ask for it in a request of its own"

    package static func + (a: Amounts, b: Amounts) -> Amounts {
        Amounts(cpu: a.cpu + b.cpu, memory: a.memory + b.memory, disk: a.disk + b.disk)
    }

    package static func - (a: Amounts, b: Amounts) -> Amounts {
        Amounts(cpu: a.cpu - b.cpu, memory: a.memory - b.memory, disk: a.disk - b.disk)
    }

    package static func += (a: inout Amounts, b: Amounts) { a = a + b }

    /// By which amounts that do not fit in each other are put in order: by processing, then memory, then disk.
    package var inOrder: (Millicores, Bytes, Bytes) { (cpu, memory, disk) }

    /// Whether every resource is at most the other's.
    package func fits(in other: Amounts) -> Bool { cpu <= other.cpu && memory <= other.memory && disk <= other.disk }

    /// The smaller of both, resource by resource.
    package func limited(to other: Amounts) -> Amounts {
        Amounts(cpu: min(cpu, other.cpu), memory: min(memory, other.memory), disk: min(disk, other.disk))
    }

    /// The larger of both, resource by resource.
    package func raised(to other: Amounts) -> Amounts {
        Amounts(cpu: max(cpu, other.cpu), memory: max(memory, other.memory), disk: max(disk, other.disk))
    }

    /// Negative amounts become zero.
    package var clampedToZero: Amounts { Amounts(cpu: max(cpu, .zero), memory: max(memory, .zero), disk: max(disk, .zero)) }

    /// No resource is negative.
    package var isNatural: Bool { cpu >= .zero && memory >= .zero && disk >= .zero }

    /// No resource is negative and at least one is positive.
    package var isPositive: Bool { isNatural && self != .zero }
}

/// What was consumed since a lease began; each figure only grows.
package struct Usage: Hashable, Sendable {
    package var cpu: CoreMicroseconds
    package var memory: MiBSeconds
    package var disk: MiBSeconds

    package init(cpu: CoreMicroseconds = .zero, memory: MiBSeconds = .zero, disk: MiBSeconds = .zero) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
    }

    package static let zero = Usage()

    /// The most that `amounts` can consume in `elapsed`.
    package init(of amounts: Amounts, for elapsed: Microseconds) {
        cpu = CoreMicroseconds(amounts.cpu, for: elapsed)
        memory = MiBSeconds(amounts.memory, for: elapsed)
        disk = MiBSeconds(amounts.disk, for: elapsed)
    }

    package static func + (a: Usage, b: Usage) -> Usage {
        Usage(cpu: a.cpu + b.cpu, memory: a.memory + b.memory, disk: a.disk + b.disk)
    }

    package static func - (a: Usage, b: Usage) -> Usage {
        Usage(cpu: a.cpu - b.cpu, memory: a.memory - b.memory, disk: a.disk - b.disk)
    }

    package func fits(in other: Usage) -> Bool { cpu <= other.cpu && memory <= other.memory && disk <= other.disk }

    package func limited(to other: Usage) -> Usage {
        Usage(cpu: min(cpu, other.cpu), memory: min(memory, other.memory), disk: min(disk, other.disk))
    }

    /// Negative figures become zero.
    package var clampedToZero: Usage { Usage(cpu: max(cpu, .zero), memory: max(memory, .zero), disk: max(disk, .zero)) }

    /// No figure is negative.
    package var isNatural: Bool { cpu >= .zero && memory >= .zero && disk >= .zero }
}

/// Prices in microcredits: per core-hour of processing used and per GiB-hour of memory and of disk held.
package struct Prices: Hashable, Sendable {
    package var cpu: Microcredits
    package var memory: Microcredits
    package var disk: Microcredits

    package init(cpu: Microcredits, memory: Microcredits, disk: Microcredits = .zero) {
        self.cpu = cpu
        self.memory = memory
        self.disk = disk
    }

    package static let free = Prices(cpu: .zero, memory: .zero)

    /// Whether no price is above the other's.
    package func atMost(_ other: Prices) -> Bool { cpu <= other.cpu && memory <= other.memory && disk <= other.disk }

    /// What `usage` costs: the sum over resources of usage x price, rounded down once.
    ///
    /// This is the one rounding rule of the system: it is always applied to the cumulative usage of a lease, so
    /// that both sides, and any sequence of receipts, arrive at the same total. What does not fit 64 bits, and is far
    /// beyond ``Bounds/money``, becomes the largest value that does.
    package func cost(of usage: Usage) -> Microcredits {
        let microsecondsPerHour: Int128 = 3_600_000_000
        // One core-hour is 3.6e9 core-microseconds and one GiB-hour is 1024 x 3600 MiB-seconds; 1e6/1024 makes
        // all share the first as their denominator: MiB-s x 3.6e9 / (1024 x 3600) = MiB-s x 1e6 / 1024.
        let cpu = Int128(usage.cpu.rawValue) * Int128(self.cpu.rawValue) * 1024
        let memory = Int128(usage.memory.rawValue) * Int128(self.memory.rawValue) * 1_000_000
        let disk = Int128(usage.disk.rawValue) * Int128(self.disk.rawValue) * 1_000_000
        return Microcredits(Int64(clamping: (cpu + memory + disk) / (microsecondsPerHour * 1024)))
    }

    /// The most that a lease of `amounts` for `term` can cost, rounded up.
    package func ceiling(for amounts: Amounts, term: Microseconds) -> Microcredits {
        let cost = cost(of: Usage(of: amounts, for: term))
        return Microcredits(max(cost.rawValue, cost.rawValue &+ 1))
    }
}

/// The largest values accepted from outside. Products of two of them fit 128 bits and sums of a billion fit 64.
package enum Bounds {
    /// A million cores.
    package static let cpu = Millicores.cores(1_000_000)
    /// One pebibyte.
    package static let memory = Bytes(1 << 50)
    /// One pebibyte.
    package static let disk = Bytes(1 << 50)
    package static let term = Microseconds.days(366)
    /// A million credits an hour.
    package static let price = Microcredits.credits(1_000_000)
    /// A billion credits.
    package static let money = Microcredits.credits(1_000_000_000)

    package static func accepts(_ amounts: Amounts) -> Bool {
        amounts.isPositive && amounts.fits(in: Amounts(cpu: cpu, memory: memory, disk: disk))
    }

    package static func accepts(_ prices: Prices) -> Bool {
        let range = Microcredits.zero...price
        return range.contains(prices.cpu) && range.contains(prices.memory) && range.contains(prices.disk)
    }

    /// Civil time from 1970 to 2200.
    package static let civilTime = Timestamp(microseconds: 0)...Timestamp(microseconds: 7_258_118_400_000_000)

    package static func accepts(start: Timestamp?) -> Bool { start.map(civilTime.contains) ?? true }

    package static func accepts(term: Microseconds) -> Bool { term > .zero && term <= self.term }
}
