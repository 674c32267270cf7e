import Resources
import Testing

@testable import Reclaim

@Suite("Steps on the ladder")
struct LadderTests {
    @Test("A cut is told once, with its reason and readings, and so is the return")
    func told() throws {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        machine.run(20, ownerWants: 3000)
        machine.run(200, ownerWants: 0)
        let moves = machine.directives.flatMap { $0 }.moves
        #expect(moves.map(\.to) == [.throttled, .shaped])
        let cut = try #require(moves.first)
        #expect(cut.reason.contains("3 of 5"))
        #expect(cut.evidence.threshold.cpu == 3200)
        #expect(cut.evidence.owner.cpu + cut.evidence.guests.cpu > 3200)
        #expect(cut.evidence.before > cut.evidence.after)
    }

    @Test(
        "A lease that is to end stays so; where ends are not carried out it begins anew once there is room, and is told of again",
        arguments: [true, false])
    func spared(endsLeases: Bool) {
        let lease = PlayedMachine.lease(0)
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000]) { $0.endsLeases = endsLeases }
        machine.memory[lease] = .gibibytes(1)
        func ends(_ machine: PlayedMachine) -> Int {
            machine.directives.joined().count { if case .end = $0 { true } else { false } }
        }
        machine.run(30, ownerWants: 0, memory: .mebibytes(2500))
        #expect(machine.enforcer.rung(of: lease) == .ending && ends(machine) == 1)
        machine.run(400, ownerWants: 0)
        #expect(machine.enforcer.rung(of: lease) == (endsLeases ? .ending : .shaped))
        machine.run(30, ownerWants: 0, memory: .mebibytes(2500))
        #expect(machine.enforcer.rung(of: lease) == .ending)
        #expect(ends(machine) == (endsLeases ? 1 : 2))
    }

    @Test("A new lease takes room from those that are there, not from the owner")
    func another() {
        var machine = PlayedMachine(capacity: 4000, threshold: 2000, leases: [2000])
        machine.run(10, ownerWants: 0)
        machine.open(PlayedMachine.lease(9), 2000)
        #expect(machine.ceilings <= 2000)
        #expect(machine.enforcer.ceiling(of: PlayedMachine.lease(9)) == 1000)
    }

    @Test("A lease that is shrunk or grown keeps what was cut from it cut")
    func changed() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        machine.run(20, ownerWants: 3190)
        let lease = PlayedMachine.lease(0)
        machine.open(lease, 800)
        #expect(machine.enforcer.ceiling(of: lease) == 10)
        machine.run(100, ownerWants: 0)
        #expect(machine.enforcer.ceiling(of: lease) == 800)
        machine.open(lease, 1200)
        #expect(machine.enforcer.ceiling(of: lease) == 1200)
    }

    @Test("A lower threshold is obeyed at once")
    func threshold() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [3000])
        machine.run(10, ownerWants: 0)
        machine.reconfigure { $0.thresholds.standard.cpu = 500 }
        #expect(machine.directives.last?.first == .setCeiling(PlayedMachine.lease(0), 500))
    }

    @Test("Another threshold holds in its part of the week, also across the turn of the week")
    func periods() {
        let week = Thresholds.minutesOfWeek
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [3000]) {
            $0.thresholds.periods = [.init(from: week - 60, until: 60, cpu: 1000)]
        }
        machine.tick(ownerWants: 0, minute: 100)
        #expect(machine.ceilings == 3000)
        for minute in [week - 60, week - 1, 0, 59] {
            for _ in 0..<5 { machine.tick(ownerWants: 0, minute: minute) }
            #expect(machine.ceilings == 1000, "minute \(minute)")
        }
        for _ in 0..<200 { machine.tick(ownerWants: 0, minute: 60) }
        #expect(machine.ceilings == 3000)
    }

    @Test("How long the owner's work may wait is the owner's to say, also by the time of the week, and may be all of it")
    func tolerance() {
        var machine = PlayedMachine(capacity: 4000, threshold: 4000, leases: [1000]) {
            $0.thresholds.pressure.cpu = .whole
            $0.thresholds.periods = [.init(from: 60, until: 120, pressure: Pressure(cpu: .percent(20), memory: nil, disk: nil))]
        }
        machine.pressure.cpu = .percent(100)
        machine.run(50, ownerWants: 0)
        #expect(machine.ceilings == 1000, "nothing waits longer than all the time")
        machine.pressure.cpu = .percent(21)
        for _ in 0..<5 { machine.tick(ownerWants: 0, minute: 90) }
        #expect(machine.ceilings == 500)
        #expect(machine.enforcer.tolerance == Pressure(cpu: .percent(20), memory: .percent(10), disk: .percent(30)))
    }

    @Test("A cool-down goes on after a restart, and never for longer than a whole one")
    func resumedCoolDown() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        machine.run(1, ownerWants: 0)
        var enforcer = machine.enforcer
        enforcer.resume(coolDown: .seconds(-1), at: machine.now)
        #expect(enforcer.coolDown(at: machine.now) == .zero)
        enforcer.resume(coolDown: .seconds(20), at: machine.now)
        #expect(enforcer.coolDown(at: machine.now) == .seconds(20))
        enforcer.resume(coolDown: .hours(20), at: machine.now)
        #expect(enforcer.coolDown(at: machine.now) == .seconds(60))
    }

    @Test("A lease that was cut or frozen before a restart begins where it was")
    func restarted() {
        var enforcer = Enforcer(
            .init(capacity: Amounts(cpu: 4000), thresholds: Thresholds(Amounts(cpu: 3200))))
        let (cut, frozen) = (PlayedMachine.lease(1), PlayedMachine.lease(2))
        let now = Instant(microseconds: 0)
        #expect(enforcer.open(cut, limit: 1000, cut: 40, at: now) == [.setCeiling(cut, 40)])
        #expect(enforcer.rung(of: cut) == .throttled)
        let directives = enforcer.open(frozen, limit: 1000, cut: 10, frozenFor: .cpu, at: now)
        #expect(directives == [.setCeiling(frozen, 10), .setFrozen(frozen, true)])
        #expect(enforcer.rung(of: frozen) == .frozen)
    }

    @Test(
        "An owner who comes and goes moves a lease six times a minute at most",
        arguments: [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 110, 135, 146, 180, 233])
    func flapping(halfPeriod: Int) {
        for wanted: Millicores in [3000, 4000] {
            var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000, 1000])
            for tick in 0..<1500 { machine.tick(ownerWants: (tick / halfPeriod).isMultiple(of: 2) ? wanted : 0) }
            for lease in machine.enforcer.leases {
                let moved = machine.directives.enumerated().flatMap { tick, directives in
                    directives.moves.filter { $0.lease == lease }.map { _ in tick }
                }
                let most = moved.map { first in moved.count { $0 >= first && $0 < first + 300 } }.max() ?? 0
                #expect(most <= 6, "half a period of \(halfPeriod) ticks, \(wanted): \(moved)")
            }
        }
    }
}

