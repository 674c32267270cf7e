import NIOPosix

/// Runs something that blocks on a thread made for such work.
///
/// - Throws: what `body` does; `CancellationError` when the task was cancelled before it began.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(body)
}

/// Runs something that blocks and cannot fail; also in a task that was cancelled, so that what is to be tidied up is.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        NIOThreadPool.singleton.submit { _ in continuation.resume(returning: body()) }
    }
}
