import CLinux
import Glibc
import Kernel
import Resources

/// A running guest as its shim sees it: the sandbox's processes and the shim's ends of the pipes.
struct Guest {
    /// Where the program's input goes, while it can be written.
    private(set) var stdin: Int32?
    let stdout: Int32
    let stderr: Int32
    /// Where bubblewrap tells how far it got; negative once it has told all.
    private(set) var status: Int32
    let started: Timestamp

    private let sandbox: pid_t
    /// Its way out, where it has one.
    private var network: GuestNetwork?
    private var report = SandboxReport()
    /// How bubblewrap itself ended, as `waitpid` says it.
    private var sandboxStatus: Int32?
    private(set) var cpu: CoreMicroseconds = .zero
    private(set) var peakMemory: Bytes = .zero
    /// Everything has ended and is accounted for.
    private(set) var isOver = false
    private var pendingSignals: [Int32] = []
    /// To be killed as soon as it can be.
    private var isDoomed = false

    private static let mostPendingSignals = 64

    /// Starts the guest.
    ///
    /// - Throws: ``KernelError``; nothing is left running then.
    init(_ spec: ShimSpec, in files: JobFiles, _ defences: Defences) throws(KernelError) {
        let bubblewrap = BubblewrapCommand(spec, files: files, view: try Self.view(spec), defences)
        let stdin = spec.guest.hasInput ? try Self.pipe(of: spec.runAs) : (reading: try Self.emptyInput(), writing: -1)
        let stdout = try Self.pipe(of: spec.runAs)
        let stderr = try Self.pipe(of: spec.runAs)
        let status = try Descriptor.pipe()
        var own: [Int32] = []
        for file in bubblewrap.ownFiles {
            own.append(try Descriptor.memory(holding: file.content, called: file.path))
        }
        let filters = defences.has(.callFilter) ? try Self.filters(spec) : []
        // a program that is to have a network waits for it
        let gate = spec.guest.network == nil ? nil : try Descriptor.pipe()
        let options =
            bubblewrap.options(ownFiles: own, filters: filters) + ["--json-status-fd", String(status.writing)]
            + (gate.map { ["--block-fd", String($0.reading)] } ?? [])
        let arguments = try Descriptor.memory(
            holding: options.flatMap { Array($0.utf8) + [0] }, called: "the sandbox's options")
        let launch = GuestLaunch(
            stdio: [stdin.reading, stdout.writing, stderr.writing],
            inherited: own + filters + [arguments, status.writing] + (gate.map { [$0.reading] } ?? []),
            spec: spec, defences: defences,
            command: [BubblewrapCommand.program, "--args", String(arguments), "--"] + bubblewrap.command)
        started = SystemClock.utc()
        sandbox = try launch.start()
        for descriptor in launch.stdio + launch.inherited { close(descriptor) }
        self.stdin = spec.guest.hasInput ? stdin.writing : nil
        self.stdout = stdout.reading
        self.stderr = stderr.reading
        self.status = status.reading
        for descriptor in [stdin.writing, stdout.reading, stderr.reading, status.reading] where descriptor >= 0 {
            Descriptor.makeNonBlocking(descriptor)
        }
        guard let gate, let outbound = spec.guest.network else { return }
        defer { close(gate.writing) }
        try connect(outbound, spec, in: files, defences)
        try Descriptor.writeAll([0], to: gate.writing, of: "the guest's gate")
    }

    /// Lays the way out of a sandbox that waits for it.
    private mutating func connect(
        _ outbound: OutboundNetwork, _ spec: ShimSpec, in files: JobFiles, _ defences: Defences
    ) throws(KernelError) {
        do throws(KernelError) {
            network = try GuestNetwork(outbound, for: try awaitFirstProcess(), spec, in: files, defences)
        } catch {
            if let leader = report.firstProcess { Glibc.kill(leader, SIGKILL) }
            Glibc.kill(sandbox, SIGKILL)
            waitpid(sandbox, nil, 0)
            throw error
        }
    }

    private mutating func awaitFirstProcess() throws(KernelError) -> pid_t {
        let deadline = SystemClock.instant() + .seconds(5)
        while true {
            readStatus()
            if let process = report.firstProcess { return process }
            let rest = max(.zero, deadline - SystemClock.instant())
            var watched = pollfd(fd: status, events: Int16(POLLIN), revents: 0)
            guard status >= 0, poll(&watched, 1, Int32(clamping: (rest.rawValue + 999) / 1000)) > 0 else {
                throw KernelError("make the sandbox that is to have a network", ETIMEDOUT)
            }
        }
    }

