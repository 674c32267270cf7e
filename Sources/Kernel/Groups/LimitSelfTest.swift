import Glibc
import Resources

/// Shows, before anything is lent, that limits bite here: a program that wants a whole processor is held at a hundredth of
/// one (so little that it is held back even on a busy machine, where guests get next to nothing), and limits on memory and processes read back as written.
package struct LimitSelfTest: Sendable {
    /// Why a limit does not bite.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var description: String
    }

    private static let ceiling: Millicores = 10
    private static let memory = Bytes.mebibytes(64)
    /// How long is measured at least, and waited at most for the program to be held back on a busy machine.
    private static let shortest = Microseconds.milliseconds(150)
    private static let longest = Microseconds.seconds(5)

    private let groups: any GuestGroups
    private let kernel: any KernelCalls

    package init(_ groups: any GuestGroups, kernel: any KernelCalls = LinuxKernel()) {
        self.groups = groups
        self.kernel = kernel
    }

    /// Takes about 0.2 s; leaves nothing behind.
    ///
    /// - Parameter group: The name of a group of the test's own.
    /// - Throws: ``Failure``.
    package func run(in group: String) throws(Failure) {
        var child: pid_t?
        defer { cleanUp(group, child) }
        do throws(KernelError) {
            try groups.make(group)
            try groups.setMemoryLimit(Self.memory, of: group)
            try groups.setProcessLimit(16, of: group)
            try groups.setCeiling(Self.ceiling, of: group)
            child = try spin(in: group)
        } catch { throw Failure(description: "\(error)") }
        try observe(group)
    }

    /// The program waits for a line before it begins, so that it does so inside the group.
    private func spin(in group: String) throws(KernelError) -> pid_t {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw KernelError("make a pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in ends { close(end) } }
        let child = try ChildProcess.start(["/bin/sh", "-c", "read line; while :; do :; done"], input: ends[0])
        do throws(KernelError) {
            try groups.add(child, to: group)
        } catch {
            Glibc.kill(child, SIGKILL)
            waitpid(child, nil, 0)
            throw error
        }
        _ = write(ends[1], "\n", 1)
        return child
    }

    private func observe(_ group: String) throws(Failure) {
        let start = SystemClock.instant()
        var elapsed = Microseconds.zero
        while elapsed < Self.longest {
            usleep(25_000)
            elapsed = SystemClock.instant() - start
            let usage: GroupUsage
            do { usage = try groups.usage(of: group) } catch { throw Failure(description: "\(error)") }
            // one period's quota may be spent before the first period ends
            let allowed = CoreMicroseconds(Self.ceiling, for: elapsed * 2) + 40_000
            guard usage.cpu <= allowed else {
                throw Failure(
                    description: "a program used \(usage.cpu.mean(over: elapsed)) under a ceiling of \(Self.ceiling)")
            }
            if elapsed >= Self.shortest && usage.throttled > .zero { return }
        }
        throw Failure(description: "a program under a ceiling of \(Self.ceiling) was never held back")
    }

    private func cleanUp(_ group: String, _ child: pid_t?) {
        if let child {
            Glibc.kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        // should this fail, the next start removes what is left
        _ = try? groups.kill(group)
        try? groups.remove(group)
    }
}
