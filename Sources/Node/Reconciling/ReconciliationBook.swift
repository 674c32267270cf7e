import Bookkeeping
import Resources
import Trading

/// What is known of one peer's ledger, after a restart as well.
package struct PeerReconciliation: Hashable, Codable, Sendable {
    package let peer: NodeID
    /// The latest checkpoint that both have signed.
    package internal(set) var latest: SignedCheckpoint?
    /// The first row of this ledger that may have something that it does not cover.
    var from: Int64 = 1
    /// The first entry in which both ledgers differ, since that was found.
    package internal(set) var difference: HistoryDifference?
    /// Up to when both were found to agree.
    package internal(set) var agreedUntil: Timestamp?
    /// When they are compared next.
    var next: Deadline?

    init(_ peer: NodeID) { self.peer = peer }
}

/// All that a node knows of comparisons.
package struct ReconciliationBook: Sendable {
    package internal(set) var peers: SortedMap<NodeID, PeerReconciliation>
    /// Those that this node has begun, one with a peer at the most. Lost in a crash without harm, as are those that it answers.
    package internal(set) var comparisons = SortedMap<NodeID, Comparison>()
    /// Those that peers have begun.
    var answering = SortedMap<NodeID, AnsweredComparison>()

    init(restoring peers: [PeerReconciliation], at now: Moment) {
        self.peers = SortedMap(
            peers.map { peer in
                var peer = peer
                peer.next = peer.next?.anchored(at: now)
                return (peer.peer, peer)
            })
    }

    /// After a commit has failed: what is under way goes on.
    mutating func takeOver(_ other: ReconciliationBook) {
        (comparisons, answering) = (other.comparisons, other.answering)
    }

    package subscript(peer: NodeID) -> PeerReconciliation { peers[peer] ?? PeerReconciliation(peer) }
}

/// A comparison that this node has begun.
package struct Comparison: Sendable {
    enum Stage: Hashable, Sendable {
        /// This node's ledger is being read.
        case reading
        case asked
        case splitting(after: UInt64, through: UInt64)
        case listing(after: UInt64, through: UInt64)
        case telling(HistoryDifference)
        case signing(Checkpoint)
    }

    /// Each round has an id of its own, so that the other side reads its ledger anew.
    package internal(set) var id: ReconciliationID
    let peer: NodeID
    /// Under which somebody here has asked for it.
    var askedAs: ReconciliationID?
    var scope: HistoryScope
    /// Whether what was signed before is recounted.
    var isWhole: Bool
    var stage = Stage.reading
    var history: SharedHistory?
    /// Where the other ledger stood.
    var theirs: LedgerPlace?
    /// What was found once. It is a difference when it is found again after both ledgers were read anew: until then it may be
    /// something that one side has booked and the other one has not yet.
    var suspected: HistoryDifference?
    var rounds = 1
    var steps = 0
    let deadline: Deadline
    var retry: Retry?
    /// What awaits its answer.
    var question: ReconciliationMessage?
}

/// A comparison that a peer has begun, with what this ledger has of it.
struct AnsweredComparison: Sendable {
    let id: ReconciliationID
    let question: HistoryQuestion
    var history: SharedHistory?
    let forget: Deadline
}

/// What is told of a comparison to who has asked for it.
package enum ReconciliationNews: Hashable, Sendable {
    /// So many entries are compared.
    case comparing(Int)
    /// A difference is among so many entries.
    case narrowing(Int)
    /// Both agree, on so many entries in all.
    case agreed(PeerReconciliation, total: Int64)
    case differs(PeerReconciliation)
    case refused(Refusal)
}

/// The numbers of comparisons.
enum Reconciling {
    /// How long one may take.
    static let patience = Microseconds.minutes(2)
    /// How long what was read is kept to answer further questions.
    static let memory = Microseconds.minutes(5)
    /// The most that are answered at once.
    static let mostAnswered = 8
    /// Each narrows by ``Swift/Array/fanOut``: fewer than these find any entry.
    static let mostSteps = 24
    /// How often both ledgers are read anew until they differ in the same entry twice.
    static let mostRounds = 6
}
