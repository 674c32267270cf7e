import Resources

/// When to try to reach the agent again: soon at first, then less and less often, and not for ever.
struct Backoff {
    static let longest = Duration.seconds(5)
    static let limit = Duration.seconds(300)

    private var next = Duration.milliseconds(100)
    private var waited = Duration.zero

    /// How long to wait before the next try; `nil` when it is time to give up.
    mutating func wait() -> Duration? {
        guard waited < Self.limit else { return nil }
        defer { next = min(next * 2, Self.longest) }
        waited += next
        return next
    }
}
