internal import NIOCore

/// When a connection counts as dead: nothing came for too long, part of a frame waits for the rest, or nothing that is sent gets away.
struct SignsOfLife {
    private let times: FrameTimes
    /// How often it is looked at.
    let interval: TimeAmount
    private var heardAt: NIODeadline
    private var sentAt: NIODeadline
    private var lookedAt: NIODeadline
    private var withinFrameSince: NIODeadline?
    private var blockedSince: NIODeadline?

    init(_ times: FrameTimes, every interval: TimeAmount, at now: NIODeadline) {
        self.times = times
        self.interval = interval
        (heardAt, sentAt, lookedAt) = (now, now, now)
    }

    mutating func heard(at now: NIODeadline) { heardAt = now }

    mutating func sent(at now: NIODeadline) {
        sentAt = now
        blockedSince = nil
    }

    /// Whether what came ends within a frame; `false` also after each frame that is whole.
    mutating func isWithinFrame(_ isWithin: Bool, at now: NIODeadline) {
        withinFrameSince = isWithin ? withinFrameSince ?? now : nil
    }

    mutating func isBlocked(_ isBlocked: Bool, at now: NIODeadline) { blockedSince = isBlocked ? blockedSince ?? now : nil }

    /// Whether nothing was sent for so long that a sign of life is due.
    func isQuiet(at now: NIODeadline) -> Bool { now - sentAt >= .nanoseconds(interval.nanoseconds / 8 * 7) }

    /// Why the connection is dead; `nil` while it is not.
    ///
    /// - Parameter isReading: whether what comes is taken: otherwise nothing can be heard, which is not the other side's fault.
    mutating func fault(at now: NIODeadline, isReading: Bool) -> String? {
        let wasAsleep = now - lookedAt > interval * 2
        lookedAt = now
        if wasAsleep || !isReading {
            // Whoever was stopped itself has heard nothing, though it may be waiting to be read.
            heardAt = max(heardAt, now)
            return nil
        }
        if now - heardAt > TimeAmount(times.silence) { return "nothing was heard of it for \(times.silence)" }
        let stall = TimeAmount(times.stall)
        if let since = withinFrameSince, now - since > stall { return "part of a frame came, and not the rest" }
        if let since = blockedSince, now - since > stall { return "it takes nothing of what is sent" }
        return nil
    }
}
