import Glibc
import Kernel
import Resources
import TestKit
import Testing

@testable import Warden

@Suite(
    "A clock that jumps",
    .enabled(
        if: UserModeLinux.isHere, "sets the clock, which only a kernel of its own lets it: the one of version 2 of control groups"
    ))
struct ClockJumpTests {
    private func setClock(forwardBy span: Microseconds) throws {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        time.tv_sec += Int(span.rawValue / 1_000_000)
        try #require(clock_settime(CLOCK_REALTIME, &time) == 0)
    }

    @Test("A lease ends neither early nor late for it, its guest runs on and is metered as before")
    func lease() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease(for: .minutes(5))
        let job = try await warden.shell("trap '' TERM; while :; do :; done", under: lease)
        let start = SystemClock.instant()
        var metered = CoreMicroseconds.zero
        for jump in [Microseconds.days(1), -.days(2), .days(400)] {
            try setClock(forwardBy: jump)
            let (jumped, before) = (SystemClock.instant(), metered)
            try await eventually {
                let state = try #require(try await warden.state(of: lease))
                metered = state.meter.measured.cpu
                return metered > before && SystemClock.instant() - jumped > .milliseconds(500)
            }
            let state = try #require(try await warden.state(of: lease))
            let elapsed = SystemClock.instant() - start
            #expect(state.remaining <= .minutes(5) && state.remaining > .minutes(5) - elapsed - .seconds(2))
            #expect(metered <= CoreMicroseconds(1000, for: elapsed) + 60_000)
        }
        try await warden.shorten(lease, to: .milliseconds(100))
        #expect(try await job.shim.end().reason == .stopped(reason: "the lease has ended: its time is up"))
    }
}
