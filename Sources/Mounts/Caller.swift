import CFUSE
import Glibc

/// Who made a system call.
package struct Caller: Sendable, Hashable {
    package let user: UInt32
    package let group: UInt32
    /// The thread's id; 0 when it is in another process namespace.
    package let process: Int32
    /// What new files do not permit, applied already; known in calls that make something.
    package let umask: UInt16

    package init(user: UInt32, group: UInt32, process: Int32, umask: UInt16) {
        self.user = user
        self.group = group
        self.process = process
        self.umask = umask
    }

    init(_ request: fuse_req_t) {
        let context = fuse_req_ctx(request).pointee
        self.init(
            user: context.uid, group: context.gid, process: context.pid, umask: UInt16(truncatingIfNeeded: context.umask))
    }

    /// The groups that the caller is in beside its own, read from the kernel; none when it is gone or cannot be seen.
    ///
    /// Right only while the call is being answered: the caller waits that long.
    package func supplementaryGroups() -> [UInt32] {
        guard process > 0 else { return [] }
        let words = KernelFile.lines("/proc/\(process)/status").lazy.map { $0.split(whereSeparator: \.isWhitespace) }
        return words.first { $0.first == "Groups:" }?.dropFirst().compactMap { UInt32($0) } ?? []
    }
}
