import Resources
import Testing

@testable import Simulation

@Suite("Clocks of simulated machines")
struct LocalClockTests {
    private let start = Instant(microseconds: 5_000_000)

    @Test(
        "A fast clock shows more, and a time that it is to show comes sooner; never too soon", arguments: [-200, 0, 200, 50_000])
    func rate(partsPerMillion: Int64) {
        var clock = LocalClock()
        clock.setRate(partsPerMillion, at: start)
        let later = start + .hours(1)
        #expect(clock.instant(at: later) - clock.instant(at: start) == Microseconds(3_600_000_000 + 3600 * partsPerMillion))
        for span in [Microseconds(1), .milliseconds(7), .seconds(61), .hours(30), .days(36_500)] {
            let shown = clock.instant(at: start) + span
            let due = clock.world(showing: shown)
            #expect(clock.instant(at: due) >= shown)
            #expect(clock.instant(at: due + Microseconds(-2)) < shown)
        }
    }

    @Test("Steps move civil time alone; a reboot begins the other clock anew and keeps civil time")
    func steps() {
        var clock = LocalClock()
        let before = clock.moment(at: start, epoch: 1_000)
        clock.step(by: -.hours(2))
        let stepped = clock.moment(at: start, epoch: 1_000)
        #expect(stepped.instant == before.instant && stepped.utc - before.utc == -.hours(2))
        clock.reboot(at: start)
        let rebooted = clock.moment(at: start, epoch: 1_000)
        #expect(rebooted.boot != before.boot && rebooted.instant < before.instant && rebooted.utc == stepped.utc)
    }
}
