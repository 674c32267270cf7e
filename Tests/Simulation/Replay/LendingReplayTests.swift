import Policy
import Resources
import Simulation
import Testing

@Suite("Replay of what owners used")
struct LendingReplayTests {
    private let replay = LendingReplay(threshold: .percent(65), appetite: Appetite(takenBack: .percent(1)))

    /// An hour at 10%, then what is given, in percent.
    private func trace(_ values: [Int64?]) -> UsageTrace {
        UsageTrace(machines: [Array(repeating: .percent(10), count: 12) + values.map { $0.map(BasisPoints.percent) }])
    }

    @Test("Foresight lends what is idle, and nothing of it is taken back")
    func foresight() {
        let tally = replay.run(trace([10, 65, 80, 0])).total(.foresight)
        #expect(tally.samples == 4)
        #expect(tally.usefulLent == PartsPerMillion((55 + 65) * 10_000 / 4))
        #expect(tally.takenBack == 0)
        #expect(tally.lent == 2)
        #expect(tally.ofForesight == .whole)
    }

    @Test("The last sample's rule is late by one sample, in both directions")
    func lastSample() {
        let tally = replay.run(trace([30, 12, 12, 80])).total(.lastSample)
        #expect(tally.lent == 4)
        #expect(tally.takenBack == 2)
        #expect(tally.over5 == 2)
        #expect(tally.over20 == 1)
        #expect(tally.useful == (35 + 35 + 53 + 0) * 100)
        #expect(tally.overshoot == (20 + 53) * 100)
    }

    @Test("Recent maxima reach back an hour; the margin is ten points")
    func recentMaximum() {
        let report = replay.run(trace([20] + Array(repeating: 5, count: 13)))
        #expect(report.total(.recentMaximum).promised == (55 + 12 * 45 + 60) * 100)
        #expect(report.total(.recentMaximumWithMargin).promised == (45 + 12 * 35 + 50) * 100)
    }

    @Test("Missing samples are not judged, and values above the capacity count as all of it")
    func missing() {
        let report = replay.run(trace([nil, 10, nil, 120]))
        #expect(report.total(.foresight).samples == 2)
        #expect(report.total(.foresight).room == 5500)
        #expect(report.total(.recentMaximum).overshoot == 5500)
    }

    @Test("A machine without a sample after the first hour is left out")
    func short() {
        #expect(replay.run(trace([])).tallies[.firm, default: []].isEmpty)
        #expect(replay.run(UsageTrace(machines: [])).total(.firm) == LendingTally())
    }

    @Test("Following the owner within a sample shortens both overshoot and idleness in proportion")
    func following() {
        let tally = replay.run(trace([30, 10])).total(.lastSample)
        #expect(tally.ofForesight == PartsPerMillion(70, of: 90))
        let followed = tally.following(after: .percent(20))
        #expect(followed.overshootShare == BasisPoints.percent(20).of(tally.overshootShare))
        #expect(followed.ofForesight.rawValue == 1_000_000 - 222_222 / 5)
        #expect((0...1).contains((tally.following(after: .whole).ofForesight - tally.ofForesight).rawValue))
    }

    @Test("The worst tenth are the machines with the greatest share of lease time taken back")
    func worstTenth() {
        let calm = Array(repeating: BasisPoints.percent(10) as BasisPoints?, count: 24)
        var wild = calm
        wild[20] = .percent(90)
        let report = replay.run(UsageTrace(machines: Array(repeating: calm, count: 19) + [wild]))
        #expect(report.total(.lastSample).takenBack == 1)
        #expect(report.worstTenth(.lastSample).samples == 24)
        #expect(report.worstTenth(.lastSample).takenBack == 1)
    }

    @Test("The controller lends more than recent maxima with a margin on a calm machine, and less than foresight")
    func controller() {
        var random = SeededGenerator(seed: 2)
        let machine = (0..<600).map { _ in BasisPoints(Int64.random(in: 300...700, using: &random)) as BasisPoints? }
        let report = replay.run(UsageTrace(machines: [machine]))
        let firm = report.total(.firm)
        #expect(firm.useful > report.total(.recentMaximumWithMargin).useful)
        #expect(firm.useful < report.total(.foresight).useful)
        #expect(report.total(.firmAndElastic).promised >= firm.promised)
    }

    @Test("A decision is held for the whole term")
    func horizon() {
        var replay = replay
        replay.horizon = 12
        let report = replay.run(trace(Array(repeating: 10, count: 12)))
        let once = self.replay.run(trace([10]))
        #expect(report.total(.firm).lent == 12)
        #expect(report.total(.firm).promised.isMultiple(of: 12))
        #expect(once.total(.firm).samples == 1)
    }
}
