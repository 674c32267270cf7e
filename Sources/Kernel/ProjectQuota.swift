import CLinux
import Glibc
import Resources

/// A project of a file system that counts what belongs to each project and refuses what would be too much: XFS and ext4, where
/// they were told so (mount option `prjquota`).
package struct ProjectQuota: Hashable, Sendable {
    /// Two directories of one file system with the same number are one project.
    package let number: UInt32

    package init(number: UInt32) { self.number = number }

    /// Makes an empty directory, with all that will be in it, this project's.
    ///
    /// - Throws: ``KernelError``, with `ENOTTY` or `EOPNOTSUPP` where there are no projects.
    package func take(_ directory: String) throws(KernelError) {
        try open(directory) { descriptor throws(KernelError) in
            guard surplus_set_project(descriptor, number) == 0 else { throw KernelError("make \(directory) a project", errno) }
        }
    }

    /// Limits what the project may keep on the file system of `directory`; writing more fails with `EDQUOT` or `ENOSPC` there.
    ///
    /// - Parameters:
    ///   - bytes: In whole blocks of 512 bytes; zero for without limit.
    ///   - files: Directories count, too; zero for without limit.
    /// - Throws: ``KernelError``, with `ENOSYS` before Linux 5.14, `ESRCH` where projects are not counted, `EPERM` without
    ///   `CAP_SYS_ADMIN`.
    package func limit(to bytes: Bytes, files: Int, at directory: String) throws(KernelError) {
        try open(directory) { descriptor throws(KernelError) in
            guard surplus_limit_project(descriptor, number, UInt64(bytes.rawValue) / 512, UInt64(files)) == 0 else {
                throw KernelError("limit what may be kept in \(directory)", errno)
            }
        }
    }

    private func open(_ directory: String, _ body: (Int32) throws(KernelError) -> Void) throws(KernelError) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open \(directory)", errno) }
        defer { close(descriptor) }
        try body(descriptor)
    }
}
