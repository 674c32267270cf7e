import Synchronization

/// How far a program's input may be sent: shims take only what they have room for.
final class InputWindow: Sendable {
    private struct State {
        var limit: Int64 = 0
        var next = 0
        var waiting: [Int: (position: Int64, continuation: CheckedContinuation<Void, any Error>)] = [:]
    }

    private let state = Mutex(State())

    /// Waits until something may be sent from `position` on.
    ///
    /// - Returns: How many bytes.
    /// - Throws: `CancellationError`.
    func room(at position: Int64) async throws -> Int64 {
        let ticket = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { state in
                    if Task.isCancelled {
                        continuation.resume(throwing: CancellationError())
                    } else if state.limit > position {
                        continuation.resume()
                    } else {
                        state.waiting[ticket] = (position, continuation)
                    }
                }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.continuation.resume(throwing: CancellationError())
        }
        return state.withLock { $0.limit } - position
    }

    /// Lets senders go on up to `limit`; it never shrinks.
    func widen(to limit: Int64) {
        state.withLock { state in
            state.limit = max(state.limit, limit)
            for (ticket, waiter) in state.waiting where waiter.position < state.limit {
                state.waiting[ticket] = nil
                waiter.continuation.resume()
            }
        }
    }
}
