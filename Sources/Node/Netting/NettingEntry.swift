import Bookkeeping
import Resources
import Trading

/// What a node keeps about one netting that it has begun or takes part in.
package struct NettingEntry: Codable, Sendable {
    package enum Phase: String, Hashable, Codable, Sendable {
        /// The initiator waits for signatures. Until it has decided nobody posts.
        case preparing
        /// A member has signed. Only what the initiator has decided ends this, whenever that is heard of.
        case prepared
        case committed
        case aborted
    }

    package let netting: Netting
    /// The bytes that are signed, as they were received.
    let document: [UInt8]
    package internal(set) var phase: Phase
    /// Of the members in their order, as far as they are here.
    var signatures: [Signature?]
    package internal(set) var decision: NettingDecision?
    /// Members that have not said that they have done as was decided.
    var unaware: [NodeID] = []
    /// Members that were not told either, and hear the initiator no more.
    var untold: [NodeID] = []
    /// When the initiator decides against it for want of signatures; when a member begins to ask.
    var deadline: Deadline
    /// What was sent and not yet answered.
    var retry: Retry?
    /// When what was decided may be forgotten, unless somebody is still to be told that it was committed.
    var forget: Deadline?

    package var id: NettingID { netting.id }

    /// Whether its reservation stands: nothing else may net the same lines meanwhile.
    package var isHeld: Bool { phase == .preparing || phase == .prepared }

    /// Whether nothing more is to be done about it but to remember it.
    package var isOver: Bool { !isHeld && retry == nil }

    func isForgettable(at now: Moment) -> Bool {
        !isHeld && (phase == .aborted || unaware.isEmpty) && forget?.hasPassed(at: now) == true
    }

    mutating func anchor(at now: Moment) {
        deadline = deadline.anchored(at: now)
        retry?.anchor(at: now)
        forget = forget?.anchored(at: now)
    }
}

/// What else of nettings outlasts a restart.
package struct NettingRecord: Hashable, Codable, Sendable {
    /// What peers were credited with by netting, and have not lent.
    struct Credited: Hashable, Codable, Sendable {
        let peer: NodeID
        var amount: Microcredits
    }

    /// By peer.
    var credited: [Credited] = []
    /// When to look for cycles next; `nil` unless the policy says that it is done each day.
    var next: Deadline?

    /// Under this name it is kept among the settings.
    package static let key = "netting"

    mutating func credit(_ peer: NodeID, _ amount: Microcredits) {
        if let place = credited.firstIndex(where: { $0.peer >= peer }), credited[place].peer == peer {
            credited[place].amount += amount
        } else {
            let place = credited.firstIndex { $0.peer > peer } ?? credited.count
            credited.insert(Credited(peer: peer, amount: amount), at: place)
        }
    }

    func amount(of peer: NodeID) -> Microcredits { credited.first { $0.peer == peer }?.amount ?? .zero }
}

extension Node {
    /// Nettings that this node takes part in, or has of late, by their ids.
    package var nettings: [NettingEntry] { netting.entries.values }

    /// What nettings that are not decided yet hold of what peers owe this node, and, negative, of what it owes them.
    package var heldByNetting: SortedMap<NodeID, Microcredits> {
        var held = SortedMap<NodeID, Microcredits>()
        for entry in nettings where entry.isHeld {
            guard let (creditor, debtor) = entry.netting.neighbours(of: id) else { continue }
            held[debtor] = (held[debtor] ?? .zero) + entry.netting.amount
            held[creditor] = (held[creditor] ?? .zero) - entry.netting.amount
        }
        return held
    }
}

/// All that a node knows of nettings.
package struct NettingBook: Sendable {
    package internal(set) var entries: SortedMap<NettingID, NettingEntry>
    var record: NettingRecord
    /// The search that somebody here has begun; lost in a crash without harm.
    var search: NettingSearch?
    var traffic = ProbeTraffic()
    /// Peers that have left the pool, or were expelled.
    var gone: Set<NodeID> = []

    init(restoring snapshot: Snapshot, at now: Moment) {
        entries = SortedMap(
            snapshot.nettings.map { entry in
                var entry = entry
                entry.anchor(at: now)
                return (entry.id, entry)
            })
        record = snapshot.nettingRecord ?? NettingRecord()
        record.next = record.next?.anchored(at: now)
    }

    /// Whether a netting that is not decided yet is about the line with a peer.
    func isHeld(_ peer: NodeID, by own: NodeID) -> Bool {
        entries.values.contains { entry in
            guard entry.isHeld, let neighbours = entry.netting.neighbours(of: own) else { return false }
            return neighbours.creditor == peer || neighbours.debtor == peer
        }
    }
}