@Suite("The upper rungs, for processing")
struct ProcessingEscalationTests {
    @Test(
        "Guests are frozen when the owner leaves less than they need at least, the youngest first, and only as many as it takes")
    func freeze() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [500, 500, 500, 500])
        machine.run(20, ownerWants: 3180)
        #expect(machine.frozen == [2, 3].reduce(into: Set()) { $0.insert(PlayedMachine.lease($1)) })
        #expect(machine.enforcer.rung(of: PlayedMachine.lease(1)) == .throttled)
        #expect(machine.enforcer.rung(of: PlayedMachine.lease(2)) == .frozen)
    }

    @Test("The youngest is the one that was opened last, whatever its borrower put into its id")
    func youngestByOpening() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [])
        for number in [3, 2, 1, 0] { machine.open(PlayedMachine.lease(number), 500) }
        machine.run(20, ownerWants: 3180)
        #expect(machine.frozen == [1, 0].reduce(into: Set()) { $0.insert(PlayedMachine.lease($1)) })
    }

    @Test("They go on when there is room again, one a second, the oldest first, and not before they rested")
    func thaw() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [500, 500])
        machine.run(20, ownerWants: 4000)
        #expect(machine.frozen.count == 2)
        machine.run(120, ownerWants: 0)
        #expect(machine.frozen.count == 2, "frozen less than 30 seconds ago")
        var order: [LeaseID] = []
        for _ in 0..<50 {
            let before = machine.frozen
            machine.tick(ownerWants: 0)
            order += before.subtracting(machine.frozen)
        }
        #expect(order == [PlayedMachine.lease(0), PlayedMachine.lease(1)])
        machine.run(100, ownerWants: 0)
        #expect(machine.ceilings == 1000)
    }

    @Test("The oldest goes on first, whatever its borrower put into its id")
    func oldestByOpening() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [])
        for number in [1, 0] { machine.open(PlayedMachine.lease(number), 500) }
        machine.run(20, ownerWants: 4000)
        #expect(machine.frozen.count == 2)
        while machine.frozen.count == 2 { machine.tick(ownerWants: 0) }
        #expect(machine.frozen == [PlayedMachine.lease(0)])
    }

    @Test("Guests that do not keep to their ceilings, as where none can be set, are frozen")
    func withoutCeilings() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000, 1000])
        machine.hasCeilings = false
        machine.run(15, ownerWants: 2000)
        #expect(machine.frozen == [PlayedMachine.lease(1)])
        #expect(machine.owner + machine.guestUsage <= 3200)
    }

    @Test("Leases are ended only after long patience, after their notice, never all at once, and can still save what they have")
    func end() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [500, 500, 500, 500])
        machine.run(1400, ownerWants: 4000)
        #expect(machine.ended.isEmpty)
        machine.run(120, ownerWants: 4000)
        #expect(machine.ended == [PlayedMachine.lease(3): false, PlayedMachine.lease(2): false])
        #expect(machine.enforcer.rung(of: PlayedMachine.lease(3)) == .ending)
        #expect(!machine.frozen.contains(PlayedMachine.lease(3)))
        #expect(machine.enforcer.ceiling(of: PlayedMachine.lease(3)) == 10)
    }

    @Test("Nothing is offered while guests are frozen, and for a minute after the last of them goes on")
    func coolDown() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [500])
        machine.run(5, ownerWants: 0)
        #expect(machine.enforcer.coolDown(at: machine.now) == .zero)
        machine.run(50, ownerWants: 4000)
        #expect(machine.enforcer.coolDown(at: machine.now) == .seconds(60))
        // neither room enough to go on, nor too little
        machine.run(600, ownerWants: 3100)
        #expect(!machine.frozen.isEmpty && machine.enforcer.coolDown(at: machine.now) == .seconds(60))
        while !machine.frozen.isEmpty { machine.tick(ownerWants: 0) }
        machine.run(295, ownerWants: 0)
        #expect(machine.enforcer.coolDown(at: machine.now) > .zero)
        machine.run(10, ownerWants: 0)
        #expect(machine.enforcer.coolDown(at: machine.now) == .zero)
    }

    @Test("An owner whose work waits for processors gets half of what guests have, again and again")
    func pressure() {
        var machine = PlayedMachine(capacity: 4000, threshold: 4000, leases: [1000])
        machine.run(10, ownerWants: 0)
        machine.pressure.cpu = .percent(60)
        machine.run(3, ownerWants: 0)
        #expect(machine.ceilings == 500)
        machine.run(3, ownerWants: 0)
        #expect(machine.ceilings == 250)
        machine.pressure.cpu = .percent(40)
        machine.run(100, ownerWants: 0)
        #expect(machine.ceilings == 1000)
    }
}

