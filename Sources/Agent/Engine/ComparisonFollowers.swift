import Node
import Resources

/// What is told of a comparison of ledgers to who follows it.
struct ComparisonNews: Hashable, Sendable {
    let news: ReconciliationNews
    /// Whether a refusal is the peer's word, not this node's.
    let isPeers: Bool
}

/// Who follows which comparisons, and what peers have refused meanwhile. Whoever asks for one that is followed already joins
/// those who do.
struct ComparisonFollowers {
    typealias Stream = AsyncStream<ComparisonNews>.Continuation

    private struct Followed {
        let peer: NodeID
        var streams: [Stream]
        /// How many of them somebody still reads.
        var readers: Int
        /// What the peer has refused last.
        var refused: Refusal?
    }

    private var followed: [ReconciliationID: Followed] = [:]

    /// Lets a stream follow the comparison with a peer.
    ///
    /// - Parameter fresh: what it is called when none is followed yet.
    /// - Returns: what it is called; `fresh` when it has to be begun.
    mutating func follow(_ peer: NodeID, as fresh: ReconciliationID, _ stream: Stream) -> ReconciliationID {
        let id = followed.first { $0.value.peer == peer }?.key ?? fresh
        followed[id, default: Followed(peer: peer, streams: [], readers: 0)].streams.append(stream)
        followed[id]?.readers += 1
        return id
    }

    /// One that follows does so no more. A comparison that nobody follows cannot be joined: its end may never be told.
    mutating func leave(_ id: ReconciliationID) {
        followed[id]?.readers -= 1
        if followed[id]?.readers == 0 { followed[id] = nil }
    }

    /// A peer has refused to compare.
    mutating func heard(_ refusal: Refusal, from peer: NodeID) {
        for id in followed.keys where followed[id]?.peer == peer { followed[id]?.refused = refusal }
    }

    /// Whom to pass on what the node tells, and as whose word. With the last news the comparison is forgotten.
    mutating func told(_ id: ReconciliationID, _ news: ReconciliationNews) -> (streams: [Stream], news: ComparisonNews)? {
        guard let followed = followed[id] else { return nil }
        var isPeers = false
        if case .refused(let refusal) = news { isPeers = refusal == followed.refused }
        if news.isLast { self.followed[id] = nil }
        return (followed.streams, ComparisonNews(news: news, isPeers: isPeers))
    }

    /// Forgets all of them.
    mutating func abandon() -> [Stream] {
        defer { followed = [:] }
        return followed.values.flatMap(\.streams)
    }
}

extension ReconciliationNews {
    /// Whether nothing more comes.
    var isLast: Bool {
        switch self {
        case .agreed, .differs, .refused: true
        case .comparing, .narrowing: false
        }
    }
}
