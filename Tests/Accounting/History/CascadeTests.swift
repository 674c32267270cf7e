import Accounting
import Resources
import TestKit
import Testing

@Suite("Rolling up")
struct CascadeTests {
    private static func sample(_ value: Int64, for span: Microseconds = .seconds(1)) -> Sample {
        var values = MetricMap<Int64>()
        values[.cpu] = value
        return Sample(span: span, values: values)
    }

    /// How many samples are in the rows of a resolution and in the open intervals up to it.
    private static func count(_ rows: [RollUp], _ cascade: Cascade, _ resolution: Resolution) -> Int64 {
        (rows.filter { $0.resolution == resolution } + cascade.current(resolution)).reduce(0) {
            $0 + ($1.values[.cpu]?.count ?? 0)
        }
    }

    @Test("A minute is the sum of its seconds, an hour of its minutes, a day of its hours")
    func sums() throws {
        var cascade = Cascade()
        var rows: [RollUp] = []
        let start = ManualClock().now.utc.floored(to: .days(1))
        for second in 0..<(86_400 as Int64) {
            rows += cascade.add(Self.sample(second % 60), at: start + .seconds(second), isIncident: second == 5)
        }
        rows += cascade.close()
        for (resolution, samples) in [(Resolution.second, 1), (.minute, 60), (.hour, 3600), (.day, 86_400)] {
            let found = rows.filter { $0.resolution == resolution }
            #expect(found.count == 86_400 / samples)
            #expect(found.allSatisfy { $0.values[.cpu]?.count == Int64(samples) && $0.start == resolution.start(of: $0.start) })
            #expect(found.count { $0.isIncident } == 1, "whatever contains the incident says so")
        }
        let minute = try #require(rows.first { $0.resolution == .minute }?.values[.cpu])
        #expect((minute.minimum, minute.mean, minute.maximum) == (0, 29, 59))
        #expect(cascade == Cascade())
    }

    @Test("No sample is lost or counted twice, however civil time jumps", arguments: 0..<40 as Range<UInt64>)
    func jumps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var clock = ManualClock()
        var cascade = Cascade()
        var rows: [RollUp] = []
        for number in 1...3000 as ClosedRange<Int64> {
            clock.advance(by: random.span(.milliseconds(100)...(.seconds(90))))
            if random.chance(100) { clock.setUTC(forwardBy: random.span(-.days(3)...(.days(3)))) }
            rows += cascade.add(Self.sample(number), at: clock.now.utc, isIncident: false)
            if number % 500 == 0 {
                for resolution in Resolution.allCases { #expect(Self.count(rows, cascade, resolution) == number) }
            }
        }
        rows += cascade.close()
        for resolution in Resolution.allCases {
            let found = rows.filter { $0.resolution == resolution }
            #expect(found.reduce(0) { $0 + ($1.values[.cpu]?.count ?? 0) } == 3000)
            #expect(found.reduce(0) { $0 + ($1.values[.cpu]?.sum ?? 0) } == Int128(3000 * 3001 / 2) * 1_000_000)
        }
    }

    @Test("It goes on from its open intervals as if nothing had happened", arguments: 0..<10 as Range<UInt64>)
    func restored(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var time = ManualClock().now.utc
        var (whole, broken) = (Cascade(), Cascade())
        var rows: (whole: [RollUp], broken: [RollUp]) = ([], [])
        for number in 0..<2000 as Range<Int64> {
            time = time + random.span(.seconds(1)...(.minutes(20)))
            rows.whole += whole.add(Self.sample(number), at: time, isIncident: false)
            rows.broken += broken.add(Self.sample(number), at: time, isIncident: false)
            if random.chance(500) { broken = Cascade(open: broken.intervals) }
        }
        #expect(rows.whole == rows.broken)
        #expect(whole == broken)
    }
}

@Suite("Readings")
struct SampleMeterTests {
    private func reading(_ seconds: Int64, cpu: CoreMicroseconds? = nil, received: Bytes? = nil, waited: Microseconds? = nil)
        -> Reading
    {
        var reading = Reading(at: Instant(microseconds: seconds * 1_000_000))
        reading.cpu = cpu
        reading.memory = .mebibytes(seconds)
        reading.networkReceived = received
        reading.cpuPressure = .init(some: waited)
        return reading
    }

    @Test("What is counted becomes a mean over the time between two readings, what is not is taken as it is")
    func rates() throws {
        var meter = SampleMeter()
        #expect(meter.sample(reading(10, cpu: 0, received: 1000, waited: 0), grain: .milliseconds(200)) == nil)
        let next = meter.sample(reading(12, cpu: 3_000_000, received: 5000, waited: 500_000), grain: .milliseconds(200))
        let sample = try #require(next)
        #expect(sample.span == .seconds(2))
        #expect(sample.values[.cpu] == 1500)
        #expect(sample.values[.memory] == 12 << 20)
        #expect(sample.values[.networkReceived] == 2000)
        #expect(sample.values[.cpuPressure] == 2500, "a quarter of the time")
        #expect(sample.values[.diskRead] == nil, "what is not measured is not zero")
    }

    @Test("A counter that shows less has begun anew")
    func reset() {
        var meter = SampleMeter()
        _ = meter.sample(reading(1, cpu: 9_000_000), grain: .seconds(1))
        #expect(meter.sample(reading(2, cpu: 500_000), grain: .seconds(1))?.values[.cpu] == 500)
    }

    @Test("What happened while nobody looked for long is no sample, nor is what took no time")
    func gaps() {
        var meter = SampleMeter()
        _ = meter.sample(reading(1, cpu: 0), grain: .seconds(1))
        #expect(meter.sample(reading(1, cpu: 5), grain: .seconds(1)) == nil)
        #expect(meter.sample(reading(400, cpu: 9), grain: .seconds(1)) == nil)
        #expect(meter.sample(reading(401, cpu: 9), grain: .seconds(1)) != nil)
    }

    @Test("Samples that are a little early or late stand for the same time")
    func grain() {
        var meter = SampleMeter()
        var at: Int64 = 0
        for late in [0, 30_000, -40_000, 5_000, -60_000] as [Int64] {
            at += 1_000_000 + late
            var reading = Reading(at: Instant(microseconds: at))
            reading.cpu = 0
            let sample = meter.sample(reading, grain: .milliseconds(200))
            #expect(sample == nil || sample?.span == .seconds(1))
        }
    }
}
