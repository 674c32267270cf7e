import Resources

/// How much a store is made to work by a keeper, and what it is spared.
struct CopyLoad: Hashable, Sendable {
    /// Bytes of what it is asked to read or write and has not answered.
    private(set) var underway: UInt64 = 0
    /// Of that, what takes room on it.
    private(set) var promised: UInt64 = 0
    /// Bytes that its owner allows now; below zero after a large one (a token bucket with debt).
    private var allowance: Int64 = 0
    private var since: Instant?
    /// Since it did not answer.
    var silence = Backoff()
    /// Since it had no room for a block, whatever it says.
    var fullness = Backoff()

    /// - Parameter rate: in bytes a second; `nil` is without limit.
    mutating func isFree(at now: Instant, rate: UInt64?, limit: UInt64) -> Bool {
        guard underway < limit else { return false }
        guard let rate else { return true }
        let elapsed = since.map { max(.zero, now - $0) } ?? .seconds(1)
        since = now
        let gained = Int128(rate) * Int128(elapsed.rawValue) / 1_000_000
        allowance = Int64(clamping: min(Int128(allowance) + gained, Int128(rate)))
        return allowance > 0
    }

    /// - Parameter room: what of it takes room.
    mutating func begin(_ bytes: UInt64, room: UInt64 = 0) {
        (underway, promised) = (underway + bytes, promised + room)
        allowance -= Int64(clamping: bytes)
    }

    mutating func end(_ bytes: UInt64, room: UInt64 = 0) {
        (underway, promised) = (underway - bytes, promised - room)
    }
}

/// When something that failed is tried again: later each time that it fails, by doubling.
struct Backoff: Hashable, Sendable {
    private static let most = 7

    private(set) var until: Instant?
    private var failures = 0

    mutating func fail(at now: Instant, _ span: Microseconds) {
        failures = min(failures + 1, Self.most)
        until = now + Microseconds(span.rawValue << (failures - 1))
    }

    mutating func succeed() { self = Backoff() }

    func isOver(at now: Instant) -> Bool { until.map { now >= $0 } ?? true }
}
