import Glibc
import Kernel
import Resources

/// A user and group of the kernel, by number.
package struct ProcessOwner: Hashable, Sendable {
    package var user: uid_t
    package var group: gid_t

    package init(user: uid_t, group: gid_t) {
        self.user = user
        self.group = group
    }

    /// Those this process acts as.
    package static var current: Self { Self(user: geteuid(), group: getegid()) }

    /// Gives an open file to this owner; nothing to do when the caller is it, as without privileges.
    package func take(_ descriptor: Int32, called name: String) throws(KernelError) {
        guard self != .current else { return }
        guard fchown(descriptor, user, group) == 0 else { throw KernelError("give \(name) to user \(user)", errno) }
    }
}

extension ProcessOwner: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(UInt64(user))
        writer.write(UInt64(group))
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        // the highest number stands for "no change" in system calls
        let ids = 0...Int(uid_t.max) - 1
        self.init(user: uid_t(try reader.number(in: ids)), group: gid_t(try reader.number(in: ids)))
    }
}
