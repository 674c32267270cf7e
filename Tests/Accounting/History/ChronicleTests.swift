import Accounting
import Resources
import TestKit
import Testing

@Suite("The chronicle")
struct ChronicleTests {
    private let lease = Subject.lease(LeaseID(high: 1, low: 2))

    private func reading(_ clock: ManualClock) -> Reading {
        var reading = Reading(at: clock.now.instant)
        reading.cpu = CoreMicroseconds(clock.now.instant.microseconds / 2)
        reading.memory = .mebibytes(5)
        return reading
    }

    private func run(
        _ chronicle: inout Chronicle, _ clock: inout ManualClock, _ count: Int, of subject: Subject = .machine
    ) {
        for _ in 0..<count {
            clock.advance(by: .seconds(1))
            chronicle.record(reading(clock), of: subject, at: clock.now, grain: .milliseconds(200), isIncident: false)
        }
    }

    private func count(_ rows: [RollUp]) -> Int64 { rows.reduce(0) { $0 + ($1.values[.cpu]?.count ?? 0) } }

    @Test("What was written is forgotten, what came meanwhile is kept")
    func written() {
        var (chronicle, clock) = (Chronicle(), ManualClock())
        run(&chronicle, &clock, 100)
        let batch = chronicle.batch
        #expect(
            batch.rows.count { $0.rollUp.resolution == .second } == 98, "the first reading is no sample, the last second is open")
        run(&chronicle, &clock, 10)
        chronicle.wrote(batch)
        #expect(chronicle.waiting.count { $0.rollUp.resolution == .second } == 10)
    }

    @Test("A crash at any moment loses what was not written and nothing else", arguments: 0..<20 as Range<UInt64>)
    func crashes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (chronicle, clock) = (Chronicle(), ManualClock())
        var disk: [HistoryRow] = []
        var open: [(subject: Subject, cascade: Cascade)] = []
        var writtenSamples: Int64 = 0
        var samples: Int64 = 0
        var isFirst = true
        for _ in 0..<60 {
            for _ in 0..<Int.random(in: 1...120, using: &random) {
                clock.advance(by: .seconds(1))
                if random.chance(20) { clock.setUTC(forwardBy: random.span(-.hours(3)...(.hours(3)))) }
                chronicle.record(reading(clock), of: .machine, at: clock.now, grain: .seconds(1), isIncident: false)
                // the first reading of a life is no sample
                if !isFirst { samples += 1 }
                isFirst = false
            }
            if random.chance(7000) {
                let batch = chronicle.batch
                disk += batch.rows
                open = batch.open
                chronicle.wrote(batch)
                writtenSamples = samples
            } else if random.chance(5000) {
                chronicle = Chronicle()
                chronicle.restore(open, at: clock.now.instant)
                samples = writtenSamples
                isFirst = true
            }
        }
        for resolution in Resolution.allCases {
            let written = disk.map(\.rollUp).filter { $0.resolution == resolution }
            #expect(count(written + chronicle.unwritten(resolution, of: .machine)) == samples, "\(resolution)")
        }
    }

    @Test("A lease that is not seen any more is ended, with all that was open")
    func retired() {
        var (chronicle, clock) = (Chronicle(), ManualClock())
        run(&chronicle, &clock, 70, of: lease)
        clock.advance(by: Chronicle.patience + .seconds(1))
        chronicle.retire(at: clock.now.instant)
        let batch = chronicle.batch
        #expect(batch.ended == [lease])
        #expect(batch.open.isEmpty)
        for resolution in Resolution.allCases {
            #expect(count(batch.rows.map(\.rollUp).filter { $0.resolution == resolution }) == 69)
        }
        chronicle.wrote(batch)
        #expect(chronicle.batch == HistoryBatch())
    }

    @Test("While nothing can be written, the oldest of the finest is given up, and that is counted")
    func overfull() {
        var (chronicle, clock) = (Chronicle(), ManualClock())
        run(&chronicle, &clock, Chronicle.mostWaiting + 5000)
        #expect(chronicle.waiting.count <= Chronicle.mostWaiting)
        #expect(chronicle.lost > 0)
        let minutes = chronicle.waiting.filter { $0.rollUp.resolution == .minute }
        #expect(minutes.count >= (Chronicle.mostWaiting + 5000) / 60 - 1, "no minute is given up while there are seconds")
        #expect(
            Int64(chronicle.waiting.count { $0.rollUp.resolution == .second }) + chronicle.lost
                == Int64(Chronicle.mostWaiting + 4998))
    }
}

@Suite("How often, and for how long")
struct PaceTests {
    @Test(
        "A fifth of the interval while a threshold is exceeded, never below a tenth of a second",
        arguments: [
            (Microseconds.seconds(1), Microseconds.milliseconds(200)), (.milliseconds(100), .milliseconds(100)),
            (.milliseconds(300), .milliseconds(100)), (.seconds(60), .seconds(12)), (.milliseconds(1), .milliseconds(100)),
        ])
    func dense(interval: Microseconds, dense: Microseconds) {
        var pace = Pace(interval: interval)
        let now = Instant(microseconds: 0)
        #expect(pace.interval == pace.normal)
        pace.judge(isExceeded: true, at: now)
        #expect(pace.interval == dense)
        pace.judge(isExceeded: false, at: now + .seconds(9))
        #expect(pace.isIncident, "what comes right after belongs to it")
        pace.judge(isExceeded: false, at: now + .seconds(10))
        #expect(pace.interval == pace.normal)
    }

    @Test("A clock that jumps ahead makes nothing old until it has stood for ten minutes")
    func forward() {
        var clock = ManualClock()
        var retention = Retention(newest: nil, at: clock.now)
        let before = clock.now.utc
        clock.setUTC(forwardBy: .days(400))
        for minute in 0..<10 as Range<Int64> {
            #expect(retention.time(at: clock.now) == before + .minutes(minute))
            clock.advance(by: .minutes(1))
        }
        #expect(retention.time(at: clock.now) == clock.now.utc)
    }

    @Test("A jump ahead that is taken back is as if it had never been")
    func takenBack() {
        var clock = ManualClock()
        var retention = Retention(newest: nil, at: clock.now)
        clock.setUTC(forwardBy: .days(400))
        _ = retention.time(at: clock.now)
        clock.advance(by: .minutes(5))
        clock.setUTC(forwardBy: -.days(400))
        #expect(retention.time(at: clock.now) == clock.now.utc)
    }

    @Test("A clock that was set back makes nothing old, also after a restart")
    func back() {
        var clock = ManualClock()
        let newest = clock.now.utc
        clock.setUTC(forwardBy: -.days(30))
        var retention = Retention(newest: newest, at: clock.now)
        #expect(retention.time(at: clock.now) == clock.now.utc)
    }

    @Test("After a long time off, rows age from where they were until the time is believed")
    func restarted() {
        var clock = ManualClock()
        let newest = clock.now.utc
        clock.reboot(taking: .days(20))
        var retention = Retention(newest: newest, at: clock.now)
        #expect(retention.time(at: clock.now) == newest)
        clock.advance(by: .minutes(10))
        #expect(retention.time(at: clock.now) == clock.now.utc)
    }
}
