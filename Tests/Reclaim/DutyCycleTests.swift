import Resources
import Testing

@testable import Reclaim

@Suite("Holding to a ceiling by stopping and continuing")
struct DutyCycleTests {
    private let tick = Microseconds.milliseconds(200)

    /// What a guest that wants so much uses in so many ticks, and in how many of them it stood still.
    private func run(_ wanted: Millicores, under ceiling: Millicores, ticks: Int) -> (used: CoreMicroseconds, stopped: Int) {
        var cycle = DutyCycle()
        var (used, stopped, isStopped) = (CoreMicroseconds.zero, 0, false)
        for _ in 0..<ticks {
            let now = isStopped ? .zero : CoreMicroseconds(wanted, for: tick)
            used += now
            stopped += isStopped ? 1 : 0
            isStopped = cycle.advance(used: now, ceiling: ceiling, elapsed: tick)
        }
        return (used, stopped)
    }

    @Test(
        "Over time a guest that wants more gets its ceiling, and never more than one tick beyond",
        arguments: [(1000, 500), (1000, 100), (4000, 1500), (2000, 10)] as [(Int64, Int64)])
    func holds(wanted: Int64, ceiling: Int64) {
        let ticks = 500
        let used = run(Millicores(wanted), under: Millicores(ceiling), ticks: ticks).used
        let granted = CoreMicroseconds(Millicores(ceiling), for: tick * Int64(ticks))
        #expect(used <= granted + CoreMicroseconds(Millicores(wanted), for: tick))
        #expect(used >= granted - CoreMicroseconds(Millicores(wanted), for: tick))
    }

    @Test("A guest that wants no more than its ceiling is never stopped")
    func leaves() { #expect(run(400, under: 400, ticks: 100).stopped == 0) }

    @Test("Time in which a guest wanted nothing is not saved up")
    func burst() {
        var cycle = DutyCycle()
        let idle = cycle.advance(used: .zero, ceiling: 500, elapsed: .hours(1))
        #expect(!idle)
        let first = cycle.advance(used: CoreMicroseconds(1000, for: tick), ceiling: 500, elapsed: tick)
        #expect(!first, "what a tick gives ahead")
        let second = cycle.advance(used: CoreMicroseconds(1000, for: tick), ceiling: 500, elapsed: tick)
        #expect(second)
    }

    @Test("What a guest used unseen does not stop it for ever")
    func debt() {
        var cycle = DutyCycle()
        let first = cycle.advance(used: CoreMicroseconds(4000, for: .hours(1)), ceiling: 100, elapsed: tick)
        #expect(first)
        let second = cycle.advance(used: .zero, ceiling: 100, elapsed: .minutes(5))
        #expect(!second)
    }
}
