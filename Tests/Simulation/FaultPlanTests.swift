import Configuration
import Foundation
import Resources
import Simulation
import Testing

@testable import surplus_sim

@Suite("Plans of faults")
struct FaultPlanTests {
    private func read(_ text: String, nodes: Int = 5) throws -> FaultPlan {
        let path = NSTemporaryDirectory() + "/surplus-plan-\(UUID()).yaml"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try FaultPlanFile.read(path, nodes: nodes)
    }

    @Test("A plan that is drawn is the same when it is written down and read again", arguments: 1...20 as ClosedRange<UInt64>)
    func written(seed: UInt64) throws {
        var scenario = Scenario(nodes: 5)
        scenario.busyFor = .seconds(100)
        let plan = Simulator.run(scenario, seed: seed).plan
        #expect(!plan.faults.isEmpty)
        #expect(try read(plan.text) == plan)
        #expect(try read(FaultPlan().text) == FaultPlan())
    }

    @Test("Faults are put in the order in which they begin")
    func order() throws {
        let plan = try read(
            """
            faults:
              - {at: 2 min, kind: hang, node: node2, for: 5s}
              - {at: 1 min, kind: clock, node: node1, behind: 1 h}
            """)
        #expect(plan.faults.map(\.word) == [.clock, .hang])
        #expect(plan.faults[0].kind == .clockStep(node: 0, by: -.hours(1)))
    }

    @Test(
        "What makes no sense is one error with its place",
        arguments: [
            ("faults: 3", "1:9"), ("faults:\n  - {at: 1s, kind: hang, node: node9, for: 1s}", "2:32"),
            ("faults:\n  - {at: 1s, kind: hang, node: node1}", "2:5"),
            ("faults:\n  - {at: 1s, kind: flood}", "2:20"),
            ("faults:\n  - {at: -1s, kind: hang, node: node1, for: 1s}", "2:10"),
            ("faults:\n  - {at: 1s, kind: crash, node: node1, down: 1s, for: 3s}", "2:55"),
            ("faults:\n  - {at: 1s, kind: partition, nodes: [], for: 3s}", "2:5"),
            ("faults:\n  - {at: 1s, kind: clock, node: node1, ahead: 1s, behind: 1s}", "2:5"),
            ("faults:\n  - {at: 1s, kind: weather, fastest: 3s, slowest: 1s, for: 1s}", "2:5"),
        ])
    func nonsense(text: String, place: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try read(text) }
        #expect(error.description.contains(".yaml:\(place): "), "\(error)")
    }
}
