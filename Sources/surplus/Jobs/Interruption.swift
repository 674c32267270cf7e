/// Work that something else may end.
enum Interruption {
    /// Runs `work` to its end beside `watch`, which can end it by throwing and is cancelled when the work is done.
    static func around<Result: Sendable>(
        _ work: @Sendable @escaping () async throws -> Result, watch: @Sendable @escaping () async throws -> Void
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await watch()
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
