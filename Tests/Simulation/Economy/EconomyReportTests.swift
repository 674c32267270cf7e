import Foundation
import Resources
import Simulation
import Testing

@testable import surplus_sim

@Suite("What is said of an economy")
struct EconomyReportTests {
    private static let report = EconomyReport(Economy.run(EconomyPlan(nodes: 20, days: 32)))

    @Test("The names in JSON are those that scripts rely on")
    func names() throws {
        struct Document: Decodable {
            struct Figures: Decodable { let wantedCoreHours: Int, servedPercent, servedUnderContentionPercent: Double }
            struct Kind: Decodable { let kind: String, participants, lentCoreHours: Int, borrowed: Figures }
            struct Month: Decodable {
                let cannotPayPercent, needNotEarnPercent, gini: Double, mutual, freeRiders, whitewashers: Figures
            }
            let schema, nodes: Int
            let hash: String
            let gini: Double
            let kinds: [Kind]
            let months: [Month]
            let violations: [String]
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let text = try Console.json(Self.report)
        let document = try decoder.decode(Document.self, from: Data(text.utf8))
        #expect(document.schema == 1 && document.nodes == 20 && document.hash.count == 16 && document.violations == [])
        #expect(document.kinds.map(\.kind) == ["member", "newcomer", "hoarder", "free_rider", "whitewasher"])
        #expect(document.kinds.map(\.participants).reduce(0, +) == 20 && document.months.count == 2)
        #expect((0...1).contains(document.gini))
        #expect(text.contains("\"free_riders\"") && text.contains("\"moved_microcredits\"") && text.contains("\"collapses\""))
    }

    @Test("People get a line for each kind, each tenth and each month, and a verdict")
    func text() {
        let lines = Self.report.text.split(separator: "\n").map(String.init)
        #expect(lines.count { $0.hasPrefix("tenth ") } == 10)
        for start in ["member ", "free rider ", "whitewasher ", "free riders got ", "1 ", "2 ", "debits equal credits"] {
            #expect(lines.contains { $0.hasPrefix(start) }, "\(start)")
        }
    }

    @Test(
        "What is out of range is a usage error that names the option",
        arguments: [
            (["--nodes", "99"], "--nodes takes 100 to 1000"), (["--nodes", "1001"], "--nodes"),
            (["--days", "0"], "--days takes 1"),
            (["--free-riders", "101"], "not 0% to 100%"), (["--free-riders", "x"], "percentage"), (["--peers", "1"], "--peers"),
            (["--hoarders", "50", "--free-riders", "50%"], "more than 90%"), (["--bootstrap", "11"], "--bootstrap is more"),
            (["--limit", "0"], "not 0.1 to 1000000 credits"), (["--admission", "0"], "--admission"),
            (["--demand", "0"], "--demand"), (["--raise", "1001"], "--raise takes 0 to 1000"),
        ])
    func usage(words: [String], fault: String) throws {
        let error = try #require(throws: (any Error).self) { try EconomyCommand.parse(words) }
        #expect(EconomyCommand.exitCode(for: error) == .validationFailure)
        #expect(EconomyCommand.message(for: error).contains(fault), "\(EconomyCommand.message(for: error))")
    }

    @Test("What is typed is what is run; who has lent nothing never has a higher limit than others")
    func options() throws {
        let words = ["--nodes", "500", "--free-riders", "12.5", "--newcomers", "20%", "--limit", "8", "--seed", "9"]
        let plan = try EconomyCommand.parse(words).plan
        #expect(plan.nodes == 500 && plan.seed == 9 && plan.freeRiders == 1250 && plan.newcomers == .percent(20))
        #expect(plan.limit == .credits(8) && plan.bootstrap == 250_000)
        #expect(try EconomyCommand.parse([]).plan == EconomyPlan())
        #expect(try EconomyCommand.parse(["--raise", "25", "--admission", "90"]).plan.raise == 25)
        #expect(try EconomyCommand.parse(["--limit", "0.1"]).plan.bootstrap == 100_000)
        #expect(try EconomyCommand.parse(["--bootstrap", "0.5"]).plan.bootstrap == 500_000)
    }
}
