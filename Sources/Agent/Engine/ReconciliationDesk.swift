import Bookkeeping
import LedgerStore
import Node
import Resources
import Synchronization

/// Reads the ledger for comparisons, and lets callers follow those that they ask for.
final class ReconciliationDesk: Sendable {
    private let followers = Mutex<[ReconciliationID: AsyncStream<ReconciliationNews>.Continuation]>([:])
    private let engine: Engine

    init(engine: Engine) { self.engine = engine }

    /// Begins to compare with a peer. It goes on when nobody follows it any more.
    ///
    /// - Returns: what comes of it, to its end.
    func compare(with peer: NodeID) -> AsyncStream<ReconciliationNews> {
        var random = SystemRandomNumberGenerator()
        let id = ReconciliationID(at: engine.now.utc, using: &random)
        let (stream, continuation) = AsyncStream.makeStream(of: ReconciliationNews.self, bufferingPolicy: .bufferingOldest(2048))
        followers.withLock { $0[id] = continuation }
        continuation.onTermination = { [weak self] _ in self?.followers.withLock { $0[id] = nil } }
        engine.handle(.reconcile(peer, id))
        return stream
    }

    /// Passes on what the node tells of a comparison.
    func told(_ id: ReconciliationID, _ news: ReconciliationNews) {
        guard let follower = followers.withLock({ $0[id] }) else { return }
        follower.yield(news)
        switch news {
        case .agreed, .differs, .refused: follower.finish()
        case .comparing, .narrowing: break
        }
    }

    /// Reads what the ledger has of a scope, beside all else.
    func read(_ id: ReconciliationID, _ query: SharedHistoryQuery) {
        Task { [engine] in
            let found: Result<SharedHistory, Refusal>
            do {
                let store = engine.store
                found = try await onThread { try store.sharedHistory(query) }
            } catch {
                found = .failure(Refusal(term: "ledger", reason: "the ledger cannot be read: \(error)"))
            }
            engine.handle(.history(id, found))
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
