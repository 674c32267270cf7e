import Accounting
import Resources
import Testing

@Suite("Charts")
struct ChartTests {
    private let now = Timestamp(microseconds: 1_767_225_600_000_000)

    private func row(_ resolution: Resolution, _ start: Timestamp, _ value: Int64 = 7) -> RollUp {
        var values = MetricMap<Distribution>()
        values[.cpu] = Distribution(value, for: resolution.span)
        return RollUp(resolution, start: start, isIncident: value == 99, values: values)
    }

    @Test("Points begin at whole multiples of the step, and contain what begins in them")
    func points() throws {
        var chart = try #require(Chart(now + .seconds(90)..<now + .seconds(301), step: .minutes(1)))
        #expect(chart.start == now + .minutes(1))
        #expect(chart.points.count == 5)
        for second in stride(from: 0 as Int64, to: 400, by: 1) { chart.add(row(.second, now + .seconds(second)), [.cpu]) }
        chart.add(row(.second, now + .seconds(200), 99), [.cpu])
        #expect(chart.points.map { $0[.cpu]?.count } == [60, 60, 61, 60, 60])
        #expect(chart.incidents == [false, false, true, false, false])
        #expect(chart.total[.cpu]?.count == 301)
        #expect(chart.total[.memory] == nil)
    }

    @Test("No chart has more points than it may, or none")
    func bounds() {
        #expect(Chart(now..<now + .seconds(2000), step: .seconds(1)) != nil)
        #expect(Chart(now..<now + .seconds(2001), step: .seconds(1)) == nil)
        #expect(Chart(now..<now, step: .seconds(1)) == nil)
        #expect(Chart(now..<now + .seconds(1), step: .zero) == nil)
    }

    @Test("The usual step is the shortest that makes no more points than fit")
    func steps() {
        #expect(Chart.step(for: now..<now + .hours(1), points: 60) == .minutes(1))
        #expect(Chart.step(for: now..<now + .seconds(30), points: 60) == .seconds(1))
        #expect(Chart.step(for: now..<now + .days(7), points: 60) == .hours(3))
        #expect(Chart.step(for: now..<now + .days(365), points: 60) == .days(7))
        #expect(Chart.step(for: now..<now + .days(7000), points: 1) >= .days(7000))
    }

    @Test("Coarser rows are taken for the time before the finer ones, and none twice")
    func plan() {
        let oldest: [Resolution: Timestamp] = [
            .second: now + -.minutes(10), .minute: now + -.days(7) + .seconds(60),
            .hour: (now + -.days(300)).floored(to: .hours(1)),
            .day: (now + -.days(360)).floored(to: .days(1)),
        ]
        let range = now + -.days(365)..<now
        let plan = ChartPlan(range, step: .seconds(1), now: now, oldest: { oldest[$0] })
        #expect(plan.parts.map(\.resolution) == [.second, .minute, .hour, .day])
        for (later, earlier) in zip(plan.parts, plan.parts.dropFirst()) {
            #expect(later.range.lowerBound == earlier.range.upperBound)
            #expect(later.range.lowerBound == earlier.resolution.start(of: later.range.lowerBound), "no coarser row is cut")
        }
        #expect(plan.parts.last?.range.lowerBound == range.lowerBound)
        #expect(ChartPlan(range, step: .hours(12), now: now, oldest: { oldest[$0] }).parts.map(\.resolution) == [.hour, .day])
        #expect(ChartPlan(range, step: .days(2), now: now, oldest: { oldest[$0] }).parts.map(\.resolution) == [.day])
        let hour = now + -.hours(1)..<now
        #expect(ChartPlan(hour, step: .minutes(1), now: now, oldest: { oldest[$0] }).parts == [.init(.minute, hour)])
    }

    @Test("Where nothing coarser reaches further back, all that is there is told as finely as it was measured")
    func young() {
        let start = now + -.seconds(45)
        let oldest = { (resolution: Resolution) in Optional(resolution.start(of: start)) }
        let range = now + -.hours(1)..<now
        #expect(ChartPlan(range, step: .seconds(1), now: now, oldest: oldest).parts == [.init(.second, range)])
    }

    @Test("A row that a wrong clock put far into the past hides nothing")
    func stray() {
        var oldest: [Resolution: Timestamp] = [:]
        for resolution in Resolution.allCases { oldest[resolution] = Timestamp(microseconds: 0) }
        let range = now + -.days(3)..<now
        let plan = ChartPlan(range, step: .seconds(1), now: now, oldest: { oldest[$0] })
        #expect(plan.parts.map(\.resolution) == [.second, .minute])
        #expect(plan.parts[0].range.lowerBound == (now + -.minutes(10)).raised(to: .minutes(1)))
    }
}
