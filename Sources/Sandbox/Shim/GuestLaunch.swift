import CLinux
import Glibc
import Kernel

/// Starts what runs as a guest, its sandbox and its network: the one place where this program forks.
///
/// - Precondition: The process has a single thread, as a shim has.
struct GuestLaunch {
    /// The descriptors that become the program's standard input, output and error.
    var stdio: [Int32]
    /// Descriptors that the program shall find under the same numbers.
    var inherited: [Int32]
    var spec: ShimSpec
    var defences: Defences
    /// The command line, its first entry the path of the program.
    var command: [String]

    /// What the child does between fork and exec, in this order, as told when it fails.
    private enum Step: Int32 {
        case joinGroups, limitResources, changeUser, passDescriptors, execute

        func action(_ program: String) -> String {
            switch self {
            case .joinGroups: "put the guest into its control groups"
            case .limitResources: "limit the guest's resources"
            case .changeUser: "change to the guest's user"
            case .passDescriptors: "hand over the guest's standard streams"
            case .execute: "execute \(program)"
            }
        }
    }

    private struct Failure: Error {
        var step: Step
        var number: Int32
    }

    /// Returns once the program runs.
    func start() throws(KernelError) -> pid_t {
        let report = try Descriptor.pipe()
        defer { close(report.reading) }
        let pid = surplus_fork()
        if pid == 0 { becomeSandbox(reportingTo: report.writing) }
        let fault = errno
        close(report.writing)
        guard pid > 0 else { throw KernelError("fork", fault) }
        let words = (try Descriptor.read(report.reading, atMost: 8, of: "the report of a fork") ?? [])
            .withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
        guard words.count == 2 else { return pid }
        waitpid(pid, nil, 0)
        throw KernelError(Step(rawValue: words[0])?.action(command[0]) ?? "start \(command[0])", words[1])
    }

    /// In the child.
    private func becomeSandbox(reportingTo report: Int32) -> Never {
        do throws(Failure) {
            try joinGroups()
            try limitResources()
            try changeUser()
            try passDescriptors()
            try execute()
        } catch {
            let words = [error.step.rawValue, error.number]
            _ = words.withUnsafeBytes { write(report, $0.baseAddress, $0.count) }
            _exit(127)
        }
    }

    private func joinGroups() throws(Failure) {
        for group in spec.groups {
            let descriptor = open(group, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0, write(descriptor, "0", 1) == 1 else { throw Failure(step: .joinGroups, number: errno) }
            close(descriptor)
        }
    }

    private func limitResources() throws(Failure) {
        for entry in ResourceLimits.all(for: spec) where defences.has(entry.defence) {
            try limit(entry.resource, to: entry.most)
        }
        if defences.has(.lowPriority) { nice(19) }
        _ = surplus_become_io_idle()  // helps where the disk's scheduler heeds it
        // should the machine run out of memory, guests go first
        do throws(KernelError) { try ShortageRank.raise(to: 1000) } catch {
            throw Failure(step: .limitResources, number: error.number)
        }
    }

    private func limit(_ resource: __rlimit_resource, to most: rlim_t) throws(Failure) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
            throw Failure(step: .limitResources, number: errno)
        }
        limit.rlim_max = min(limit.rlim_max, most)
        limit.rlim_cur = limit.rlim_max
        guard setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
            throw Failure(step: .limitResources, number: errno)
        }
    }

    private func changeUser() throws(Failure) {
        if let user = spec.runAs {
            guard setgroups(0, nil) == 0, setgid(user.group) == 0, setuid(user.user) == 0 else {
                throw Failure(step: .changeUser, number: errno)
            }
        }
        // a guest never runs as root, not even by a mistake in its plan
        guard geteuid() != 0, getuid() != 0 else { throw Failure(step: .changeUser, number: EPERM) }
        guard surplus_set_no_new_privileges() == 0 else { throw Failure(step: .changeUser, number: errno) }
    }

    private func passDescriptors() throws(Failure) {
        for (number, descriptor) in zip(Int32(0)..., stdio) where dup2(descriptor, number) < 0 {
            throw Failure(step: .passDescriptors, number: errno)
        }
        for descriptor in inherited { Descriptor.setCloseOnExec(descriptor, false) }
        umask(0o022)
        signal(SIGPIPE, SIG_DFL)
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }

    private func execute() throws(Failure) -> Never {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
        execve(command[0], &arguments, &environment)
        throw Failure(step: .execute, number: errno)
    }
}
