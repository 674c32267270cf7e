/// A point on one machine's clock since boot (CLOCK_BOOTTIME), in microseconds. Means nothing on another machine or
/// after a reboot; timers and enforcement use it because nobody can set it.
package struct Instant: Hashable, Comparable, Codable, Sendable {
    package let microseconds: Int64
    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }
    package static func + (a: Self, b: Microseconds) -> Self { Self(microseconds: a.microseconds + b.rawValue) }
    package static func - (a: Self, b: Self) -> Microseconds { Microseconds(a.microseconds - b.microseconds) }

    package init(from decoder: any Decoder) throws {
        self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }
}

/// Civil time as UTC microseconds since 1970. Others' clocks differ and jump: used for calendar terms and records,
/// never for fencing.
package struct Timestamp: Hashable, Comparable, Codable, Sendable {
    package let microseconds: Int64
    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }
    package static func + (a: Self, b: Microseconds) -> Self { Self(microseconds: a.microseconds + b.rawValue) }
    package static func - (a: Self, b: Self) -> Microseconds { Microseconds(a.microseconds - b.microseconds) }

    package init(from decoder: any Decoder) throws {
        self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }
}

/// Names one boot of one machine, so that a stored ``Instant`` is not read against another boot's clock.
package struct BootID: Hashable, Codable, Sendable {
    package let value: String
    package init(_ value: String) { self.value = value }

    package init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

/// Both clocks read together, as every core receives them.
package struct Moment: Hashable, Codable, Sendable {
    package var boot: BootID
    package var instant: Instant
    package var utc: Timestamp

    package init(boot: BootID, instant: Instant, utc: Timestamp) {
        self.boot = boot
        self.instant = instant
        self.utc = utc
    }

    package static func + (a: Moment, b: Microseconds) -> Moment {
        Moment(boot: a.boot, instant: a.instant + b, utc: a.utc + b)
    }
}

/// A stored point in the future that survives restarts and reboots: within the boot that set it the boot-time clock
/// counts, after a reboot UTC is all there is.
package struct Deadline: Hashable, Codable, Sendable {
    package let boot: BootID
    package let instant: Instant
    package let utc: Timestamp

    package init(_ moment: Moment) {
        boot = moment.boot
        instant = moment.instant
        utc = moment.utc
    }

    package init(_ span: Microseconds, after now: Moment) { self.init(now + span) }

    /// What is left; zero or negative once it has passed.
    package func remaining(at now: Moment) -> Microseconds {
        now.boot == boot ? instant - now.instant : utc - now.utc
    }

    package func hasPassed(at now: Moment) -> Bool { remaining(at: now) <= .zero }

    /// The same deadline by the clocks as they stand now: within a boot by the clock since boot, whatever civil time has come to be
    /// meanwhile, after a reboot by civil time. It is not moved by what becomes of civil time from now on.
    package func anchored(at now: Moment) -> Deadline { Deadline(remaining(at: now), after: now) }

    /// The same deadline on the clock of `now`'s boot.
    package func instant(at now: Moment) -> Instant { now.instant + remaining(at: now) }

    package func extended(by span: Microseconds) -> Deadline {
        Deadline(Moment(boot: boot, instant: instant + span, utc: utc + span))
    }
}
