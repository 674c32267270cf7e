import Synchronization

/// Tells those who follow something that it has changed. They look for themselves what is new, so nothing is lost when
/// announcements run together.
final class ChangeFeed: Sendable {
    private struct State {
        var followers: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func notify() {
        for follower in state.withLock({ Array($0.followers.values) }) { follower.yield() }
    }

    func announcements() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            state.followers[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.followers.removeValue(forKey: number) } }
        continuation.yield()
        return stream
    }
}
