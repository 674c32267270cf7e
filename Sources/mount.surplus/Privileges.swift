import Glibc

/// The rights of root, which are needed to mount and not to serve.
enum Privileges {
    /// Becomes another user for good, with all threads, when this process is root; otherwise it stays who it is.
    static func drop(toUser user: UInt32, group: UInt32) throws(MountFailure) {
        guard geteuid() == 0, user != 0 else { return }
        // glibc has these calls carried out by every thread.
        guard setgroups(0, nil) == 0, setgid(group) == 0, setuid(user) == 0 else {
            throw MountFailure(.system, "failed to become the agent's user \(user): \(Background.text(of: errno))")
        }
        guard setuid(0) != 0, geteuid() == user, getuid() == user else {
            throw MountFailure(.system, "failed to give up the rights of root for those of user \(user)")
        }
    }
}
