import CLinux
import Glibc
import Kernel
import Resources

/// The process that stands between one job and everything else: it starts the program, owns its input and outputs, and records
/// its end. It needs neither agent nor warden, so the job survives both.
///
/// It closes its standard output once clients can attach or the end is on record, so that who started it with a pipe there need
/// not guess.
package enum Shim {
    /// Runs the job of a directory to its end.
    ///
    /// - Parameters:
    ///   - arguments: What follows the program's `shim` word: the job's directory.
    ///   - defences: What holds the guest; less than all only in tests.
    /// - Returns: The status for the process to exit with: 0 when the end of the job is on record, 1 when it cannot be, or when
    ///   another shim has the job; 2 for wrong usage.
    package static func main(arguments: [String], defences: Defences = .all) -> Int32 {
        guard arguments.count == 1, let directory = arguments.first, directory.hasPrefix("/") else {
            complain("usage: shim DIRECTORY, the absolute path of a job's directory")
            return 2
        }
        do {
            try run(JobFiles(directory: directory), defences)
            return 0
        } catch {
            complain(error.description)
            return 1
        }
    }

    private static func run(_ files: JobFiles, _ defences: Defences) throws(KernelError) {
        try prepareProcess()
        let lock = try takeOver(files)
        defer { close(lock) }
        guard try files.exitRecord() == nil else { return }
        let spec = try files.spec()
        var loop: ShimLoop
        do throws(KernelError) {
            loop = try ShimLoop(files, spec, defences)
        } catch {
            unlink(files.socket)
            unlink(files.reserve)
            // whoever waits for the job must learn of its end, also of one before its beginning
            let now = SystemClock.utc()
            return try files.write(
                ExitRecord(
                    reason: reason(of: error), cpu: .zero, peakMemory: .zero, started: now, finished: now,
                    output: OutputSizes()), for: spec.agent.user)
        }
        try closeStandardOutput()
        try loop.run()
    }

    private static func closeStandardOutput() throws(KernelError) {
        let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard nothing >= 0, dup2(nothing, STDOUT_FILENO) >= 0 else { throw KernelError("close the standard output", errno) }
        close(nothing)
    }

    /// A command line that is too long is the program's fault, anything else the sandbox's.
    private static func reason(of error: KernelError) -> ExitReason {
        error.number == E2BIG
            ? .notStarted(status: 126, reason: "failed to execute the program: arguments and environment are too long")
            : .sandboxFailed(reason: error.description)
    }

    private static func prepareProcess() throws(KernelError) {
        // descriptors below 3 must not become anything that a guest would inherit as a standard stream
        while true {
            let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { throw KernelError("open /dev/null", errno) }
            guard descriptor < 3 else {
                close(descriptor)
                break
            }
        }
        _ = surplus_close_on_exec_from(3)
        // what the warden needs for itself in a shortage is not for the shims of guests
        try ShortageRank.raise(to: 0)
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        guard surplus_become_subreaper() == 0 else { throw KernelError("adopt the descendants of the sandbox", errno) }
    }

    /// Locks the job, so that there is one shim for it and everybody sees that there is.
    private static func takeOver(_ files: JobFiles) throws(KernelError) -> Int32 {
        let lock = open(files.plan, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard lock >= 0 else { throw KernelError("open \(files.plan)", errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let fault = errno
            close(lock)
            throw KernelError("take over the job in \(files.directory)", fault)
        }
        return lock
    }

    private static func complain(_ text: String) {
        let line = Array("surplus shim: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
