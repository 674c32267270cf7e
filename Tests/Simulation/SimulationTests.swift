import Resources
import Simulation
import Testing

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
        #expect(results[0].transcript == results[1].transcript)
    }

    @Test("Keeping a transcript changes nothing")
    func transcript() {
        let (with, without) = (true, false)
        #expect(
            Simulator.run(scenario(nodes: 3), seed: 5, keepsTranscript: with).hash
                == Simulator.run(scenario(nodes: 3), seed: 5, keepsTranscript: without).hash)
    }

    @Test("Other seeds give other runs")
    func different() {
        let hashes = (1...8 as ClosedRange<UInt64>).map {
            Simulator.run(scenario(nodes: 3, busyFor: .seconds(30)), seed: $0).hash
        }
        #expect(Set(hashes).count == hashes.count)
    }

    @Test("Under loss, repetition, delay and crashes all rules hold", arguments: 1...30 as ClosedRange<UInt64>)
    func rules(_ seed: UInt64) {
        let result = Simulator.run(scenario(nodes: 5), seed: seed)
        #expect(result.violations.isEmpty)
        // A run in which nothing happens would hold every rule.
        #expect(result.counts.leases > 0 && result.counts.lost > 0)
    }

    @Test("Pools trade and fail enough for the rules to be tried")
    func busy() {
        let counts = Simulator.run(Scenario(nodes: 5), seed: 1).counts
        #expect(counts.crashes > 3 && counts.leases > 20 && counts.replays > 20 && counts.traded > .zero)
        #expect(counts.promises > 3 && counts.groups > 0)
    }

    @Test("A disk that forgets what it acknowledged is found out within a few seeds")
    func lyingDisk() {
        var scenario = scenario(nodes: 5)
        scenario.unwritten = .percent(90)
        scenario.crashEvery = .seconds(10)
        let violations = (1...10 as ClosedRange<UInt64>).flatMap { Simulator.run(scenario, seed: $0).violations }
        #expect(violations.contains { $0.hasPrefix("nothing acknowledged is forgotten") })
    }
}
