import Glibc
import Kernel
import Resources

/// Whether the data directory can take what an agent must write.
struct DiskChecks {
    private static let scarce = Bytes.gibibytes(1)
    private static let tooLittle = Bytes.mebibytes(64)

    let directory: String
    /// This process is the agent, which has to have the directory.
    var isAgent = true
    /// What a quick check of the ledger found: `nil` for nothing.
    let ledgerFault: () throws -> String?

    var findings: [Finding] {
        guard access(directory, F_OK) == 0 else {
            return [
                errno == ENOENT
                    ? .note(.disk, "data directory", "\(directory) does not exist yet: the agent makes it")
                    : unreadable
            ]
        }
        guard access(directory, R_OK | W_OK | X_OK) == 0 else { return [unreadable] }
        return [space, writing, ledger]
    }

    /// Whether this user, who is not root and need not be the one that runs the agent, is kept out of it.
    static func isClosed(_ directory: String) -> Bool {
        geteuid() != 0 && access(directory, R_OK | W_OK | X_OK) != 0 && (errno == EACCES || errno == EPERM)
    }

    private var unreadable: Finding {
        guard isAgent || !Self.isClosed(directory) else {
            return .warning(
                .disk, "data directory", "this user may not look into \(directory)",
                remedy: "look as root or as the user that runs the agent, who must own it")
        }
        return .fault(
            .disk, "data directory", "\(directory) cannot be looked into: \(String(cString: strerror(errno)))",
            remedy: "look as root or as the user that runs the agent, who must own it")
    }

    private var space: Finding {
        guard let free = FileSystemSpace(of: directory)?.free else { return unreadable }
        let finding = "\(free.shortText) are free for \(directory)"
        if free < Self.tooLittle { return .fault(.disk, "space", finding, remedy: "make room: nothing can be recorded soon") }
        if free < Self.scarce { return .warning(.disk, "space", finding, remedy: "make room") }
        return .fine(.disk, "space", finding)
    }

    /// A file that is written, made durable and removed.
    private var writing: Finding {
        let path = "\(directory)/.doctor-\(getpid())"
        func fault(_ what: String) -> Finding {
            .fault(
                .disk, "writing", "failed to \(what) in \(directory): \(String(cString: strerror(errno)))",
                remedy: "see the kernel's log, mount options and quotas")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return fault("make a file") }
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 0, count: 4096)
        guard write(descriptor, page, page.count) == page.count else { return fault("write") }
        guard fsync(descriptor) == 0 else { return fault("make a file durable") }
        return .fine(.disk, "writing", "files can be written and made durable")
    }

    private var ledger: Finding {
        do {
            guard let fault = try ledgerFault() else { return .fine(.disk, "ledger", "the current segment is whole") }
            return .fault(
                .disk, "ledger", "it is damaged: \(fault)", remedy: "stop the agent and restore the ledger from a backup")
        } catch {
            return .fault(.disk, "ledger", "it cannot be read: \(error)", remedy: "see the kernel's log for faults of the disk")
        }
    }
}
