import Configuration
import Policy
import Reclaim
import Resources
import Sandbox
import Testing
import Wire

@testable import Agent

@Suite("The enforcer's steps in the story")
struct EnforcerStoryTests {
    private func keeper(_ pair: TestPair) -> GuestKeeper {
        GuestKeeper(house: pair.house, engine: pair.engine)
    }

    private func move(_ seconds: Int64, _ pair: TestPair) -> Move {
        let evidence = Evidence(owner: .zero, guests: .zero, threshold: .zero, before: 100, after: 10)
        let change = RungChange(
            lease: JobFixture.newID(), from: .throttled, to: .frozen, resource: .cpu, reason: "step \(seconds)",
            evidence: evidence)
        return Move(at: pair.engine.now.utc + .seconds(seconds), change: change, isDryRun: false)
    }

    @Test("A step is told with all readings behind it that are known, and with none that are not")
    func readings() async throws {
        let pair = try await TestPair()
        let keeper = keeper(pair)
        var full = move(60, pair)
        full.change.resource = .disk
        full.change.evidence = Evidence(
            owner: Amounts(cpu: 900, memory: .mebibytes(1)), guests: .zero, threshold: Amounts(cpu: 1000, memory: .mebibytes(2)),
            pressure: Pressure(cpu: nil, memory: 50, disk: .percent(40)),
            tolerance: Pressure(cpu: nil, memory: nil, disk: .percent(30)), diskRate: .mebibytes(3), available: .mebibytes(4),
            before: 100, after: 10)
        try keeper.catchUp(on: [])
        keeper.pass(on: .moved(full))
        keeper.pass(on: .moved(move(120, pair)))
        try await pair.house.store.commit([])
        let events = try pair.house.store.events(after: 0, limit: 1000).map(\.event).filter { $0.kind == "guest.frozen" }
        let told = events.map { Dictionary(uniqueKeysWithValues: $0.details.map { ($0.name, $0.value) }) }
        #expect(told.count == 2)
        #expect(told.first?["pressure"] == "memory 0.5%, disk 40%")
        #expect(told.first?["pressure_bound"] == "disk 30%")
        #expect(told.first?["guest_disk"] == "3 MiB/s")
        #expect(told.first?["memory_available"] == "4 MiB")
        #expect(told.last.map { Set($0.keys) } == ["resource", "owner_usage", "guest_usage", "threshold", "rung"])
        let sent = Surplus_V1_EnforcerMove(full)
        #expect(sent.guestDiskBytesPerSecond == 3 << 20 && sent.availableBytes == 4 << 20)
        #expect(sent.tolerance.diskBasisPoints == 3000 && !sent.tolerance.hasCpuBasisPoints)
        #expect(!Surplus_V1_EnforcerMove(move(1, pair)).hasAvailableBytes)
        await pair.stop()
    }

    @Test(
        "What a policy says of waiting and of the reserve is what the warden is told; what it says by default is the warden's own"
    )
    func policy() throws {
        let text = """
            name: a
            lend:
              cpu: {threshold: 80%, share: 75%, price: 1}
              memory: {threshold: 80%, share: 75%, price: 1}

            """
        func policy(_ more: String) throws -> WardenPolicy {
            let policy = try PolicyFile(bytes: Array((text + more).utf8), file: "p.yaml").policy
            return WardenPolicy(policy, of: Amounts(cpu: 4000, memory: .gibibytes(100)), owner: .everything)
        }
        let usual = try policy("")
        #expect(usual.thresholds.pressure == Thresholds.usualPressure)
        #expect(usual.reserve == Enforcer.Configuration.usualReserve.of(.gibibytes(100)))
        let own = try policy(
            "  pressure: {cpu: ignore, io: 5%, times: [{when: between 23:00 and 01:00 on sunday, memory: 20%}]}\n  reserve: 10%\n"
        )
        #expect(own.thresholds.pressure == Pressure(cpu: .whole, memory: .percent(10), disk: .percent(5)))
        #expect(own.reserve == .gibibytes(10))
        let late = Thresholds.minutesOfWeek - 60
        #expect(
            own.thresholds.periods == [
                .init(from: late, until: 60, pressure: Pressure(cpu: nil, memory: .percent(20), disk: nil))
            ])
    }

    private func told(_ pair: TestPair) async throws -> [String] {
        // what was told waits its turn
        try await pair.house.store.commit([])
        return try pair.house.store.events(after: 0, limit: 1000).filter { $0.event.kind == "guest.frozen" }
            .map { String($0.event.text.prefix(7)) }
    }

    @Test("Each is told once, over restarts of the agent, also one that was missed; none from before the node was here")
    func once() async throws {
        let pair = try await TestPair()
        let (before, heard, missed) = (move(-60, pair), move(60, pair), move(120, pair))
        let first = keeper(pair)
        first.pass(on: .moved(before))
        try first.catchUp(on: [before])
        first.pass(on: .moved(heard))
        #expect(try await told(pair) == ["step 60"])
        let second = keeper(pair)
        try second.catchUp(on: [before, heard, missed])
        second.pass(on: .moved(missed))
        #expect(try await told(pair) == ["step 60", "step 12"])
        #expect(second.lastMove(of: heard.change.lease) == heard)
        try second.catchUp(on: [before, heard, missed])
        #expect(try await told(pair).count == 2)
        await pair.stop()
    }
}
