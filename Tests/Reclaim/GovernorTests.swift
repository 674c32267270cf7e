import Resources
import TestKit
import Testing

@testable import Reclaim

@Suite("The governor")
struct GovernorTests {
    @Test("Gives every lease its full amount while the owner leaves room")
    func full() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000, 2000])
        machine.run(50, ownerWants: 100)
        #expect(machine.enforcer.leases.map { machine.enforcer.ceiling(of: $0) } == [1000, 2000])
        #expect(machine.directives.flatMap { $0 }.moves.isEmpty)
    }

    @Test("Relieves an owner who suddenly wants everything within three ticks")
    func relief() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000, 2000])
        machine.run(20, ownerWants: 0)
        machine.run(2, ownerWants: 4000)
        #expect(machine.ceilings == 3000, "a burst of two ticks moves nothing")
        machine.tick(ownerWants: 4000)
        #expect(machine.ceilings + machine.owner <= 3200)
        machine.run(4, ownerWants: 4000)
        #expect(machine.ceilings <= 20, "the owner has all but what keeps the jobs alive")
        machine.run(3, ownerWants: 4000)
        #expect(machine.ceilings == 0, "the owner has all")
    }

    @Test("A burst of two ticks in five moves nothing", arguments: 0..<5)
    func burst(offset: Int) {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        for tick in 0..<500 { machine.tick(ownerWants: [0, 1].contains((tick + offset) % 5) ? 4000 : 0) }
        #expect(machine.ceilings == 1000)
        #expect(machine.directives.dropFirst().allSatisfy { $0.isEmpty })
    }

    @Test("Gives back slowly: a tenth of the lease a second, and not before the owner was quiet for a whole window")
    func slowly() {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [1000])
        machine.run(20, ownerWants: 3190)
        #expect(machine.ceilings == 10)
        machine.run(4, ownerWants: 0)
        #expect(machine.ceilings == 10)
        var last = machine.ceilings
        var seconds = 0
        while machine.ceilings < 1000, seconds < 30 {
            machine.run(5, ownerWants: 0)
            seconds += 1
            #expect(machine.ceilings - last <= 100)
            last = machine.ceilings
        }
        #expect((9...12).contains(seconds))
    }

    @Test("Steady load does not make ceilings move", arguments: (0...32).map { Int64($0) * 125 })
    func steady(wanted: Int64) {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [500, 1000, 1500])
        machine.run(200, ownerWants: Millicores(wanted))
        let settled = machine.ceilings
        let before = machine.directives.count
        machine.run(500, ownerWants: Millicores(wanted))
        #expect(machine.ceilings == settled)
        #expect(machine.directives[before...].flatMap { $0 } == [])
    }

    @Test("An owner who comes and goes every second or faster keeps guests where they were cut to", arguments: 1...5)
    func flapping(halfPeriod: Int) {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [3000])
        for tick in 0..<1000 {
            machine.tick(ownerWants: (tick / halfPeriod).isMultiple(of: 2) ? 4000 : 0)
        }
        #expect(machine.directives[50...].allSatisfy { $0.isEmpty })
    }

    @Test("An owner who comes and goes more slowly loses a tenth of a lease for each second away", arguments: 6...30)
    func coming(halfPeriod: Int) {
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [3000])
        machine.run(20, ownerWants: 4000)
        for tick in 0..<1000 {
            machine.tick(ownerWants: (tick / halfPeriod).isMultiple(of: 2) ? 0 : 4000)
            #expect(machine.ceilings <= 10 + Millicores(Int64(halfPeriod / 5 + 1) * 300))
        }
    }

    @Test("Small noise in the owner's load does not move ceilings up and down")
    func noise() {
        var random = SeededGenerator(seed: 7)
        var machine = PlayedMachine(capacity: 4000, threshold: 3200, leases: [2500])
        for _ in 0..<100 { machine.tick(ownerWants: 1500 + Millicores(Int64.random(in: -80...80, using: &random))) }
        var raised = 0
        var last = machine.ceilings
        for _ in 0..<2000 {
            machine.tick(ownerWants: 1500 + Millicores(Int64.random(in: -80...80, using: &random)))
            if machine.ceilings > last { raised += 1 }
            last = machine.ceilings
        }
        #expect(raised == 0)
        #expect(machine.ceilings >= 3200 - 1580 - 200)
    }
}

@Suite("What always holds of the governor")
struct GovernorBounds {
    @Test("Whatever the owner does, ceilings stay within lease, threshold and minimum", arguments: 0..<50)
    func bounds(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limits = (0..<Int.random(in: 1...8, using: &random)).map { _ in Millicores(.random(in: 5...2000, using: &random)) }
        var machine = PlayedMachine(
            capacity: 8000, threshold: Millicores(.random(in: 1000...8000, using: &random)), leases: limits)
        var wanted: Millicores = .zero
        for _ in 0..<400 {
            if random.chance(.percent(20)) { wanted = Millicores(.random(in: 0...8000, using: &random)) }
            if random.chance(.percent(2)) { machine.open(LeaseID(high: 2, low: random.next()), 500) }
            machine.tick(ownerWants: wanted)
            for (lease, limit) in machine.leases {
                guard let ceiling = machine.enforcer.ceiling(of: lease) else { continue }
                #expect(ceiling <= limit)
                #expect(ceiling >= min(limit, 10))
            }
            let least = machine.leases.values.reduce(Millicores.zero) { $0 + min($1, 10) }
            #expect(machine.ceilings <= max(machine.threshold, least))
        }
    }

    @Test("The owner who stays is relieved whatever came before", arguments: 0..<50)
    func relieved(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = PlayedMachine(capacity: 4000, threshold: 3000, leases: [1500, 1500])
        for _ in 0..<200 { machine.tick(ownerWants: Millicores(.random(in: 0...4000, using: &random))) }
        machine.run(3, ownerWants: 4000)
        #expect(machine.ceilings + machine.owner <= 3000 || machine.ceilings <= 20)
    }

    @Test("What is cut is cut in proportion to the leases")
    func proportional() {
        let leases = (0..<4).map { LeaseID(high: 1, low: UInt64($0)) }
        let limits = Dictionary(uniqueKeysWithValues: zip(leases, [Millicores(100), 200, 300, 400]))  // 1000 in all
        let shares = Governor.share(500, among: limits, minimum: 10)
        #expect(leases.map { shares[$0] } == [53, 101, 148, 196])
    }
}
