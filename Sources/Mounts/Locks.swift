import Glibc
import Volumes

/// Whoever holds locks: processes that share a table of descriptors for byte ranges, an open file for whole-file locks. The same
/// value means different owners in the two kinds.
package struct LockOwner: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a lock is on. The two kinds do not hinder each other.
package enum LockSpan: Hashable, Sendable {
    /// Bytes from the first to the last, both included, as fcntl(2) locks them; `UInt64.max` stands for the end of the file,
    /// wherever it will be.
    case bytes(ClosedRange<UInt64>)
    /// As flock(2) locks it.
    case wholeFile
}

package struct FileLock: Hashable, Sendable {
    package var span: LockSpan
    package var isExclusive: Bool
    package var owner: LockOwner
    /// For those who ask who is in the way: of the process that took it.
    package var process: Int32

    package init(_ span: LockSpan, isExclusive: Bool, owner: LockOwner, process: Int32) {
        self.span = span
        self.isExclusive = isExclusive
        self.owner = owner
        self.process = process
    }
}

package enum LockOutcome: Sendable {
    case taken
    /// The wait that was given is kept, and will be ended.
    case waits
}

extension LockSpan {
    init(_ lock: flock) {
        let first = UInt64(max(0, lock.l_start))
        let (last, overflows) = first.addingReportingOverflow(UInt64(max(0, lock.l_len)) &- 1)
        self = .bytes(first...(lock.l_len <= 0 || overflows ? .max : last))
    }
}

extension flock {
    /// As fcntl(2) tells who is in the way.
    init(_ lock: FileLock) {
        self.init()
        l_type = Int16(lock.isExclusive ? F_WRLCK : F_RDLCK)
        l_whence = Int16(SEEK_SET)
        l_pid = lock.process
        guard case .bytes(let range) = lock.span else { return }
        l_start = off_t(clamping: range.lowerBound)
        l_len = range.upperBound >= UInt64(off_t.max) ? 0 : off_t(range.upperBound - range.lowerBound + 1)
    }
}