@Suite("The ladder, for memory")
struct MemoryLadderTests {
    private func machine(holding each: Bytes, leases: Int) -> PlayedMachine {
        var machine = PlayedMachine(
            capacity: 4000, threshold: 4000, leases: [Millicores](repeating: 100, count: leases))
        for number in 0..<leases { machine.memory[PlayedMachine.lease(number)] = each }
        machine.run(10, ownerWants: 0)
        return machine
    }

    @Test("Beyond the threshold guests are first kept from growing")
    func brake() {
        var machine = machine(holding: .mebibytes(100), leases: 2)
        machine.run(2, ownerWants: 0, memory: .gibibytes(3))
        #expect(machine.brakes.isEmpty, "a burst of two ticks moves nothing")
        machine.run(2, ownerWants: 0, memory: .gibibytes(3))
        #expect(machine.brakes == [PlayedMachine.lease(0): .mebibytes(100), PlayedMachine.lease(1): .mebibytes(100)])
        #expect(machine.enforcer.rung(of: PlayedMachine.lease(0)) == .throttled)
        #expect(machine.enforcer.memoryShortage == .mebibytes(200))
        machine.run(200, ownerWants: 0)
        #expect(machine.enforcer.rung(of: PlayedMachine.lease(0)) == .shaped)
        #expect(machine.directives.flatMap { $0 }.contains(.setMemoryBrake(PlayedMachine.lease(0), nil)))
    }

    @Test("Then the youngest that hold what is too much are frozen, and ended after their notice when that does not help")
    func freezeAndEnd() {
        var machine = machine(holding: .mebibytes(100), leases: 4)
        let owner = Bytes.gibibytes(3) - .mebibytes(250)
        machine.run(9, ownerWants: 0, memory: owner)
        #expect(machine.frozen == [PlayedMachine.lease(3), PlayedMachine.lease(2)])
        #expect(machine.ended.isEmpty)
        machine.run(12, ownerWants: 0, memory: owner)
        #expect(machine.ended == [PlayedMachine.lease(3): false, PlayedMachine.lease(2): false])
        machine.run(100, ownerWants: 0, memory: owner)
        #expect(machine.ended.count == 2, "what ends will be enough")
        for number in [2, 3] {
            let lease = PlayedMachine.lease(number)
            #expect(!machine.frozen.contains(lease))
            #expect(machine.enforcer.ceiling(of: lease) == 10, "to save what it has, however much room there is")
        }
        for number in [2, 3] { machine.close(PlayedMachine.lease(number)) }
        machine.run(100, ownerWants: 0, memory: owner)
        #expect(machine.ended.count == 2)
    }

