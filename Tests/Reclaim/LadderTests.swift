import Resources
import Testing

@testable import Reclaim

@Suite("Steps on the ladder")
struct LadderTests {
    @Test("A cut is told once, with its reason and readings, and so is the return")
    func told() throws {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        machine.run(20, ownerWants: 4000)
        machine.run(100, ownerWants: 0)
        let moves = machine.directives.flatMap { $0 }.moves
        #expect(moves.map(\.to) == [.throttled, .shaped])
        let cut = try #require(moves.first)
        #expect(cut.reason.contains("3 of 5"))
        #expect(cut.evidence.threshold.cpu == 3200)
        #expect(cut.evidence.owner.cpu + cut.evidence.guests.cpu > 3200)
        #expect(cut.evidence.before > cut.evidence.after)
    }

    @Test("A new lease takes room from those that are there, not from the owner")
    func another() {
        var machine = PlayedMachine(capacity: 4000, threshold: 2000, leases: [2000])
        machine.run(10, ownerWants: 0)
        machine.open(LeaseID(high: 9, low: 9), 2000)
        #expect(machine.ceilings <= 2000)
        #expect(machine.governor.ceiling(of: LeaseID(high: 9, low: 9)) == 1000)
    }

    @Test("A lease that is shrunk or grown keeps what was cut from it cut")
    func changed() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        machine.run(20, ownerWants: 4000)
        let lease = LeaseID(high: 1, low: 0)
        machine.open(lease, 800)
        #expect(machine.governor.ceiling(of: lease) == 10)
        machine.run(100, ownerWants: 0)
        #expect(machine.governor.ceiling(of: lease) == 800)
        machine.open(lease, 1200)
        #expect(machine.governor.ceiling(of: lease) == 1200)
    }

    @Test("A lower threshold is obeyed at once")
    func threshold() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [3000])
        machine.run(10, ownerWants: 0)
        var governor = machine.governor
        let directives = governor.reconfigure(
            .init(capacity: Amounts(cpu: 4000), threshold: Amounts(cpu: 500)))
        #expect(directives.first == .setCeiling(LeaseID(high: 1, low: 0), 500))
    }

    @Test("A lease that was cut before a restart begins where it was")
    func restarted() {
        var governor = Governor(.init(capacity: Amounts(cpu: 4000), threshold: Amounts(cpu: 3200)))
        let lease = LeaseID(high: 1, low: 1)
        #expect(governor.open(lease, limit: 1000, at: 40) == [.setCeiling(lease, 40)])
        #expect(governor.rung(of: lease) == .throttled)
    }

    @Test("Memory beyond the threshold is told, and its end, but takes nothing from guests")
    func memory() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        for _ in 0..<10 { machine.tick(ownerWants: 0, memory: .gibibytes(5)) }
        for _ in 0..<10 { machine.tick(ownerWants: 0) }
        #expect(
            machine.directives.dropFirst().flatMap { $0 } == [.memoryShort(excess: .gibibytes(1)), .memoryShort(excess: .zero)])
        #expect(machine.ceilings == 1000)
    }
}

@Suite("The meter")
struct MeterTests {
    @Test("Short ticks add up to what one long one gives, to the last MiB-second")
    func remainder() {
        var short = Meter()
        var long = Meter()
        for _ in 0..<3600 { short.add(cpu: 7, memory: .mebibytes(3), for: .milliseconds(200), isBelowFloor: false) }
        long.add(cpu: 7 * 3600, memory: .mebibytes(3), for: .seconds(720), isBelowFloor: false)
        #expect(short == long)
        #expect(short.billable == Usage(cpu: 25_200, memory: 2160))
    }

    @Test("What is consumed while throttled below the floor is measured but not billed")
    func throttled() {
        var meter = Meter()
        meter.add(cpu: 100, memory: .mebibytes(10), for: .seconds(1), isBelowFloor: false)
        meter.add(cpu: 50, memory: .mebibytes(10), for: .seconds(2), isBelowFloor: true)
        #expect(meter.measured == Usage(cpu: 150, memory: 30))
        #expect(meter.billable == Usage(cpu: 100, memory: 10))
        #expect(meter.throttled == .seconds(2))
    }
}
