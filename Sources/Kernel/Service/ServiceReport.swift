import Resources

/// What a service tells the manager that has started it, as the messages of sd_notify(3): how far it is, and that it is alive.
/// Without I/O; ``ServiceManager`` sends them. A method answers `nil` when there is nothing to say.
package struct ServiceReport: Hashable, Sendable {
    package enum Phase: Hashable, Sendable { case starting, ready, reloading, stopping }

    package private(set) var phase = Phase.starting
    /// How often to give a sign of life; `nil` when nobody waits for any. It is a quarter of the time after which the manager takes
    /// the service for dead: a sign that is late by as much again comes after half of it, as is recommended.
    package let interval: Microseconds?
    private var lastSign: Instant?
    /// The last status that was told.
    private var told = ""

    /// - Parameters:
    ///   - watchdog: The variable `WATCHDOG_USEC`: microseconds without a sign of life after which the service counts as dead.
    ///   - watched: The variable `WATCHDOG_PID`: the process whose signs count; `nil` when it is any that the manager has started.
    ///   - process: The number of this one.
    package init(watchdog: String?, watched: String?, process: Int32) {
        let isWatched = watched.map { Int32($0) == process } ?? true
        interval = watchdog.flatMap { Int64($0) }.flatMap { isWatched && $0 > 0 ? Microseconds(max(1, $0 / 4)) : nil }
    }

    /// The service does what it is there for.
    package mutating func started(_ status: String) -> String? {
        guard phase == .starting else { return nil }
        phase = .ready
        return "READY=1\n" + line(status)
    }

    /// The service takes up a new configuration, until ``reloaded(_:)``. Nothing to say before it has started: it starts with the
    /// new one.
    ///
    /// - Parameter now: The kernel's CLOCK_MONOTONIC: the manager passes over what was said before it asked for this.
    package mutating func reloading(at now: Microseconds) -> String? {
        guard phase == .ready || phase == .reloading else { return nil }
        phase = .reloading
        return "RELOADING=1\nMONOTONIC_USEC=\(now.rawValue)\n" + line("reloading")
    }

    /// The service works again, by the new configuration or by the old.
    package mutating func reloaded(_ status: String) -> String? {
        guard phase == .reloading else { return nil }
        phase = .ready
        return "READY=1\n" + line(status)
    }

    package mutating func stopping() -> String? {
        guard phase != .stopping else { return nil }
        phase = .stopping
        return "STOPPING=1\n" + line("stopping")
    }

    /// How the service is doing, for people who ask the manager.
    package mutating func status(_ text: String) -> String? { phase == .ready && text != told ? line(text) : nil }

    /// The service is alive.
    package mutating func alive(at now: Instant) -> String? {
        guard let interval, lastSign.map({ now - $0 >= interval }) ?? true else { return nil }
        lastSign = now
        return "WATCHDOG=1"
    }

    /// A line break inside would begin another message.
    private mutating func line(_ status: String) -> String {
        told = status
        return "STATUS=" + String(status.map { $0.isNewline ? " " : $0 })
    }
}
