import Resources

/// For how long somebody is ready to wait until something is as it should be.
struct Patience: Sendable {
    private static let pause = Duration.milliseconds(200)

    private let deadline: ContinuousClock.Instant

    /// - Parameter span: from now on; `nil` for no waiting at all.
    init(_ span: Microseconds?) { deadline = .now + .microseconds(span?.rawValue ?? 0) }

    /// Asks again and again: until the agent answers, and what it answers will do. When the time is over the last answer has
    /// to do.
    ///
    /// - Throws: what `question` throws, but before the end nothing that asking again may help with.
    func ask<Answer>(
        until isGood: (Answer) -> Bool = { _ in true }, _ question: () async throws -> Answer
    ) async throws -> Answer {
        while true {
            let left = deadline - .now
            do {
                let answer = try await question()
                if left <= .zero || isGood(answer) { return answer }
            } catch let failure as Failure where failure.isLostConnection && left > .zero {}
            try await Task.sleep(for: min(left, Self.pause))
        }
    }
}
