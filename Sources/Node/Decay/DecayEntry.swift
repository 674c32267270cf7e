import Bookkeeping
import Resources
import Trading

/// What a node keeps of the credits between itself and one peer, in one direction, that stand idle, and of the steps by which they decay.
package struct DecayEntry: Hashable, Codable, Sendable {
    /// One direction of a trust line in credits.
    package struct Side: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
        package let peer: NodeID
        /// Whether the peer owes this node; otherwise this node owes the peer.
        package let isOwed: Bool

        package init(_ peer: NodeID, isOwed: Bool) {
            self.peer = peer
            self.isOwed = isOwed
        }

        package var description: String { "\(peer) \(isOwed ? "owes" : "is owed")" }

        package static func < (a: Side, b: Side) -> Bool {
            a.peer == b.peer ? a.isOwed && !b.isOwed : a.peer < b.peer
        }
    }

    /// What a creditor said to the last proposal, to be said again.
    enum Answer: Hashable, Codable, Sendable {
        case agreed(SignedDecay)
        case refused(Refusal, allows: DecayRule?)
    }

    package let side: Side
    /// Of the last proposal that was made, or answered. The creditor answers each number once.
    package internal(set) var number: Int64 = 0
    /// From when on ``least`` stood; `nil` while nothing does.
    package private(set) var since: Deadline?
    /// The least that stood since then and was not reserved for anything.
    package private(set) var least = Microcredits.zero
    /// What both have agreed to so far.
    package internal(set) var total = Microcredits.zero
    /// As the debtor: what is proposed and not answered.
    var proposed: Proposed?
    /// As the debtor: what the creditor's policy allows, as it said last; `nil` where it did not say.
    package internal(set) var allowed: DecayRule?
    /// Why the last step was not agreed to. It is told once, and not again for the same reason until one is agreed to.
    package internal(set) var refusal: String?
    /// As the debtor: not before this one anything is proposed again, after a refusal.
    var rests: Deadline?
    /// As the creditor.
    var answer: Answer?

    struct Proposed: Hashable, Codable, Sendable {
        let decay: Decay
        let document: [UInt8]
        let signature: Signature
        var retry: Retry
    }

    init(_ side: Side) { self.side = side }

    /// Whether something was proposed that the peer has not answered.
    package var isOpen: Bool { proposed != nil }

    /// Takes notice of what stands and is not reserved.
    ///
    /// - Returns: whether that changes anything.
    mutating func note(_ free: Microcredits, at now: Moment) -> Bool {
        let (since, least) = (self.since, self.least)
        if free <= .zero {
            (self.since, self.least) = (nil, .zero)
        } else if since == nil {
            (self.since, self.least) = (Deadline(now), free)
        } else {
            self.least = min(least, free)
        }
        return self.since != since || self.least != least
    }

    /// What stands from now on counts anew.
    mutating func restart(_ free: Microcredits, at now: Moment) {
        since = nil
        _ = note(free, at: now)
    }

    /// Notes a refusal.
    ///
    /// - Returns: whether it is news.
    mutating func note(refusal reason: String) -> Bool {
        let isNew = refusal != reason
        refusal = reason
        return isNew
    }

    /// For how long ``least`` has stood.
    package func stood(at now: Moment) -> Microseconds? { since.map { -$0.remaining(at: now) } }

    mutating func anchor(at now: Moment) {
        since = since?.anchored(at: now)
        rests = rests?.anchored(at: now)
        proposed?.retry.anchor(at: now)
    }
}
