import Resources
import Sandbox

extension HostileGuest {
    static let all: [HostileGuest] =
        spying + kernel + namespaces + mounts + sockets + machine + files + privileges + disk + memory + processes + staying

    private init(
        _ program: String, _ tries: String, _ kind: Kind, _ stoppedBy: [Mechanism], _ denial: String,
        argument: @escaping @Sendable (Bait) -> String = { _ in "" }
    ) {
        self.init(
            program: program, argument: argument, tries: tries, kind: kind, stoppedBy: stoppedBy, denial: denial)
    }

    private init(
        _ program: String, _ tries: String, _ kind: Kind, _ stoppedBy: Defence, _ denial: String, _ argument: String = ""
    ) {
        self.init(program, tries, kind, [.defence(stoppedBy)], denial) { _ in argument }
    }

    private func with(_ change: (inout Self) -> Void) -> Self {
        var changed = self
        change(&changed)
        return changed
    }

    private static let spying: [HostileGuest] = [
        .init("trace", "has itself traced", .spying, .callFilter, "EPERM"),
        .init("read-memory", "reads the memory of another process", .spying, .callFilter, "EPERM"),
        .init("steal-descriptor", "takes a descriptor out of another process", .spying, .callFilter, "EPERM"),
        .init("compare", "compares kernel objects of processes", .spying, .callFilter, "EPERM"),
        .init("see-process", "looks at a process of the machine", .spying, [.defence(.processNamespace)], "ENOENT") {
            "\($0.process)"
        },
    ]

    private static let kernel: [HostileGuest] =
        [
            .init("fault-handler", "handles page faults itself (userfaultfd)", .kernel, .callFilter, "EPERM"),
            .init("ring", "submits input and output by a ring (io_uring)", .kernel, .callFilter, "EPERM"),
            .init("counter", "opens a performance counter", .kernel, .callFilter, "EPERM"),
            .init("add-key", "keeps a key in the kernel", .kernel, .callFilter, "EPERM"),
            .init("keyring", "makes a keyring", .kernel, .callFilter, "EPERM"),
            .init("watch-files", "watches files by fanotify", .kernel, .callFilter, "EPERM"),
            .init("memory-policy", "steers where memory is taken from", .kernel, .callFilter, "EPERM"),
            .init("fixed-addresses", "switches off the shuffling of addresses", .kernel, .callFilter, "ENOSYS"),
        ] + processorSpecific

    #if arch(x86_64)
        private static let processorSpecific: [HostileGuest] = [
            .init("local-table", "reads its segment table (modify_ldt)", .kernel, .callFilter, "EPERM"),
            .init("other-convention", "calls the kernel by the 32-bit convention", .kernel, .callFilter, "signal 31"),
        ]
    #else
        private static let processorSpecific: [HostileGuest] = []
    #endif

    private static let inNamespaces: [Mechanism] = [.defence(.callFilter), .defence(.noUserNamespaces)]

    private static let namespaces: [HostileGuest] = [
        .init("namespace", "moves into a user namespace", .namespaces, inNamespaces, "EPERM"),
        .init("clone-namespace", "has a child in a user namespace", .namespaces, inNamespaces, "EPERM"),
        .init("clone-by-memory", "does so by clone3, past a filter's eyes", .namespaces, inNamespaces, "ENOSYS"),
    ]

    private static let asRoot: [Mechanism] = [.defence(.callFilter), .defence(.noCapabilities)]

    private static let mounts: [HostileGuest] = [
        .init("mount-memory", "mounts a file system in memory", .mounts, asRoot, "EPERM"),
        .init("tree", "opens a mount by the new mount calls", .mounts, .callFilter, "EPERM"),
        .init("handle", "makes a file handle to open past its root", .mounts, .callFilter, "EPERM"),
        .init("change-root", "changes its root", .mounts, asRoot, "EPERM"),
        .init("enter-namespace", "enters a namespace by its file", .mounts, asRoot, "EPERM"),
        .init("rename-host", "gives the machine another name", .mounts, asRoot, "EPERM"),
    ]

    private static let sockets: [HostileGuest] = [
        .init("machine-socket", "opens a socket to the hypervisor", .sockets, .callFilter, "EAFNOSUPPORT"),
        .init("event-socket", "listens to the kernel's device events", .sockets, .callFilter, "EPROTONOSUPPORT"),
        .init("packet-socket", "opens a socket for raw frames", .sockets, asRoot, "EAFNOSUPPORT"),
        .init("raw-socket", "opens a socket for raw packets", .sockets, .noCapabilities, "EPERM"),
        .init("connect-loopback", "connects to a server on the loopback", .sockets, [.defence(.networkNamespace)], "ECONNREFUSED")
        {
            "\($0.port)"
        },
        .init("connect-abstract", "connects to an abstract socket", .sockets, [.defence(.networkNamespace)], "ECONNREFUSED") {
            $0.socket
        },
    ]

