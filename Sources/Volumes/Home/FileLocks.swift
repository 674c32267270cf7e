import Resources

/// Whoever holds locks on files: an owner of a session, as its kernel names it.
package struct LockHolder: Hashable, Comparable, Sendable {
    package let session: SessionID
    package let owner: UInt64

    package init(session: SessionID, owner: UInt64) {
        self.session = session
        self.owner = owner
    }

    package static func < (a: Self, b: Self) -> Bool { (a.session, a.owner) < (b.session, b.owner) }
}

/// A lock on bytes of a file, for all who heed locks.
package struct RangeLock: Hashable, Sendable {
    package var holder: LockHolder
    /// From the first to the last byte, both included; `UInt64.max` stands for the end of the file, wherever it will be.
    package var range: ClosedRange<UInt64>
    /// Nobody else may have a lock there; otherwise others may have such that are not exclusive either.
    package var isExclusive: Bool
    /// For those who ask who is in the way.
    package var process: Int32

    package init(holder: LockHolder, range: ClosedRange<UInt64>, isExclusive: Bool, process: Int32 = 0) {
        self.holder = holder
        self.range = range
        self.isExclusive = isExclusive
        self.process = process
    }

    fileprivate func conflicts(with other: RangeLock) -> Bool {
        holder != other.holder && range.overlaps(other.range) && (isExclusive || other.isExclusive)
    }
}

/// The locks on the files of a volume, of one kind: byte ranges as fcntl(2) has them, or whole files as flock(2) does. The two do not
/// hinder each other, so there is a table for each.
///
/// Who waits is served in the order in which they came, as far as nothing is in the way.
struct FileLocks {
    struct Wait: Hashable {
        let key: RequestKey
        let inode: InodeNumber
        let lock: RangeLock
    }

    enum Outcome: Hashable {
        case taken
        case waits
        /// Somebody has a lock there.
        case refused(RangeLock)
        /// It would never end: who has the lock waits, over some others, for who asks.
        case deadlock
    }

    /// Of each holder neither overlapping nor, where they are alike, touching; in the order of their first bytes.
    private var held: [InodeNumber: [RangeLock]] = [:]
    private(set) var waits: [Wait] = []
    /// How many each session has.
    private var counts: [SessionID: Int] = [:]

    func count(of session: SessionID) -> Int { counts[session] ?? 0 }
    func isWaiting(_ key: RequestKey) -> Bool { waits.contains { $0.key == key } }
    func has(_ holder: LockHolder, on inode: InodeNumber) -> RangeLock? { held[inode]?.first { $0.holder == holder } }

    /// The first lock of somebody else that is in the way of one, by where it begins.
    func conflict(with lock: RangeLock, on inode: InodeNumber) -> RangeLock? {
        held[inode]?.first { $0.conflicts(with: lock) }
    }

    /// Takes a lock, in place of what the holder has in its range.
    ///
    /// - Parameters:
    ///   - key: of who is ready to wait; `nil` otherwise.
    ///   - refusesDeadlocks: whether a wait that would never end is refused, as fcntl(2) does and flock(2) does not.
    mutating func lock(
        _ lock: RangeLock, on inode: InodeNumber, waiting key: RequestKey?, refusesDeadlocks: Bool = true
    ) -> Outcome {
        guard let conflict = conflict(with: lock, on: inode) else {
            put(lock, on: inode)
            return .taken
        }
        guard let key else { return .refused(conflict) }
        let isDeadlock = refusesDeadlocks && isAwaited(lock.holder, by: holders(inTheWayOf: lock, on: inode))
        guard !isDeadlock else { return .deadlock }
        waits.append(Wait(key: key, inode: inode, lock: lock))
        return .waits
    }

    private func holders(inTheWayOf lock: RangeLock, on inode: InodeNumber) -> [LockHolder] {
        (held[inode] ?? []).filter { $0.conflicts(with: lock) }.map(\.holder)
    }

    /// Whether any of some holders waits for what another one has, directly or over others.
    private func isAwaited(_ holder: LockHolder, by others: [LockHolder]) -> Bool {
        var (open, seen) = (others, Set(others))
        while let next = open.popLast() {
            if next == holder { return true }
            for wait in waits where wait.lock.holder == next {
                for other in holders(inTheWayOf: wait.lock, on: wait.inode) where seen.insert(other).inserted {
                    open.append(other)
                }
            }
        }
        return false
    }

