import Accounting
import Resources
import TestKit
import Testing

@Suite("Who had the capacity")
struct CapacityTests {
    private static let capacity = Amounts(cpu: 2500, memory: .mebibytes(900))
    private static let first = LeaseID(high: 1, low: 1)
    private static let second = LeaseID(high: 1, low: 2)

    private static func reading(
        _ seconds: Int64, cpu: Int64, memory: Int64 = 100, _ leases: [CapacityReading.Lease] = [], isComplete: Bool = true,
        counted: CapacityReading.Counted = .everything
    ) -> CapacityReading {
        CapacityReading(
            at: Instant(microseconds: seconds * 1_000_000), capacity: capacity, counted: counted, cpu: CoreMicroseconds(cpu),
            memory: .mebibytes(memory), leases: leases, isComplete: isComplete)
    }

    private static func lease(_ id: LeaseID, _ cpu: Int64, memory: Int64 = 10, isLast: Bool = false) -> CapacityReading.Lease {
        CapacityReading.Lease(id, cpu: CoreMicroseconds(cpu), memory: .mebibytes(memory), isLast: isLast)
    }

    private static func next(_ meter: inout CapacityMeter, _ reading: CapacityReading) throws -> CapacityShares {
        let shares = meter.shares(reading)
        return try #require(shares)
    }

    /// What stands on both sides.
    private static func isEven(_ split: CapacitySplit) -> Bool {
        split.capacity + split.excess == split.owner + split.leases + split.idle && split.idle.cpu >= 0 && split.idle.memory >= 0
    }

    // MARK: One interval

    @Test("What is neither the leases' nor idle is the owner's")
    func shares() throws {
        var meter = CapacityMeter()
        #expect(meter.shares(Self.reading(1, cpu: 0, [Self.lease(Self.first, 50)])) == nil)
        let shares = try Self.next(&meter, Self.reading(3, cpu: 3_000_000, [Self.lease(Self.first, 1_000_050)]))
        #expect(shares.machine.span == .seconds(2))
        #expect(shares.machine.capacity == ResourceTime(Self.capacity, for: .seconds(2)))
        #expect(shares.machine.leases.cpu == 1_000_000_000 && shares.machine.owner.cpu == 2_000_000_000)
        #expect(shares.machine.idle.cpu == 2_000_000_000)
        #expect(shares.machine.owner.memory == Int128(90) * 2_000_000 << 20)
        #expect(shares.leases.keys == [Self.first])
        #expect(Self.isEven(shares.machine))
    }

    @Test("Where only the owner is counted, leases are not taken from that")
    func ownerAlone() throws {
        var meter = CapacityMeter()
        _ = meter.shares(Self.reading(1, cpu: 0, [], counted: .owner))
        let shares = try Self.next(&meter, Self.reading(2, cpu: 400_000, [Self.lease(Self.first, 300_000)], counted: .owner))
        #expect(shares.machine.owner.cpu == 400_000_000 && shares.machine.leases.cpu == 300_000_000)
    }

    @Test("What leases were ahead of the machine's counter is taken from the owner when it catches up")
    func debt() throws {
        var meter = CapacityMeter()
        _ = meter.shares(Self.reading(1, cpu: 0))
        let ahead = try Self.next(&meter, Self.reading(2, cpu: 0, [Self.lease(Self.first, 500_000)]))
        #expect(ahead.machine.owner.cpu == 0 && ahead.machine.leases.cpu == 500_000_000)
        let caughtUp = try Self.next(&meter, Self.reading(3, cpu: 700_000, [Self.lease(Self.first, 500_000)]))
        #expect(caughtUp.machine.owner.cpu == 200_000_000)
    }

    @Test("More than the capacity is shown as such, and nothing is idle then")
    func beyond() throws {
        var meter = CapacityMeter()
        _ = meter.shares(Self.reading(1, cpu: 0))
        let shares = try Self.next(&meter, Self.reading(2, cpu: 3_000_000, memory: 1000))
        #expect(shares.machine.excess == ResourceTime(cpu: 500_000_000, memory: Int128(100) * 1_000_000 << 20))
        #expect(shares.machine.idle == .zero && Self.isEven(shares.machine))
    }

    @Test("A lease that begins and ends between two readings is counted whole, one that ran before is not")
    func shortLease() throws {
        var meter = CapacityMeter()
        _ = meter.shares(Self.reading(1, cpu: 0))
        let ended = Self.lease(Self.second, 70_000, memory: 0, isLast: true)
        let shares = try Self.next(&meter, Self.reading(2, cpu: 90_000, [ended]))
        #expect(shares.leases[Self.second]?.cpu == 70_000_000)
        // an older reading of it that comes late
        let late = try Self.next(&meter, Self.reading(3, cpu: 95_000, [Self.lease(Self.second, 60_000)]))
        #expect(late.leases.isEmpty)

        var after = CapacityMeter()
        _ = after.shares(Self.reading(1, cpu: 0, isComplete: false))
        let found = try Self.next(&after, Self.reading(2, cpu: 90_000, [Self.lease(Self.first, 60_000_000)]))
        #expect(found.leases[Self.first]?.cpu == 0)
    }

