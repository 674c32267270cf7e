import Foundation
import Policy
import Resources
import Simulation
import Testing

@testable import surplus_sim

@Suite("What is said of a trace")
struct TraceReportTests {
    private func report(_ machines: [[BasisPoints?]]) -> TraceReport {
        let replay = LendingReplay(threshold: .percent(65), appetite: Appetite(takenBack: .percent(1)))
        return TraceReport(replay.run(UsageTrace(machines: machines)), replay, machines)
    }

    @Test("Of machines that are always used alike all is lent that there is, and nothing taken back")
    func constant() throws {
        let said = report([Array(repeating: .percent(20), count: 60), Array(repeating: .percent(30), count: 60)])
        #expect(said.machines == 2 && said.samples == 96 && said.ownersPercent == 25)
        #expect(said.oracle.lentPercent == 40 && said.lastSample.lentPercent == 40 && said.oracle.utilisationPercent == 65)
        #expect(said.recentMaximumWithMargin.lentPercent == 30)
        #expect(said.firm.lentPercent > 20 && said.firm.takenBackPercent == 0)
        #expect(said.total.lentPercent >= said.firm.lentPercent && said.total.lentPercent <= 40)
    }

    @Test("A jump beyond the threshold takes back what was lent, by as much as it is")
    func jump() {
        let machine =
            Array(repeating: BasisPoints.percent(20), count: 30) + [.percent(60)] + Array(repeating: .percent(20), count: 29)
        let said = report([machine])
        #expect(said.lastSample.takenBackOver20Percent > 2 && said.lastSample.overshootPercent > 0.8)
        #expect(said.oracle.takenBackPercent == 0 && said.oracle.overshootPercent == 0)
    }

    @Test("The names in JSON are those that scripts rely on")
    func names() throws {
        struct Figures: Decodable { let lentPercent, takenBackPercent, utilisationPercent: Double }
        struct Document: Decodable { let firm, total, oracle: Figures }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let text = try Console.json(report([Array(repeating: .percent(20), count: 60)]))
        #expect(try decoder.decode(Document.self, from: Data(text.utf8)).oracle.lentPercent == 45)
        #expect(text.contains("\"taken_back_percent\""))
    }
}
