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
    /// When that was last told, by this node's clock.
    var toldAt: Timestamp?
    /// Up to when both were found to agree.
    package internal(set) var agreedUntil: Timestamp?
    /// When all that was signed before was last recounted as well, by this node's clock.
    var recountedAt: Timestamp?
    /// When they are compared next.
    var next: Deadline?

    init(_ peer: NodeID) { self.peer = peer }

    /// Whether both may be said to agree, having compared so far: what was found to differ has to be among that.
    func mayAgree(until mark: UInt64, isWhole: Bool) -> Bool {
        guard let found = difference?.mark else { return difference == nil }
        return isWhole && mark >= found
    }

    /// Whether a checkpoint covers all that the latest does.
    func isExtended(by checkpoint: Checkpoint) -> Bool {
        guard let latest = latest?.checkpoint else { return true }
        return checkpoint.until >= latest.until && checkpoint.total >= latest.total
    }
}

/// All that a node knows of comparisons.
package struct ReconciliationBook: Sendable {
    package internal(set) var peers: SortedMap<NodeID, PeerReconciliation>
    /// Those that this node has begun, one with a peer at the most. Lost in a crash without harm, as are those that it answers.
    package internal(set) var comparisons = SortedMap<NodeID, Comparison>()
    /// Those that peers have begun.
    var answering = SortedMap<NodeID, AnsweredComparison>()
    var traffic = QuestionTraffic()

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
        (comparisons, answering, traffic) = (other.comparisons, other.answering, other.traffic)
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
    /// Under which this node's ledger is read for it. No peer knows it.
    var read: ReconciliationID
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
    /// Under which this node's ledger is read for it. No peer knows it.
    let read: ReconciliationID
    let question: HistoryQuestion
    /// Whether what was signed before is recounted.
    let isWhole: Bool
    let began: Instant
    var history: SharedHistory?
    let forget: Deadline
}

/// How many questions peers have asked of late. Each has the ledger read.
struct QuestionTraffic: Sendable {
    private var began: Instant?
    private var counts: [NodeID: Int] = [:]

    /// Counts a question; whether it is to be answered.
    mutating func admit(_ peer: NodeID, at now: Instant) -> Bool {
        if began.map({ now - $0 >= .minutes(1) }) ?? true { (began, counts) = (now, [:]) }
        counts[peer, default: 0] += 1
        return counts[peer, default: 0] <= Reconciling.questionsPerMinute
    }
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

/// The bounds of comparisons.
enum Reconciling {
    /// How long one may take.
    static let patience = Microseconds.minutes(2)
    /// How long what was read is kept to answer further questions.
    static let memory = Microseconds.minutes(5)
    /// How long the ledger is waited for before another question of the same peer is answered.
    static let reading = Microseconds.seconds(10)
    /// The most questions of one peer that are answered in a minute: some comparisons with all their rounds.
    static let questionsPerMinute = 30
    /// How often one peer's differences are told at the most.
    static let telling = Microseconds.hours(1)
    /// How far the time that a peer gives a checkpoint may be ahead.
    static let clockTolerance = Timing.idTolerance
    /// The most that are answered at once.
    static let mostAnswered = 8
    /// Each narrows by ``Swift/Array/fanOut``: fewer than these find any entry.
    static let mostSteps = 24
    /// How often both ledgers are read anew until they differ in the same entry twice.
    static let mostRounds = 6
}