    @Test("Time that was not watched is nobody's")
    func gaps() {
        var meter = CapacityMeter()
        _ = meter.shares(Self.reading(1, cpu: 0))
        #expect(meter.shares(Self.reading(1, cpu: 10)) == nil)
        #expect(meter.shares(Self.reading(400, cpu: 20)) == nil)
        #expect(meter.shares(Self.reading(401, cpu: 30)) != nil)
    }

    // MARK: Every window

    /// Readings as a machine might give them on a bad day, recorded, written, lost and read again.
    private struct BadDay {
        var random: SeededGenerator
        var clock = ManualClock()
        var meter = CapacityMeter()
        var chronicle = Chronicle()
        var disk: [HistoryRow] = []
        var open: [(subject: Subject, cascade: Cascade)] = []
        var counters = SortedMap<LeaseID, Int64>()
        var machine: Int64 = 0
        var capacity = CapacityTests.capacity

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func step() {
            clock.advance(by: .milliseconds(.random(in: 1...(random.chance(100) ? 400_000 : 2000), using: &random)))
            if random.chance(50) { clock.setUTC(forwardBy: random.span(-.hours(2)...(.hours(2)))) }
            if random.chance(20) { capacity.cpu = Millicores(.random(in: 0...4001, using: &random)) }
            if random.chance(100) { machine = 0 }
            machine += .random(in: 0...3_000_000, using: &random)
            if random.chance(500) { counters[LeaseID(high: 9, low: .random(in: 0..<6, using: &random))] = 0 }
            var leases: [CapacityReading.Lease] = []
            for (lease, cpu) in counters.pairs where !random.chance(300) {
                counters[lease] = random.chance(100) ? 0 : cpu + .random(in: 0...1_500_000, using: &random)
                let isLast = random.chance(200)
                let memory = Bytes(.random(in: 0...600_000_001, using: &random))
                leases.append(CapacityReading.Lease(lease, cpu: CoreMicroseconds(cpu), memory: memory, isLast: isLast))
                if isLast { counters[lease] = nil }
            }
            let reading = CapacityReading(
                at: clock.now.instant, capacity: capacity, counted: .everything, cpu: CoreMicroseconds(machine),
                memory: Bytes(.random(in: 0...2_000_000_000, using: &random)), leases: leases, isComplete: !random.chance(300))
            if let shares = meter.shares(reading) { chronicle.record(shares, at: clock.now, isIncident: random.chance(100)) }
            chronicle.retire(at: clock.now.instant)
            if random.chance(300) { write() }
            if random.chance(30) { crash() }
        }

        mutating func write() {
            let batch = chronicle.batch
            disk += batch.rows
            open = batch.open
            chronicle.wrote(batch)
        }

        private mutating func crash() {
            (chronicle, meter) = (Chronicle(), CapacityMeter())
            chronicle.restore(open, at: clock.now.instant)
        }

        /// The windows of a resolution: what is written and what is open.
        func windows(_ resolution: Resolution) -> SortedMap<Timestamp, CapacityWindow> {
            var windows = SortedMap<Timestamp, CapacityWindow>()
            func add(_ row: RollUp, _ subject: Subject) {
                var window = windows[row.start] ?? CapacityWindow()
                window.add(row, of: subject)
                windows[row.start] = window
            }
            for row in disk where row.rollUp.resolution == resolution { add(row.rollUp, row.subject) }
            for subject in chronicle.known {
                for row in chronicle.unwritten(resolution, of: subject) { add(row, subject) }
            }
            return windows
        }
    }

    @Test(
        "In every window capacity is what owner and leases used and what was idle, exactly, and the leases are all of theirs",
        arguments: 0..<30 as Range<UInt64>)
    func identity(seed: UInt64) throws {
        var day = BadDay(seed: seed)
        for _ in 0..<3000 { day.step() }
        for resolution in Resolution.allCases {
            let windows = day.windows(resolution)
            #expect(!windows.isEmpty)
            for window in windows.values {
                let split = try #require(window.machine)
                #expect(Self.isEven(split))
                #expect(window.leases.values.reduce(.zero, +) == split.leases, "nothing is untold")
                let figures = window.figures
                let used = figures.leases.reduce(figures.owner) { $0 + $1.used }
                #expect(figures.capacity + figures.excess == used + figures.idle)
                #expect(figures.untold == .zero && figures.leases.map(\.lease) == window.leases.keys)
            }
        }
        let spans = Resolution.allCases.map { day.windows($0).values.reduce(Microseconds.zero) { $0 + $1.measured } }
        #expect(Set(spans).count == 1, "all resolutions tell of the same time")
    }

    @Test(
        "Where rows of leases are gone, or the machine's, it still adds up, and what is missing is shown",
        arguments: 0..<30 as Range<UInt64>)
    func lostRows(seed: UInt64) {
        var day = BadDay(seed: seed)
        for _ in 0..<1500 { day.step() }
        day.write()
        day.disk.removeAll { _ in day.random.chance(4000) }
        var (hasUntold, hasExcess) = (false, false)
        for window in day.windows(.minute).values {
            let figures = window.figures
            let used = figures.leases.reduce(figures.owner + figures.untold) { $0 + $1.used }
            #expect(figures.capacity + figures.excess == used + figures.idle)
            hasUntold = hasUntold || figures.untold != .zero
            hasExcess = hasExcess || window.machine == nil && figures.excess != .zero
        }
        #expect(hasUntold && hasExcess)
    }
}
