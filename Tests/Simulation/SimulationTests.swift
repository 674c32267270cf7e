import Resources
import Testing
import Trading

@testable import Simulation

@Suite("Simulation")
struct SimulationTests {
    private func scenario(nodes: Int, busyFor: Microseconds = .minutes(2)) -> Scenario {
        var scenario = Scenario(nodes: nodes)
        scenario.busyFor = busyFor
        return scenario
    }

    @Test("The same seed gives the same run")
    func repeatable() {
        let results = (0..<2).map { _ in Simulator.run(scenario(nodes: 4), seed: 17, keepsTranscript: true) }
        #expect(results[0].hash == results[1].hash)
        #expect(results[0].counts == results[1].counts)
        #expect(results[0].transcript?.lines == results[1].transcript?.lines)
    }

    @Test("Keeping a transcript changes nothing, nor does giving the plan that would have been drawn")
    func transcript() {
        let plain = Simulator.run(scenario(nodes: 3), seed: 5)
        #expect(Simulator.run(scenario(nodes: 3), seed: 5, keepsTranscript: true).hash == plain.hash)
        #expect(Simulator.run(scenario(nodes: 3), seed: 5, plan: plain.plan).hash == plain.hash)
    }

    @Test("Other seeds give other runs")
    func different() {
        let hashes = (1...8 as ClosedRange<UInt64>).map {
            Simulator.run(scenario(nodes: 3, busyFor: .seconds(30)), seed: $0).hash
        }
        #expect(Set(hashes).count == hashes.count)
    }

    @Test("Whatever goes wrong, all rules hold", arguments: 1...30 as ClosedRange<UInt64>)
    func rules(_ seed: UInt64) {
        let result = Simulator.run(scenario(nodes: 5), seed: seed)
        #expect(result.violations.map(\.text) == [])
        // A run in which nothing happens would hold every rule.
        #expect(result.counts.leases > 0 && result.counts.lost > 0)
    }

    @Test("Pools trade and fail enough for the rules to be tried")
    func busy() {
        let counts = (1...3 as ClosedRange<UInt64>).map { Simulator.run(Scenario(nodes: 6), seed: $0).counts }
        #expect(counts.allSatisfy { $0.crashes > 3 && $0.leases > 20 && $0.replays > 20 && $0.traded > .zero })
        #expect(counts.allSatisfy { $0.promises > 0 } && counts.contains { $0.groups > 0 })
        #expect(counts.allSatisfy { $0.disks > 0 } && counts.contains { $0.swaps > 0 })
        #expect(counts.contains { $0.decays > 0 })
        #expect(counts.contains { $0.swaps > 0 } && counts.contains { $0.disputes > 0 && $0.resolved > 0 })
    }

    @Test("Forty seeds come through nearly everything that there is, and through nothing else")
    func coverage() {
        var coverage = Coverage()
        for seed in 1...40 as ClosedRange<UInt64> { coverage.add(Simulator.run(Scenario(nodes: 5), seed: seed).coverage) }
        #expect(coverage.missing.count * 10 < Coverage.total, "\(coverage.missing)")
        #expect(Fault.Word.allCases.allSatisfy { coverage.faults[$0.rawValue] ?? 0 > 0 })
        #expect(Set(coverage.transitions.keys).subtracting(Coverage.allTransitions) == [])
        // Ledgers that nobody changed differ for those alone who listen to forgers.
        let rare = ReconciliationMessage.rareNames
        #expect(Set(coverage.messages.keys).subtracting(Coverage.allMessages + rare) == [])
    }

    /// A disk that says too early that it has written: nobody can bear that.
    private var lyingDisk: Scenario {
        var scenario = scenario(nodes: 5)
        scenario.unwritten = .percent(90)
        scenario.crashEvery = .seconds(10)
        return scenario
    }

    @Test("A disk that forgets what it acknowledged is found out within a few seeds")
    func forgetful() {
        let violations = (1...10 as ClosedRange<UInt64>).flatMap { Simulator.run(lyingDisk, seed: $0).violations }
        #expect(violations.contains { $0.rule == "nothing acknowledged is forgotten" })
    }

    @Test("What breaks a rule is reduced to few faults, each of which is needed")
    func shrinking() throws {
        let scenario = lyingDisk
        let broken = try #require(
            (1...10 as ClosedRange<UInt64>).lazy.map { Simulator.run(scenario, seed: $0) }.first { !$0.violations.isEmpty })
        var shrinker = try #require(Shrinker(scenario, breaking: broken))
        shrinker.shrink()
        let faults = shrinker.plan.faults
        #expect(!faults.isEmpty && faults.count < broken.plan.faults.count)
        func rule(_ faults: [Fault]) -> String? {
            Simulator.run(scenario, seed: broken.seed, plan: FaultPlan(faults)).violations.first?.rule
        }
        #expect(rule(faults) == shrinker.rule)
        for index in faults.indices {
            var fewer = faults
            fewer.remove(at: index)
            #expect(rule(fewer) != shrinker.rule, "\(faults[index].text) is not needed")
        }
        #expect(Shrinker(scenario, breaking: Simulator.run(Scenario(nodes: 2), seed: 1, plan: FaultPlan())) == nil)
    }
}
