import CFUSE
import Glibc

/// Who made a system call.
package struct Caller: Sendable, Hashable {
    package let user: UInt32
    package let group: UInt32
    /// The thread's id; 0 when it is in another process namespace.
    package let process: Int32
    /// What new files do not permit; applied already.
    package let umask: UInt16

    init(_ request: fuse_req_t) {
        let context = fuse_req_ctx(request).pointee
        user = context.uid
        group = context.gid
        process = context.pid
        umask = UInt16(truncatingIfNeeded: context.umask)
    }

    /// The groups that the caller is in beside its own, read from the kernel; none when it is gone or cannot be seen.
    ///
    /// Right only while the call is being answered: the caller waits that long.
    package func supplementaryGroups() -> [UInt32] {
        guard process > 0, let file = fopen("/proc/\(process)/status", "re") else { return [] }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        while getline(&line, &room, file) > 0, let text = line.map({ String(cString: $0) }) {
            guard text.hasPrefix("Groups:") else { continue }
            return text.dropFirst(7).split(whereSeparator: \.isWhitespace).compactMap { UInt32($0) }
        }
        return []
    }
}
