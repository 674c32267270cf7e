import Policy
import Resources
import Testing

@Suite("Gates")
struct GateTests {
    private func gate(_ when: String, until: String? = nil) throws -> Gate {
        Gate(ReleaseRule(when: try ConditionParser.parse(when), until: try until.map { try ConditionParser.parse($0) }))
    }

    private func readings(
        cpu: Int64? = nil, users: Int64? = nil, programs: Set<String> = [], day: Weekday = .monday, minute: Int = 0
    ) -> Surroundings {
        var readings = Surroundings(civil: CivilMinute(day: day, minute: minute), programs: programs)
        readings[.cpuUtilisation] = cpu.map { $0 * 100 }
        readings[.users] = users
        return readings
    }

    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    @Test("A gate opens when its condition holds and closes when it fails by more than a tenth")
    func margin() throws {
        var gate = try gate("cpu.utilisation < 30%")
        #expect(gate.state == .waiting)
        #expect(gate.observe(readings(cpu: 31), at: at(0)) && gate.state == .closed)
        #expect(gate.observe(readings(cpu: 29), at: at(1)) && gate.state == .open)
        #expect(!gate.observe(readings(cpu: 32), at: at(2)) && gate.state == .open)
        #expect(gate.observe(readings(cpu: 33), at: at(3)) && gate.state == .closed)
        #expect(!gate.observe(readings(cpu: 31), at: at(4)) && gate.state == .closed)
    }

    @Test("Between its two conditions a gate stays as it is; when both hold it closes")
    func hysteresis() throws {
        var gate = try gate("cpu.utilisation < 30%", until: "cpu.utilisation > 60%")
        _ = gate.observe(readings(cpu: 10), at: at(0))
        for (second, cpu) in zip(Int64(1)..., [40, 59, 60, 31] as [Int64]) {
            #expect(!gate.observe(readings(cpu: cpu), at: at(second)) && gate.state == .open)
        }
        #expect(gate.observe(readings(cpu: 61), at: at(9)) && gate.state == .closed)
        #expect(!gate.observe(readings(cpu: 45), at: at(10)) && gate.state == .closed)
        #expect(gate.observe(readings(cpu: 29), at: at(11)) && gate.state == .open)
        var both = try self.gate("cpu.utilisation < 30%", until: "users > 0")
        #expect(both.observe(readings(cpu: 1, users: 1), at: at(0)) && both.state == .closed)
    }

    @Test("What has to last must hold without a break")
    func lasting() throws {
        var gate = try gate("cpu.utilisation < 30% for 1m")
        _ = gate.observe(readings(cpu: 50), at: at(0))
        _ = gate.observe(readings(cpu: 10), at: at(10))
        #expect(!gate.observe(readings(cpu: 10), at: at(69)) && gate.state == .closed)
        #expect(gate.objection == "cpu.utilisation < 30% for 1 min asked, for 59 s so far")
        _ = gate.observe(readings(cpu: 40), at: at(70))
        _ = gate.observe(readings(cpu: 10), at: at(71))
        #expect(!gate.observe(readings(cpu: 10), at: at(130)) && gate.state == .closed)
        #expect(gate.observe(readings(cpu: 10), at: at(131)) && gate.state == .open)
    }

    @Test("A condition that has held ever since it is watched is not known yet, and nothing is stopped for that")
    func early() throws {
        var gate = try gate("cpu.utilisation < 30% for 5m and users = 0")
        #expect(!gate.observe(readings(cpu: 10, users: 0), at: at(0)) && gate.state == .waiting)
        #expect(!gate.observe(readings(cpu: 10, users: 0), at: at(200)) && gate.state == .waiting)
        var other = gate
        #expect(gate.observe(readings(cpu: 10, users: 0), at: at(300)) && gate.state == .open)
        #expect(other.observe(readings(cpu: 10, users: 1), at: at(201)) && other.state == .closed)
    }

    @Test("What the machine does not say closes a gate and is named")
    func blind() throws {
        var gate = try gate("users = 0 and cpu.utilisation < 30%")
        _ = gate.observe(readings(cpu: 1, users: 0), at: at(0))
        #expect(gate.observe(readings(cpu: 1), at: at(1)) && gate.state == .closed)
        #expect(gate.objection == "users = 0 asked, but this machine does not say")
    }

    @Test("The findings are the readings that decide, and no others")
    func findings() throws {
        var gate = try gate("cpu.utilisation < 30% and users = 0 and not running blender")
        _ = gate.observe(readings(cpu: 62, users: 0, programs: ["blender"]), at: at(0))
        #expect(
            gate.findings == [
                Finding(asked: "cpu.utilisation < 30%", found: "62%", truth: .fails),
                Finding(asked: "not running blender", found: "running", truth: .fails),
            ])
        _ = gate.observe(readings(cpu: 5, users: 0), at: at(1))
        #expect(gate.objection == nil)
        #expect(gate.findings.count == 3)
    }

    @Test("Windows follow the owner's clock, over midnight too")
    func windows() throws {
        var gate = try gate("between 22:00 and 06:00 on fridays")
        let times: [(Weekday, Int, Bool)] = [
            (.friday, 1319, false), (.friday, 1320, true), (.saturday, 0, true), (.saturday, 359, true), (.saturday, 360, false),
            (.saturday, 1320, false), (.friday, 100, false),
        ]
        for (index, (day, minute, isOpen)) in times.enumerated() {
            _ = gate.observe(readings(day: day, minute: minute), at: at(Int64(index)))
            #expect((gate.state == .open) == isOpen, "\(day) \(minute)")
        }
    }

    @Test("A clock that jumps changes windows at once and durations not at all")
    func clockJumps() throws {
        var gate = try gate("cpu.utilisation < 30% for 1m and not between 08:00 and 18:00")
        _ = gate.observe(readings(cpu: 1, minute: 0), at: at(0))
        _ = gate.observe(readings(cpu: 1, minute: 0), at: at(60))
        #expect(gate.state == .open)
        #expect(gate.observe(readings(cpu: 1, minute: 600), at: at(61)) && gate.state == .closed)
        #expect(gate.observe(readings(cpu: 1, minute: 0), at: at(62)) && gate.state == .open)
    }

    @Test("Conditions that both hold at some reading are found, and that reading with them")
    func overlap() throws {
        let when = try ConditionParser.parse("cpu.utilisation < 50% for 5m")
        let early = try ConditionParser.parse("cpu.utilisation > 30%")
        #expect(when.overlap(with: early)?.gauge == .cpuUtilisation)
        #expect(when.overlap(with: try ConditionParser.parse("cpu.utilisation >= 50%")) == nil)
        #expect(when.overlap(with: try ConditionParser.parse("users > 0")) == nil)
    }
}
