import Resources
import Testing
import Trading

@Suite("Schedules")
struct ScheduleTests {
    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
    private func cores(_ n: Int64) -> Amounts { Amounts(cpu: .cores(n)) }

    @Test("The peak is the most at any one time, and what ends where another begins does not count twice")
    func peak() {
        var schedule = Schedule()
        schedule.add(cores(2), from: at(0), until: at(10))
        schedule.add(cores(3), from: at(10), until: at(20))
        schedule.add(cores(1), from: at(5), until: at(15))
        #expect(schedule.peak(from: at(0), until: at(5)) == cores(2))
        #expect(schedule.peak(from: at(0), until: at(6)) == cores(3))
        #expect(schedule.peak(from: at(0), until: at(20)) == cores(4))
        #expect(schedule.peak(from: at(15), until: at(20)) == cores(3))
        #expect(schedule.peak(from: at(20), until: at(90)) == .zero)
    }

    @Test("Of any spans, the peak is what counting at every instant finds")
    func property() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var schedule = Schedule()
            let spans = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                let from = Int64.random(in: 0...40, using: &random)
                return (
                    from: from, until: from + Int64.random(in: -2...20, using: &random),
                    cores: Int64.random(in: 1...5, using: &random)
                )
            }
            for span in spans { schedule.add(cores(span.cores), from: at(span.from), until: at(span.until)) }
            let from = Int64.random(in: 0...50, using: &random)
            let until = from + Int64.random(in: 1...20, using: &random)
            let counted = (from..<until).map { t in
                spans.reduce(Int64(0)) { $1.from <= t && t < $1.until ? $0 + $1.cores : $0 }
            }
            #expect(schedule.peak(from: at(from), until: at(until)) == cores(counted.max() ?? 0))
        }
    }

    @Test("Room is found at the earliest end that leaves enough for long enough")
    func room() {
        var schedule = Schedule()
        schedule.add(cores(4), from: at(0), until: at(10))
        schedule.add(cores(4), from: at(15), until: at(30))
        func room(_ n: Int64, _ seconds: Int64) -> Instant? {
            schedule.room(for: cores(n), of: cores(5), lasting: .seconds(seconds), at: at(1))
        }
        #expect(room(1, 100) == at(1))
        #expect(room(2, 5) == at(10))
        #expect(room(2, 6) == at(30))
        #expect(room(6, 1) == nil)
    }
}
