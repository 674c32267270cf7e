import Foundation
import Resources
import Simulation
import Testing

@testable import surplus_sim

@Suite("Netting of whole pools")
struct NettingReportTests {
    private static let outcome = NettingOutcome(RandomDebts(nodes: 100, peers: 32, seed: 3).draw(), longest: 6)

    @Test("Of the debts of a random pool of 200 at least a quarter goes, and nobody's position changes")
    func goal() {
        let outcome = NettingOutcome(RandomDebts().draw(), longest: 6)
        #expect(outcome.isSound && outcome.nodes == 200 && outcome.debtsBefore > 5000)
        #expect(outcome.cut >= PartsPerMillion(250_000) && outcome.cut <= outcome.mostCut)
    }

    @Test(
        "Nodes that look for cycles themselves, and agree on them, come near to what a planner would do, without moving a position"
    )
    func agreed() throws {
        let debts = RandomDebts(nodes: 24, peers: 8).draw()
        let (outcome, planned) = (try NettingOutcome(agreedOn: debts), NettingOutcome(debts, longest: 6))
        #expect(outcome.isSound && outcome.grossBefore == planned.grossBefore && outcome.cut <= outcome.mostCut)
        #expect(outcome.cut.rawValue * 10 >= planned.cut.rawValue * 8, "\(outcome.cut) of \(planned.cut)")
        #expect(outcome.cycles.values.reduce(0, +) > 0)
    }

    @Test("So it is with what members of an economy owe each other")
    func economy() {
        let result = Economy.run(EconomyPlan(nodes: 40, days: 20))
        let outcome = NettingOutcome(result.debts, longest: 6)
        #expect(outcome.isSound && outcome.debtsBefore > 40 && outcome.grossAfter < outcome.grossBefore)
    }

    @Test("The same seed draws the same debts, another one others")
    func deterministic() {
        #expect(RandomDebts(nodes: 100).draw() == RandomDebts(nodes: 100).draw())
        #expect(RandomDebts(nodes: 100).draw() != RandomDebts(nodes: 100, seed: 2).draw())
        #expect(RandomDebts(nodes: 100).draw() != RandomDebts(nodes: 100, leaning: 50).draw())
    }

    @Test("The names in JSON are those that scripts rely on")
    func names() throws {
        struct Document: Decodable {
            struct Cycles: Decodable { let members, count: Int }
            struct Pool: Decodable {
                let debts: String
                let debtors, debtsBefore, debtsAfter, grossBeforeMicrocredits, grossAfterMicrocredits, leastMicrocredits: Int
                let cutPercent, mostCutPercent: Double
                let cycles: [Cycles]
                let sound: Bool
            }
            let schema, nodes, peers, longest, days: Int
            let agents: Bool
            let pools: [Pool]
        }
        let report = NettingReport(
            nodes: 100, peers: 32, longest: 6, days: 0, pools: [.init("random", seed: 3, Self.outcome)])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let document = try decoder.decode(Document.self, from: Data(try Console.json(report).utf8))
        let pool = try #require(document.pools.first)
        #expect(!document.agents && document.schema == 1 && pool.debts == "random" && pool.sound && pool.debtors == 100)
        #expect(pool.grossAfterMicrocredits < pool.grossBeforeMicrocredits && pool.cutPercent <= pool.mostCutPercent)
        #expect(pool.cycles.map(\.members).first == 3)
        #expect(report.text.contains("random, seed 3") && report.text.contains("goal of 25.00%"))
    }

    @Test(
        "What is out of range is a usage error that names the option",
        arguments: [
            (["--nodes", "99"], "--nodes takes 100"), (["--peers", "1"], "--peers takes 2"), (["--pools", "0"], "--pools"),
            (["--longest", "7"], "--longest takes 3 to 6"), (["--days", "-1"], "--days"),
            (["--agents", "--longest", "4"], "--longest is for"),
        ])
    func usage(words: [String], fault: String) throws {
        let error = try #require(throws: (any Error).self) { try NettingCommand.parse(words) }
        #expect(NettingCommand.exitCode(for: error) == .validationFailure)
        #expect(NettingCommand.message(for: error).contains(fault), "\(NettingCommand.message(for: error))")
    }
}