    private static let machine: [HostileGuest] = [
        .init("learn-name", "asks for the machine's name", .machine, [.defence(.hostNameNamespace)], "surplus") { $0.hostname },
        .init("learn-group", "asks where in the control groups it is", .machine, .groupNamespace, "/", "surplus"),
        .init("read-file", "reads the symbols of the kernel", .machine, .maskedProc, "EACCES", "/proc/kallsyms"),
        .init("read-file", "watches others by the interrupt counts", .machine, .maskedProc, "EACCES", "/proc/interrupts"),
        .init("shared-segment", "takes a shared memory segment", .machine, [.defence(.ipcNamespace)], "ENOENT") {
            "\($0.segment)"
        },
    ]

    private static let files: [HostileGuest] = [
        .init("follow-link", "follows a link to a file of the machine", .files, .ownRoot, "ENOENT", "/etc/hostname"),
        .init("leave-link", "leaves the lender a link to a file", .files, [.linksNotFollowed], fileKept) { $0.file }
            .with { $0.course = .isTakenOver },
        .init("make-file", "has a library loaded into every program", .files, .readOnlyRoot, "EROFS", "/etc/ld.so.preload"),
        .init("make-file", "puts files where devices are", .devices, .readOnlyRoot, "EROFS", "/dev/surplus-test"),
        .init("find-disk", "looks for the machine's disks", .devices, .ownDevices, "ENOENT"),
        .init("keystroke", "pushes keystrokes into a terminal", .devices, .callFilter, "EPERM"),
    ]

    private static let privileges: [HostileGuest] = [
        .init("become-root", "becomes root", .privileges, .userMapping, "EINVAL"),
        .init("hurry", "raises its priority", .privileges, .lowPriority, "EACCES"),
    ]

    private static let filesReached = "its files reached the limit of 33554432 bytes (counted in its work directory)"

    private static let disk: [HostileGuest] = [
        .init("fill-work", "fills the disk", .disk, .workSpace, filesReached, "48"),
        .init("nameless-files", "fills it with files without a name", .disk, .workSpace, filesReached, "48")
            .with { $0.course = .stays },
        .init(
            "many-files", "makes files without end", .disk, .workSpace,
            "it made more than 8192 files, the most there may be (counted in its work directory)", "9000"),
        .init("vast-file", "makes a vast file with a hole", .disk, .fileSize, "EFBIG"),
        .init("fill-tmp", "fills /tmp", .disk, .temporarySpace, "ENOSPC", "600"),
        .init("fill-shared", "fills /dev/shm", .disk, .temporarySpace, "ENOSPC", "600"),
        .init("dump", "leaves a core", .disk, .coreSize, "no core"),
        .init("flood", "floods its output", .disk, .outputSize, "stdout reached the limit of 1048576 bytes", "4"),
    ]

    private static let outOfMemory = "out of memory: the lease's 768 MiB were used up"

    private static let memory: [HostileGuest] = [
        .init("take-memory", "takes more memory than its lease has", .memory, [.memoryLimit], outOfMemory) { _ in "900" },
        .init("lock-memory", "locks memory", .memory, .lockedMemory, "ENOMEM"),
        .init("queue", "fills a message queue in the kernel", .memory, .messageQueues, "EMFILE"),
    ]

    private static let counted: [Mechanism] = [.defence(.processes), .processLimit]

    private static let processes: [HostileGuest] = [
        .init("forks", "makes processes", .processes, counted, "EAGAIN") { _ in "200" },
        .init("threads", "makes threads", .processes, counted, "EAGAIN") { _ in "200" },
        .init("open-files", "opens files without end", .processes, .openFiles, "EMFILE", "5000"),
        .init("queue-signals", "queues signals without end", .processes, .pendingSignals, "EAGAIN", "5000"),
        .init("hog", "spins on all processors", .processors, [.ceiling], heldBack).with {
            $0.holds.cpu = 50
            $0.course = .isHeldBack
        },
    ]

    private static let staying: [HostileGuest] = [
        .init("ignore-signals", "ignores every signal", .staying, [.leaseEnd], leaseEnded).with { $0.course = .isAskedToEnd },
        .init("fork-on", "forks faster than it is killed", .staying, [.leaseEnd], leaseEnded).with { $0.course = .isAskedToEnd },
    ]

    static let fileKept = "the file keeps its owner"
    static let heldBack = "held back, as the kernel counts it"
    private static let leaseEnded = "the lease has ended: the agent closed it"
}
