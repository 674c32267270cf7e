/// What a user may say with `-o` about a mount.
///
/// As with every FUSE file system set-id bits and device files have no effect unless asked for.
package struct MountOptions: Sendable, Hashable {
    package enum Access: Sendable, Hashable {
        /// Whoever mounts it.
        case mounter
        /// Whoever mounts it, and root.
        case mounterAndRoot
        /// Everybody, as far as permissions go.
        case everybody
    }

    package var isReadOnly = false
    package var access = Access.mounter
    package var heedsSetID = false
    package var hasDevices = false
    package var runsPrograms = true
    /// Reading a file sets its time of access. The kernel leaves that to the file system.
    package var recordsAccess = true
    /// Each write is durable before it is acknowledged.
    package var isSynchronous = false
    /// Each change of a directory is durable before it is acknowledged.
    package var hasSynchronousDirectories = false
    /// Options that are the mounting program's own, with their values.
    package var own: [String: String] = [:]

    package init() {}

    // MARK: For libfuse

    /// What stands after `-o` for libfuse, which passes on to the kernel what is the kernel's.
    func ofLibrary(source: String) -> String {
        // Its words are separated by commas, and a backslash takes the next byte as it is.
        let name = source.map { $0 == "," || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        var words = [
            "fsname=\(name)", "subtype=\(MountPoint.subtype)", "default_permissions",
            "max_read=\(MountSettings.largestTransfer.rawValue)",
            isReadOnly ? "ro" : "rw", heedsSetID ? "suid" : "nosuid", hasDevices ? "dev" : "nodev",
            runsPrograms ? "exec" : "noexec",
            isSynchronous ? "sync" : "async", recordsAccess ? "atime" : "noatime",
        ]
        if hasSynchronousDirectories { words.append("dirsync") }
        switch access {
        case .mounter: break
        case .mounterAndRoot: words.append("allow_root")
        case .everybody: words.append("allow_other")
        }
        return words.joined(separator: ",")
    }
}
