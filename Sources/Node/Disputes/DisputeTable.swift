import Bookkeeping
import Resources

/// The disputes of a node, apart by whether something may still come of them: what runs with every event looks at what is due only.
package struct DisputeTable: Sendable {
    /// When something about a dispute is due.
    private struct Due: Hashable, Comparable, Sendable {
        let at: Timestamp
        let dispute: DisputeID

        static func < (a: Due, b: Due) -> Bool { (a.at, a.dispute) < (b.at, b.dispute) }
    }

    package private(set) var open = SortedMap<DisputeID, Dispute>()
    /// Those that only answer late messages.
    private var closed = SortedMap<DisputeID, Dispute>()
    /// Those of which something waits for the peer's answer.
    private(set) var waiting = SortedMap<DisputeID, Bool>()
    private var opened = SortedMap<Due, DisputeID>()
    private var forgetting = SortedMap<Due, DisputeID>()

    init(_ disputes: [Dispute]) {
        for dispute in disputes { self[dispute.id] = dispute }
    }

    package subscript(id: DisputeID) -> Dispute? {
        get { open[id] ?? closed[id] }
        set {
            if let old = self[id] {
                opened[Due(at: old.opened, dispute: id)] = nil
                if let time = old.remembered { forgetting[Due(at: time, dispute: id)] = nil }
            }
            (open[id], closed[id], waiting[id]) = (nil, nil, nil)
            guard let dispute = newValue else { return }
            if dispute.proposed != nil || dispute.untold != nil { waiting[id] = true }
            if dispute.isOpen || dispute.proposed != nil {
                open[id] = dispute
                opened[Due(at: dispute.opened, dispute: id)] = id
            } else {
                closed[id] = dispute
                if let time = dispute.remembered { forgetting[Due(at: time, dispute: id)] = id }
            }
        }
    }

    /// In ascending order of their ids.
    package var values: [Dispute] { (open.values + closed.values).sorted { $0.id < $1.id } }

    /// Those that were opened at `time` or before and go on, the oldest first.
    func open(since time: Timestamp) -> [Dispute] {
        opened.pairs.prefix { $0.0.at <= time }.compactMap { open[$0.1] }
    }

    /// When the first after `time` was opened that goes on.
    func nextOpened(after time: Timestamp) -> Timestamp? { opened.keys.first { $0.at > time }?.at }

    /// Lets go of what was over so long ago that nothing can come of it any more.
    mutating func forget(at now: Timestamp) {
        while let id = forgetting.values.first, closed[id]?.isForgettable(at: now) == true { self[id] = nil }
    }
}
