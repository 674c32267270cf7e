import Resources

/// What a session may keep of an inode without asking: the promise holds until it is recalled and given back, or the session ends
/// (C. Gray and D. Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file cache consistency", 1989).
package enum CacheLease: UInt8, Comparable, Hashable, Sendable {
    /// Attributes, content, and of a directory its entries and that others are not there. Several sessions can have it.
    case read = 1
    /// Changes to content and attributes that are not told yet. Nobody else has any lease then.
    case write = 2

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A lease that comes with an answer.
///
/// Grants, recalls and returns may overtake each other on their way. Each has a stamp, higher than those before, also of other homes: a
/// session does not take a grant that is older than a recall of the same inode that it has heeded, and the home does not heed a
/// return that is older than what it granted since.
package struct LeaseGrant: Hashable, Sendable {
    package let inode: InodeNumber
    package let lease: CacheLease
    package let stamp: UInt64

    package init(_ inode: InodeNumber, _ lease: CacheLease, stamp: UInt64) {
        self.inode = inode
        self.lease = lease
        self.stamp = stamp
    }
}

/// A lease is wanted by somebody else.
package struct LeaseRecall: Hashable, Sendable {
    package let inode: InodeNumber
    /// What may be kept; `nil` is nothing.
    package let keeping: CacheLease?
    package let stamp: UInt64

    package init(_ inode: InodeNumber, keeping: CacheLease?, stamp: UInt64) {
        self.inode = inode
        self.keeping = keeping
        self.stamp = stamp
    }
}

/// A lease is given back, after all that was changed under it was told.
package struct LeaseReturn: Hashable, Sendable {
    package let inode: InodeNumber
    package let keeping: CacheLease?
    /// Whether a program has it open: it is kept then, also when no name leads to it any more. That it is closed is told only
    /// after this was answered.
    package let isOpen: Bool
    /// Of the recall; of what is given back unasked, that of the grant.
    package let stamp: UInt64

    package init(_ inode: InodeNumber, keeping: CacheLease? = nil, isOpen: Bool = false, stamp: UInt64) {
        self.inode = inode
        self.keeping = keeping
        self.isOpen = isOpen
        self.stamp = stamp
    }
}

/// Who holds which leases, and who has open what it holds no lease of.
struct LeaseTable {
    private struct Holding {
        var lease: CacheLease
        /// Of the last grant.
        var stamp: UInt64
    }

    private struct Entry {
        var holders = SortedMap<SessionID, Holding>()
        /// What holders were asked to keep at most.
        var recalls = SortedMap<SessionID, Recall>()
        var pins: Set<SessionID> = []

        var isEmpty: Bool { holders.isEmpty && pins.isEmpty }
    }

    private struct Recall {
        let keeping: CacheLease?
        let stamp: UInt64
        let since: Instant
    }

    private var entries: [InodeNumber: Entry] = [:]
    /// Stamps are higher than those of any home before, too.
    private(set) var lastStamp: UInt64

    init(epoch: UInt64) { lastStamp = epoch << 40 }

    func lease(of session: SessionID, on inode: InodeNumber) -> CacheLease? { entries[inode]?.holders[session]?.lease }

    private mutating func nextStamp() -> UInt64 {
        lastStamp += 1
        return lastStamp
    }

    /// Whether a session other than `session` may have it open.
    func isOpen(_ inode: InodeNumber, besides session: SessionID?) -> Bool {
        guard let entry = entries[inode] else { return false }
        return entry.pins.contains { $0 != session } || entry.holders.keys.contains { $0 != session }
    }

    /// Whether a session was asked to give back what it has of an inode.
    func isRecalled(_ inode: InodeNumber, from session: SessionID) -> Bool { entries[inode]?.recalls[session] != nil }

    /// Whether a session has all that a request needs already.
    func covers(_ need: LeaseNeed, of session: SessionID) -> Bool {
        lease(of: session, on: need.inode).map { $0 == .write || need.kind == .toRead } ?? false
    }

    /// Whose leases are in the way of a session that wants one, in order, and what each may keep.
    func conflicts(with need: LeaseNeed, of session: SessionID) -> [(holder: SessionID, keeping: CacheLease?)] {
        guard let entry = entries[need.inode] else { return [] }
        let keeping = need.kind.leavesOthers
        return entry.holders.pairs.filter { holder, holding in
            holder != session && (keeping.map { holding.lease > $0 } ?? true)
        }.map { holder, _ in (holder, keeping) }
    }

    /// Notes that a holder is asked for its lease.
    ///
    /// - Returns: what to tell it; `nil` when it was asked for as much before.
    mutating func recall(
        _ inode: InodeNumber, from session: SessionID, keeping: CacheLease?, at now: Instant
    ) -> LeaseRecall? {
        let before = entries[inode]?.recalls[session]
        if let before, before.keeping == nil || before.keeping == keeping { return nil }
        let recall = Recall(keeping: keeping, stamp: nextStamp(), since: before?.since ?? now)
        entries[inode]?.recalls[session] = recall
        return LeaseRecall(inode, keeping: keeping, stamp: recall.stamp)
    }

    /// - Precondition: nothing is in the way of it, and what the session has is not recalled.
    mutating func grant(_ lease: CacheLease, on inode: InodeNumber, to session: SessionID) -> LeaseGrant {
        var entry = entries[inode] ?? Entry()
        let held = max(entry.holders[session]?.lease ?? lease, lease)
        let stamp = nextStamp()
        entry.holders[session] = Holding(lease: held, stamp: stamp)
        entry.pins.remove(session)
        entries[inode] = entry
        return LeaseGrant(inode, held, stamp: stamp)
    }

    /// - Returns: whether it was heeded.
    mutating func give(back returned: LeaseReturn, from session: SessionID) -> Bool {
        guard var entry = entries[returned.inode] else { return false }
        if let held = entry.holders[session] {
            guard returned.stamp >= held.stamp else { return false }
            let kept = returned.keeping.map { min(held.lease, $0) }
            entry.holders[session] = kept.map { Holding(lease: $0, stamp: held.stamp) }
        }
        let kept = entry.holders[session]?.lease
        if returned.isOpen, kept == nil { entry.pins.insert(session) }
        if let recall = entry.recalls[session], kept.map({ kept in recall.keeping.map { kept <= $0 } ?? false }) ?? true {
            entry.recalls[session] = nil
        }
        entries[returned.inode] = entry.isEmpty ? nil : entry
        return true
    }

    /// - Returns: whether the inode was open for it and is for nobody now.
    mutating func close(_ inode: InodeNumber, by session: SessionID) -> Bool {
        guard entries[inode]?.pins.remove(session) != nil else { return false }
        let isLast = entries[inode]?.pins.isEmpty ?? true
        if entries[inode]?.isEmpty ?? false { entries[inode] = nil }
        return isLast
    }

    /// Takes all that a session has.
    ///
    /// - Returns: what it may have had open, in order.
    mutating func remove(_ session: SessionID) -> [InodeNumber] {
        var closed: [InodeNumber] = []
        for number in entries.keys.sorted() {
            guard var entry = entries[number] else { continue }
            let (wasPinned, wasHeld) = (entry.pins.remove(session) != nil, entry.holders[session] != nil)
            guard wasPinned || wasHeld else { continue }
            closed.append(number)
            entry.holders[session] = nil
            entry.recalls[session] = nil
            entries[number] = entry.isEmpty ? nil : entry
        }
        return closed
    }

    /// What a session was asked for and has not given back, in the order of the inodes.
    func recalls(of session: SessionID) -> [LeaseRecall] {
        entries.compactMap { number, entry in
            entry.recalls[session].map { LeaseRecall(number, keeping: $0.keeping, stamp: $0.stamp) }
        }.sorted { $0.inode < $1.inode }
    }

    /// Notes that a session has something open without a lease.
    mutating func pin(_ inode: InodeNumber, by session: SessionID) {
        if entries[inode]?.holders[session] == nil { entries[inode, default: Entry()].pins.insert(session) }
    }

    /// When the recall was made that is outstanding longest.
    var oldestRecall: Instant? { entries.values.flatMap { $0.recalls.values.map(\.since) }.min() }

    /// Sessions that were asked before an instant and have not given back, in order.
    func overdue(before instant: Instant) -> [SessionID] {
        var sessions: Set<SessionID> = []
        for entry in entries.values {
            for (session, recall) in entry.recalls.pairs where recall.since < instant { sessions.insert(session) }
        }
        return sessions.sorted()
    }
}

/// What a request needs of an inode before it can be answered.
struct LeaseNeed: Hashable {
    enum Kind: Hashable {
        /// To keep what it is told.
        case toRead
        /// To change it, or to keep what it changes.
        case toChange

        /// What others may have meanwhile.
        var leavesOthers: CacheLease? {
            switch self {
            case .toRead: .read
            case .toChange: nil
            }
        }
    }

    let inode: InodeNumber
    let kind: Kind
}
