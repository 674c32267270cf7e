import Resources

/// The two kinds of locks that a file can have; they do not hinder each other.
package enum LockKind: UInt8, CaseIterable, Hashable, Sendable {
    /// On ranges of bytes, as fcntl(2) has them.
    case bytes = 1
    /// On open files, as flock(2) has them.
    case wholeFile = 2
}

/// Where a lock of a session is, and whose.
package struct LockPlace: Hashable, Sendable {
    package let inode: InodeNumber
    package let kind: LockKind
    /// As the session's kernel names it.
    package let owner: UInt64
    /// From the first to the last byte, both included; `UInt64.max` stands for the end of the file. Of whole files all.
    package let range: ClosedRange<UInt64>

    package init(_ inode: InodeNumber, _ kind: LockKind, owner: UInt64, range: ClosedRange<UInt64> = 0...UInt64.max) {
        self.inode = inode
        self.kind = kind
        self.owner = owner
        self.range = range
    }
}

/// A lock that a session has or wants.
package struct LockClaim: Hashable, Sendable {
    package let place: LockPlace
    package let isExclusive: Bool
    /// For those who ask who is in the way.
    package let process: Int32

    package init(_ place: LockPlace, isExclusive: Bool, process: Int32) {
        self.place = place
        self.isExclusive = isExclusive
        self.process = process
    }

    func lock(of session: SessionID) -> RangeLock {
        RangeLock(
            holder: LockHolder(session: session, owner: place.owner), range: place.range, isExclusive: isExclusive,
            process: process)
    }

    init(_ lock: RangeLock, _ kind: LockKind, on inode: InodeNumber) {
        self.init(
            LockPlace(inode, kind, owner: lock.holder.owner, range: lock.range), isExclusive: lock.isExclusive,
            process: lock.process)
    }
}
