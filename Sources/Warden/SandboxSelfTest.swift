import Glibc
import Kernel
import Resources
import Sandbox

/// Shows that programs can be run here: starts one that does nothing, through a shim and a sandbox as for any job.
struct SandboxSelfTest {
    private static let patience = Microseconds.seconds(5)

    private let configuration: WardenConfiguration
    private let directory: String

    init(_ configuration: WardenConfiguration) {
        self.configuration = configuration
        directory = configuration.state + "/self-test"
    }

    /// Takes about 50 ms; leaves nothing behind.
    ///
    /// - Returns: why it does not work; `nil` when it does.
    func run() -> String? { fault(with: nil) }

    /// The same with a network, which takes some 200 ms: nothing is sent by it.
    ///
    /// - Returns: why jobs cannot have one; `nil` when they can.
    func runConnected() -> String? {
        // what passes could not be counted as the guest's, nor ended with it
        guard configuration.isPrivileged else { return "the warden runs without privileges" }
        return GuestNetwork.obstacle() ?? fault(with: OutboundNetwork())
    }

    private func fault(with network: OutboundNetwork?) -> String? {
        guard access(BubblewrapCommand.program, X_OK) == 0 else {
            return "\(BubblewrapCommand.program) is missing: install bubblewrap"
        }
        guard configuration.isPrivileged || geteuid() != 0 else {
            return "guests would run as root: start the warden as another user, or without --unprivileged"
        }
        do throws(KernelError) {
            try FileTree(directory).remove()
            let end = try runNothing(with: network)
            try FileTree(directory).remove()
            return Self.fault(in: end)
        } catch { return error.description }
    }

    private static func fault(in end: ExitRecord?) -> String? {
        switch end?.reason {
        case .exited(0): nil
        case .sandboxFailed(let reason), .notStarted(_, let reason), .stopped(let reason), .interrupted(let reason): reason
        case .exited, .signalled: "a program that does nothing ended with \(end.map { "\($0.reason)" } ?? "")"
        case nil: "a program that does nothing did not end within \(Self.patience.text), or its end was not recorded"
        }
    }

    private func runNothing(with network: OutboundNetwork?) throws(KernelError) -> ExitRecord? {
        let files = JobFiles(directory: directory)
        let user = configuration.isPrivileged ? configuration.firstGuestUser + uid_t(WardenLimits.jobs) - 1 : geteuid()
        for (path, mode) in [(directory, mode_t(0o711)), (files.work, 0o700)] {
            guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else { throw KernelError("make \(path)", errno) }
        }
        guard !configuration.isPrivileged || chown(files.work, user, gid_t(user)) == 0 else {
            throw KernelError("give \(files.work) to user \(user)", errno)
        }
        try files.write(
            ShimSpec(
                guest: GuestSpec(
                    job: JobID(high: 0, low: 0), lease: LeaseID(high: 0, low: 0), program: "true", network: network),
                agent: .current, runAs: configuration.isPrivileged ? ProcessOwner(user: user, group: gid_t(user)) : nil,
                enforcement: "self-test", groups: []))
        let shim = try ChildProcess.start([configuration.shimProgram, "shim", directory], errors: STDERR_FILENO)
        defer { waitpid(shim, nil, 0) }
        // A wait that looks again and again would take the time from what it waits for.
        if try ChildProcess.wait(for: shim, atMost: Self.patience) { return try files.exitRecord() }
        kill(shim, SIGKILL)
        return nil
    }
}