    /// A pipe that belongs to the guest's user, so that a program can open its streams again, as `/dev/stdout`.
    private static func pipe(of user: ProcessOwner?) throws(KernelError) -> (reading: Int32, writing: Int32) {
        let ends = try Descriptor.pipe()
        try user?.take(ends.reading, called: "a pipe")
        return ends
    }

    private static func emptyInput() throws(KernelError) -> Int32 {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open /dev/null", errno) }
        return descriptor
    }

    private static func view(_ spec: ShimSpec) throws(KernelError) -> SystemView {
        guard let root = spec.root else { return .current() }
        do throws(GuestRoot.Unusable) { return SystemView(of: try GuestRoot(at: root)) } catch {
            throw KernelError("show the guest an image, for \(error)", EINVAL)
        }
    }

    private static func filters(_ spec: ShimSpec) throws(KernelError) -> [Int32] {
        let programs = if let made = spec.callFilters { made } else { try CallFilter.programs() }
        var filters: [Int32] = []
        for program in programs {
            filters.append(try Descriptor.memory(holding: program, called: "a system call filter"))
        }
        return filters
    }

    /// Ends the program's input.
    mutating func closeInput() {
        if let stdin { close(stdin) }
        stdin = nil
    }

    /// Sends a signal to the program's process group, once the program is there.
    mutating func signal(_ number: Int32) {
        guard !isOver else { return }
        if number == SIGKILL {
            kill()
        } else if pendingSignals.count < Self.mostPendingSignals {
            pendingSignals.append(number)
            deliverSignals()
        }
    }

    /// Whether signals wait for the program to be there.
    var hasPendingSignals: Bool { !pendingSignals.isEmpty && !isOver }

    /// The first process of the sandbox leads the group, and ignores what has no handler because it is the first of its
    /// namespace: before it has a child, a signal would be lost.
    mutating func deliverSignals() {
        guard let leader = report.firstProcess, sandboxStatus == nil, Self.hasChild(leader) else { return }
        for number in pendingSignals { Glibc.kill(-leader, number) }
        pendingSignals = []
    }

    /// Ends everything in the sandbox, or does so as soon as bubblewrap has made it.
    mutating func kill() {
        guard !isOver else { return }
        isDoomed = true
        if let leader = report.firstProcess { Glibc.kill(leader, SIGKILL) }
    }

    private static func hasChild(_ process: pid_t) -> Bool {
        guard let children = ProcessTree.children(of: process) else {
            return true  // a kernel that does not list them: rather lose a signal than keep it for ever
        }
        return !children.isEmpty
    }

    /// Reads what bubblewrap reports.
    mutating func readStatus() {
        while status >= 0, let bytes = try? Descriptor.read(status, atMost: 4096, of: "the sandbox's status") {
            report.append(bytes)
            if bytes.isEmpty {
                close(status)
                status = -1
            }
        }
        if isDoomed { kill() }
    }

    /// Collects the processes that have ended. When bubblewrap has, whatever the program left behind is killed; the shim adopts
    /// and waits for it, so that its use is counted and nothing of it is alive when the end is recorded.
    mutating func reap() {
        readStatus()
        while !isOver {
            var status: Int32 = 0
            var usage = rusage()
            switch wait4(-1, &status, WNOHANG, &usage) {
            case 0: return
            case -1 where errno == EINTR: continue
            case -1: isOver = true
            case let process:
                cpu = cpu + CoreMicroseconds(Self.microseconds(usage.ru_utime) + Self.microseconds(usage.ru_stime))
                peakMemory = max(peakMemory, Bytes(Int64(usage.ru_maxrss) << 10))
                // its number may be another's from here on
                if process == network?.pasta { network = nil }
                guard process == sandbox else { continue }
                readStatus()
                sandboxStatus = status
                kill()
                if let network { Glibc.kill(network.pasta, SIGKILL) }
                // what bubblewrap made and did not live to report is this process's child now
                for orphan in ProcessTree.children(of: getpid()) ?? [] { Glibc.kill(orphan, SIGKILL) }
            }
        }
    }

    private static func microseconds(_ time: timeval) -> Int64 { Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_usec) }

    /// How it ended.
    ///
    /// - Parameter complaint: What stands on standard error if nothing but bubblewrap has written there.
    func reason(complaint: String) -> ExitReason {
        report.reason(sandboxStatus: sandboxStatus ?? 0, complaint: complaint)
    }
}