    /// Gives back what a holder has in a range.
    ///
    /// - Returns: who waited and has its lock now, in order.
    mutating func unlock(_ range: ClosedRange<UInt64>, of holder: LockHolder, on inode: InodeNumber) -> [Wait] {
        cut(range, of: holder, on: inode)
        return grant()
    }

    /// Whoever waited does not any more.
    ///
    /// - Returns: whether it waited; otherwise it has the lock, or never asked.
    mutating func giveUp(_ key: RequestKey) -> Bool {
        let count = waits.count
        waits.removeAll { $0.key == key }
        return waits.count < count
    }

    /// Takes all that a session has and waits for.
    ///
    /// - Returns: who waited and has its lock now, in order.
    mutating func remove(_ session: SessionID) -> [Wait] {
        waits.removeAll { $0.lock.holder.session == session }
        for (inode, locks) in held { set(locks.filter { $0.holder.session != session }, on: inode, of: session) }
        return grant()
    }

    /// What a session has, by inode and first byte.
    func locks(of session: SessionID) -> [(inode: InodeNumber, lock: RangeLock)] {
        held.flatMap { inode, locks in locks.filter { $0.holder.session == session }.map { (inode, $0) } }
            .sorted { ($0.inode, $0.lock.range.lowerBound) < ($1.inode, $1.lock.range.lowerBound) }
    }

    /// Gives those who wait what is free for them now.
    ///
    /// - Returns: who has its lock now, in order.
    mutating func grant() -> [Wait] {
        var granted: [Wait] = []
        for wait in waits where conflict(with: wait.lock, on: wait.inode) == nil {
            put(wait.lock, on: wait.inode)
            granted.append(wait)
        }
        waits.removeAll { granted.contains($0) }
        return granted
    }

    // MARK: Ranges

    /// - Parameter session: whose locks alone are other ones than before.
    private mutating func set(_ locks: [RangeLock], on inode: InodeNumber, of session: SessionID) {
        func own(_ locks: [RangeLock]) -> Int { locks.count { $0.holder.session == session } }
        let count = count(of: session) + own(locks) - own(held[inode] ?? [])
        counts[session] = count == 0 ? nil : count
        held[inode] = locks.isEmpty ? nil : locks
    }

    private mutating func cut(_ range: ClosedRange<UInt64>, of holder: LockHolder, on inode: InodeNumber) {
        var rest: [RangeLock] = []
        for lock in held[inode] ?? [] {
            guard lock.holder == holder, lock.range.overlaps(range) else {
                rest.append(lock)
                continue
            }
            if lock.range.lowerBound < range.lowerBound {
                rest.append(lock.with(lock.range.lowerBound...range.lowerBound - 1))
            }
            if lock.range.upperBound > range.upperBound { rest.append(lock.with(range.upperBound + 1...lock.range.upperBound)) }
        }
        set(rest, on: inode, of: holder.session)
    }

    private mutating func put(_ lock: RangeLock, on inode: InodeNumber) {
        cut(lock.range, of: lock.holder, on: inode)
        var (joined, rest) = (lock, [RangeLock]())
        for other in held[inode] ?? [] {
            if other.holder == lock.holder, other.isExclusive == lock.isExclusive, other.range.touches(joined.range) {
                joined.range =
                    min(
                        other.range.lowerBound, joined.range.lowerBound)...max(
                        other.range.upperBound, joined.range.upperBound)
            } else {
                rest.append(other)
            }
        }
        let place = rest.firstIndex { $0.range.lowerBound > joined.range.lowerBound } ?? rest.count
        rest.insert(joined, at: place)
        set(rest, on: inode, of: lock.holder.session)
    }
}

extension RangeLock {
    fileprivate func with(_ range: ClosedRange<UInt64>) -> Self {
        Self(holder: holder, range: range, isExclusive: isExclusive, process: process)
    }
}

extension ClosedRange<UInt64> {
    fileprivate func touches(_ other: Self) -> Bool {
        overlaps(other) || (upperBound < .max && upperBound + 1 == other.lowerBound)
            || (other.upperBound < .max && other.upperBound + 1 == lowerBound)
    }
}
