import Policy
import Resources
import Simulation
import Testing

@Suite("What is kept of a replay for plots")
struct LendingSeriesTests {
    private let replay = LendingReplay(
        threshold: .percent(65), appetite: Appetite(takenBack: .percent(1)), otherAppetites: [25, 300])

    private func machine(seed: UInt64, samples: Int) -> [BasisPoints?] {
        var random = SeededGenerator(seed: seed)
        return (0..<samples).map { $0 % 11 == 5 ? nil : BasisPoints(Int64.random(in: 0...7000, using: &random)) }
    }

    @Test("Sums over time come to the totals of the rules")
    func totals() {
        let report = replay.run(UsageTrace(machines: [machine(seed: 1, samples: 200), machine(seed: 2, samples: 150)]))
        let sum = report.series.coarsened(toAtMost: 1).slots[0]
        #expect(sum.samples == report.total(.firm).samples)
        #expect(sum.foresight == report.total(.foresight).useful && sum.firm == report.total(.firm).useful)
        #expect(sum.firmAndElastic == report.total(.firmAndElastic).useful)
        #expect(report.series.stride == 1 && report.series.slots.count == 200)
        #expect(report.series.slots[..<12].allSatisfy { $0.samples == 0 })
    }

    @Test("A long trace takes no more room than a week, and parts of unequal length add up in any order")
    func bounded() {
        let last = UsageTrace(machines: [[BasisPoints?](repeating: nil, count: 4200) + [.percent(20)]])
        let short = UsageTrace(machines: [machine(seed: 3, samples: 500)])
        var (one, other) = (replay.run(last), replay.run(short))
        #expect(one.series.stride == 6 && one.series.slots.count == 701)
        let (long, brief) = (one, other)
        one.add(brief)
        other.add(long)
        #expect(one.series == other.series)
        #expect(one.series == replay.run(UsageTrace(machines: last.machines + short.machines)).series)
    }

    @Test("Parts have what the whole has: by how far loans passed the threshold, and the other appetites")
    func parts() {
        let machines = (1...3).map { machine(seed: $0, samples: 120) }
        let whole = replay.run(UsageTrace(machines: machines))
        let sum = machines.map { replay.run(UsageTrace(machines: [$0])) }.reduce(into: LendingReplay.Report()) { $0.add($1) }
        for rule in LendingReplay.Rule.allCases { #expect(sum.overshoot(rule) == whole.overshoot(rule)) }
        for appetite in replay.otherAppetites {
            #expect(sum.total(otherAppetite: appetite) == whole.total(otherAppetite: appetite))
        }
    }

    @Test("Samples are counted by how far they passed the threshold, as the tallies count them")
    func overshoots() {
        let report = replay.run(UsageTrace(machines: (1...3).map { machine(seed: $0, samples: 300) }))
        for rule in LendingReplay.Rule.allCases {
            let (histogram, tally) = (report.overshoot(rule), report.total(rule))
            #expect(histogram.lent == tally.lent && histogram.samples(over: 0..<100) == tally.takenBack)
            #expect(histogram.samples(over: 5..<100) == tally.over5 && histogram.samples(over: 20..<100) == tally.over20)
        }
        #expect(report.total(.lastSample).over20 > 0)
    }

    @Test("Another appetite comes to what a replay with it alone comes to")
    func otherAppetites() {
        let trace = UsageTrace(machines: [machine(seed: 4, samples: 400)])
        let report = replay.run(trace)
        for appetite in replay.otherAppetites {
            let alone = LendingReplay(threshold: .percent(65), appetite: Appetite(takenBack: appetite)).run(trace)
            #expect(report.total(otherAppetite: appetite) == alone.total(.firm))
        }
        #expect(report.total(otherAppetite: 77) == LendingTally())
    }
}
