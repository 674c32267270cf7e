import Bookkeeping
import Resources
import Trading

/// One search for cycles that somebody here has begun, and what has come of it so far.
struct NettingSearch: Sendable {
    let id: NettingID
    /// Whether cycles are only named.
    let isDryRun: Bool
    var wave: UInt64 = 0
    /// Until when probes may come back.
    var until: Deadline
    /// Of this wave, in the order in which they came back.
    var found: [DebtCycle] = []
    /// The netting that is under way.
    var current: NettingID?
    /// Of this wave: debts that are no longer what they were when probes passed.
    var changed: Set<Link> = []
    /// Cycles that came to nothing; they are not tried again.
    var failed: Set<[NodeID]> = []
    var committed = 0
    var netted = Microcredits.zero
    var hasCommittedInWave = false

    /// The debt of one node to another.
    struct Link: Hashable, Sendable {
        let debtor: NodeID
        let creditor: NodeID
    }

    /// Under this id the probes of the wave go.
    var waveID: NettingID { id.following(wave) }

    static func links(of members: [NodeID]) -> [Link] {
        members.indices.map { Link(debtor: members[$0], creditor: members[($0 + 1) % members.count]) }
    }

    /// Takes the cycle to try next: the shortest, and of those the one of the greatest amount.
    mutating func takeNext() -> DebtCycle? {
        let open = found.filter { cycle in
            !failed.contains(cycle.members) && Self.links(of: cycle.members).allSatisfy { !changed.contains($0) }
        }
        let next = open.min { a, b in
            (a.members.count, -a.amount.rawValue) < (b.members.count, -b.amount.rawValue)
                || (a.members.count, a.amount) == (b.members.count, b.amount) && a.members.lexicographicallyPrecedes(b.members)
        }
        if let next { found.removeAll { $0.members == next.members } }
        return next
    }
}

/// Which probes have passed of late: none is passed on twice, and no peer may send more than so many. Lost in a crash without harm.
struct ProbeTraffic: Sendable {
    private struct Passed: Hashable {
        let search: NettingID
        let sender: NodeID
    }

    private var began: Instant?
    private var counts: [NodeID: Int] = [:]
    private var passed: Set<Passed> = []
    private var passedBefore: Set<Passed> = []

    /// Counts a probe; whether it is to be looked at. What is remembered is bounded: a minute or two of all that peers may send.
    mutating func admit(_ search: NettingID, from peer: NodeID, at now: Instant) -> Bool {
        let minute = Microseconds.minutes(1)
        if began.map({ now - $0 >= minute }) ?? true {
            passedBefore = began.map { now - $0 < minute * 2 } == true ? passed : []
            (began, counts, passed) = (now, [:], [])
        }
        guard counts[peer, default: 0] < Nettings.probesPerMinute else { return false }
        counts[peer, default: 0] += 1
        let key = Passed(search: search, sender: peer)
        return !passedBefore.contains(key) && passed.insert(key).inserted
    }
}

/// What is told of a search to who has begun it.
package enum NettingNews: Hashable, Sendable {
    /// It cannot be made now.
    case refused(Refusal)
    /// Probes went to so many peers.
    case probing(wave: Int, peers: Int)
    case found(DebtCycle)
    /// All others were asked to sign.
    case began(NettingID, DebtCycle)
    /// It is decided: `nil` when it was committed.
    case ended(NettingID, DebtCycle, Refusal?)
    /// Nothing more will come.
    case finished
}
