import Glibc
import Kernel
import Resources
import Sandbox

/// Finds out whether the file system of the warden's state holds jobs to what they may keep on it, by trying to keep more.
struct DiskSelfTest {
    /// XFS reserves some 100 KiB to make a file at all.
    private static let limit = Bytes(1 << 20)
    private static let files = 16

    private let directory: String
    private let quota: ProjectQuota

    init(_ configuration: WardenConfiguration) {
        directory = configuration.state + "/self-test-disk"
        quota = configuration.quota(ofSlot: WardenLimits.jobs - 1)
    }

    /// Leaves nothing behind.
    ///
    /// - Returns: why it does not; `nil` when it does.
    func run() -> String? {
        do throws(KernelError) {
            try FileTree(directory).remove()
            guard mkdir(directory, 0o700) == 0 else { throw KernelError("make \(directory)", errno) }
            let fault = try tryOut()
            try FileTree(directory).remove()
            return fault
        } catch {
            // what is left is removed by the next start
            try? FileTree(directory).remove()
            return error.description
        }
    }

    private func tryOut() throws(KernelError) -> String? {
        try quota.take(directory)
        try quota.limit(to: Self.limit, files: Self.files, at: directory)
        let fault = try keepTooMuch() ? "projects are counted there, but not limited" : nil
        try quota.limit(to: .zero, files: 0, at: directory)
        return fault
    }

    /// Whether twice as much as may be kept can be.
    private func keepTooMuch() throws(KernelError) -> Bool {
        let path = directory + "/file"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw KernelError("make \(path)", errno) }
        defer { close(descriptor) }
        switch posix_fallocate(descriptor, 0, off_t(Self.limit.rawValue * 2)) {
        case 0: return true
        case EDQUOT, ENOSPC: return false
        case let fault: throw KernelError("write \(path)", fault)
        }
    }
}
