/// How long to wait before the next try: soon at first, then twice as long each time, up to a bound.
struct Backoff {
    static let shortest = Duration.milliseconds(100)
    static let longest = Duration.seconds(5)

    private var next = Self.shortest

    mutating func pause() async throws {
        try await Task.sleep(for: next)
        next = min(next * 2, Self.longest)
    }

    /// Something succeeded: the next failure is a new one.
    mutating func reset() { next = Self.shortest }
}
