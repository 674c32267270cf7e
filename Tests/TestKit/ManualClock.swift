import Resources

/// Both clocks of one machine, moved by hand.
package struct ManualClock: Sendable {
    package private(set) var now: Moment
    private var boots = 1

    /// A machine a day after its boot, in January 2026.
    package init() {
        now = Moment(
            boot: BootID("boot-1"), instant: Instant(microseconds: 86_400_000_000),
            utc: Timestamp(microseconds: 1_767_225_600_000_000))
    }

    package mutating func advance(by span: Microseconds) { now = now + span }

    /// Moves on to `instant`, unless it has passed.
    package mutating func advance(to instant: Instant) { advance(by: max(.zero, instant - now.instant)) }

    /// Sets only the clock that people can set.
    package mutating func setUTC(forwardBy span: Microseconds) { now.utc = now.utc + span }

    /// A reboot that takes `span`: the boot-time clock begins anew.
    package mutating func reboot(taking span: Microseconds) {
        boots += 1
        now = Moment(boot: BootID("boot-\(boots)"), instant: Instant(microseconds: 0), utc: now.utc + span)
    }
}