    @Test(
        "When next to nothing can be had, all are stopped on the spot and the youngest end without notice, half of them at most")
    func critical() {
        var machine = machine(holding: .mebibytes(100), leases: 4)
        machine.available = .mebibytes(10)
        machine.tick(ownerWants: 0, memory: .gibibytes(3))
        #expect(machine.frozen.count == 4)
        #expect(machine.ended == [PlayedMachine.lease(3): true])
        machine.available = .zero
        machine.run(25, ownerWants: 0, memory: .gibibytes(3))
        #expect(machine.ended.count <= 2)
    }

    @Test("What was given notice ends at once when the memory runs out meanwhile")
    func hurried() {
        var machine = machine(holding: .mebibytes(100), leases: 2)
        machine.run(21, ownerWants: 0, memory: .gibibytes(3) - .mebibytes(150))
        #expect(machine.ended == [PlayedMachine.lease(1): false])
        machine.available = .zero
        machine.run(30, ownerWants: 0, memory: .gibibytes(3) - .mebibytes(150))
        #expect(machine.ended[PlayedMachine.lease(1)] == true)
    }

    @Test("An owner whose work waits for memory is helped also below the threshold")
    func pressure() {
        var machine = machine(holding: .mebibytes(100), leases: 3)
        machine.pressure.memory = .percent(20)
        machine.run(5, ownerWants: 0)
        #expect(machine.frozen == [PlayedMachine.lease(2), PlayedMachine.lease(1), PlayedMachine.lease(0)])
    }
}

@Suite("The ladder, for disks")
struct DiskLadderTests {
    private func machine() -> PlayedMachine {
        var machine = PlayedMachine(capacity: 4000, threshold: 4000, leases: [100, 100])
        for number in 0..<2 { machine.diskRates[PlayedMachine.lease(number)] = .mebibytes(100) }
        machine.run(10, ownerWants: 0)
        return machine
    }

    @Test("Guests get half of what they moved while the owner waits, down to the least, and then are frozen")
    func halved() {
        var machine = machine()
        machine.pressure.disk = .percent(50)
        machine.run(3, ownerWants: 0)
        #expect(machine.diskLimit == .mebibytes(50))
        machine.run(5, ownerWants: 0)
        #expect(machine.diskLimit == .mebibytes(25))
        machine.run(80, ownerWants: 0)
        #expect(machine.diskLimit == Bytes(128 << 10))
        #expect(!machine.frozen.isEmpty)
    }

    @Test("A step names what the owner waited, how long it may, what guests moved and what memory could be had")
    func evidence() throws {
        var machine = machine()
        (machine.pressure, machine.available) = (Pressure(cpu: 7, memory: nil, disk: .percent(50)), .gibibytes(1))
        machine.run(3, ownerWants: 0)
        let evidence = try #require(
            machine.directives.last?.compactMap { if case .moved(let change) = $0 { change.evidence } else { nil } }.first)
        #expect(evidence.pressure == Pressure(cpu: 7, memory: nil, disk: .percent(50)))
        #expect(evidence.tolerance == Thresholds.usualPressure)
        #expect(evidence.diskRate == .mebibytes(200))
        #expect(evidence.available == .gibibytes(1))
        let unseen = Readings(owner: .zero, guests: [GuestReading(lease: PlayedMachine.lease(0), usage: .zero)])
        #expect(unseen.diskRate == nil, "what was not looked at is not zero")
    }

    @Test("They get a tenth more each second once it does not, until nothing holds them any more")
    func raised() {
        var machine = machine()
        machine.pressure.disk = .percent(50)
        machine.run(3, ownerWants: 0)
        machine.pressure.disk = .zero
        for number in 0..<2 { machine.diskRates[PlayedMachine.lease(number)] = .mebibytes(1) }
        machine.run(300, ownerWants: 0)
        #expect(machine.diskLimit == nil)
        #expect(machine.enforcer.rung(of: PlayedMachine.lease(0)) == .shaped)
    }

    @Test("Guests that move nothing are left alone")
    func innocent() {
        var machine = machine()
        machine.diskRates = [:]
        machine.run(5, ownerWants: 0)
        machine.pressure.disk = .percent(100)
        machine.run(50, ownerWants: 0)
        #expect(machine.diskLimit == nil)
        #expect(machine.frozen.isEmpty)
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
