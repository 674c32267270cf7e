import Resources
import TestKit
import Testing

@Suite("Deadlines")
struct DeadlineTests {
    @Test("Within one boot only the clock that nobody can set counts")
    func sameBoot() {
        var clock = ManualClock()
        let deadline = Deadline(.minutes(5), after: clock.now)
        clock.setUTC(forwardBy: .days(300))
        #expect(deadline.remaining(at: clock.now) == .minutes(5))
        clock.advance(by: .minutes(5) - 1)
        #expect(!deadline.hasPassed(at: clock.now))
        clock.advance(by: 1)
        #expect(deadline.hasPassed(at: clock.now))
    }

    @Test("After a reboot civil time decides, and time spent off counts")
    func reboot() {
        var clock = ManualClock()
        let deadline = Deadline(.minutes(5), after: clock.now)
        clock.reboot(taking: .minutes(2))
        #expect(deadline.remaining(at: clock.now) == .minutes(3))
        #expect(deadline.instant(at: clock.now) == clock.now.instant + .minutes(3))
        clock.advance(by: .minutes(3))
        #expect(deadline.hasPassed(at: clock.now))
    }

    @Test("An earlier boot's large clock is not read against a later boot's small one")
    func noLeak() {
        var clock = ManualClock()
        let passed = Deadline(.seconds(1), after: clock.now)
        clock.reboot(taking: .seconds(30))
        #expect(passed.instant > clock.now.instant)
        #expect(passed.hasPassed(at: clock.now))
    }

    @Test("Extending moves it on both clocks")
    func extended() {
        var clock = ManualClock()
        let deadline = Deadline(.minutes(1), after: clock.now).extended(by: .minutes(9))
        #expect(deadline.remaining(at: clock.now) == .minutes(10))
        clock.reboot(taking: .minutes(4))
        #expect(deadline.remaining(at: clock.now) == .minutes(6))
    }
}
