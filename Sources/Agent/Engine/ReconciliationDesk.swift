import Bookkeeping
import LedgerStore
import Logging
import Node
import Resources
import Synchronization

/// Reads the ledger for comparisons and for what peers ask late, and lets callers follow those that they ask for.
final class ReconciliationDesk: Sendable {
    /// More than is told of one comparison.
    static let mostNews = 2048

    private let followers = Mutex(ComparisonFollowers())
    private let engine: Engine
    private let log: Logger

    init(engine: Engine, log: Logger) { (self.engine, self.log) = (engine, log) }

    /// Begins to compare with a peer, or follows the comparison that somebody here has begun. It goes on when nobody follows it any
    /// more.
    ///
    /// - Returns: what comes of it, to its end.
    func compare(with peer: NodeID) -> AsyncStream<ComparisonNews> {
        var random = SystemRandomNumberGenerator()
        let fresh = ReconciliationID(at: engine.now.utc, using: &random)
        let (stream, continuation) = AsyncStream.makeStream(
            of: ComparisonNews.self, bufferingPolicy: .bufferingOldest(Self.mostNews))
        let id = followers.withLock { $0.follow(peer, as: fresh, continuation) }
        continuation.onTermination = { [weak self] _ in self?.followers.withLock { $0.leave(id) } }
        if id == fresh { engine.handle(.reconcile(peer, fresh)) }
        return stream
    }

    /// Passes on what the node tells of a comparison.
    func told(_ id: ReconciliationID, _ news: ReconciliationNews) {
        guard let (streams, told) = followers.withLock({ $0.told(id, news) }) else { return }
        for stream in streams {
            stream.yield(told)
            if news.isLast { stream.finish() }
        }
    }

    /// Takes note of what a peer refuses: the node passes it on as it does what it refuses itself.
    func heard(_ refusal: Refusal, from peer: NodeID) { followers.withLock { $0.heard(refusal, from: peer) } }

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

    /// Looks for what was signed, beside all else.
    func look(for recall: Recall) {
        Task { [engine, log] in
            do {
                let store = engine.store
                engine.handle(.recalled(recall, try await onThread { try store.recall(recall.subject) }))
            } catch {
                log.debug("a peer is not answered, for the ledger cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Ends all streams: nothing more will be told.
    func abandon() {
        for follower in followers.withLock({ $0.abandon() }) { follower.finish() }
    }
}
