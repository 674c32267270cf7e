import Node
import Resources
import Synchronization

/// Lets callers follow the searches for cycles of debts that they begin.
final class NettingDesk: Sendable {
    private let followers = Mutex<[NettingID: AsyncStream<NettingNews>.Continuation]>([:])
    private let engine: Engine

    init(engine: Engine) { self.engine = engine }

    /// Begins a search. It goes on when nobody follows it any more.
    ///
    /// - Returns: what comes of it, to its end.
    func search(isDryRun: Bool) -> AsyncStream<NettingNews> {
        var random = SystemRandomNumberGenerator()
        let id = NettingID(at: engine.now.utc, using: &random)
        // A search tells of no more than waves, cycles found in each, and what became of them.
        let (stream, continuation) = AsyncStream.makeStream(of: NettingNews.self, bufferingPolicy: .bufferingOldest(2048))
        followers.withLock { $0[id] = continuation }
        continuation.onTermination = { [weak self] _ in self?.followers.withLock { $0[id] = nil } }
        engine.handle(.net(id, isDryRun: isDryRun))
        return stream
    }

    /// Passes on what the node tells of a search.
    func told(_ id: NettingID, _ news: NettingNews) {
        guard let follower = followers.withLock({ $0[id] }) else { return }
        follower.yield(news)
        switch news {
        case .refused, .finished: follower.finish()
        case .probing, .found, .began, .ended: break
        }
    }

    /// Ends all streams: nothing more will be told.
    func abandon() {
        let open = followers.withLock { followers in
            defer { followers = [:] }
            return Array(followers.values)
        }
        for follower in open { follower.finish() }
    }
}
