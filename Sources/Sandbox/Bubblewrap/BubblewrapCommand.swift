/// What bubblewrap is told, so that a guest sees a machine of its own: read-only programs and libraries of the host, its work
/// directory, a private `/tmp`, no other process, a network of its own that is unconnected unless ``GuestNetwork`` connects it, none of
/// the host's files.
package struct BubblewrapCommand: Hashable, Sendable {
    package static let program = "/usr/bin/bwrap"

    /// A file that is made for the sandbox rather than taken from the host.
    package struct OwnFile: Hashable, Sendable {
        package var path: String
        package var content: [UInt8]
    }

    /// The user and group that the guest sees itself as, whoever runs it outside.
    static let insideID = 1000

    private let spec: ShimSpec
    private let work: String
    private let notices: String
    private let view: SystemView
    private let defences: Defences

    /// - Parameters:
    ///   - files: Where the guest's directories are on the host.
    ///   - view: The host's layout.
    ///   - defences: What holds the guest.
    package init(_ spec: ShimSpec, files: JobFiles, view: SystemView, _ defences: Defences = .all) {
        self.spec = spec
        work = files.work
        notices = files.notices
        self.view = view
        self.defences = defences
    }

    /// Files whose content ``options(ownFiles:filters:)`` wants behind descriptors, in this order.
    package var ownFiles: [OwnFile] {
        let users = """
            root:x:0:0:root:/:/usr/sbin/nologin
            guest:x:\(Self.insideID):\(Self.insideID):guest:/work:/bin/sh
            nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

            """
        let groups = "root:x:0:\nguest:x:\(Self.insideID):\nnogroup:x:65534:\n"
        let hosts = "127.0.0.1 localhost \(spec.hostname)\n::1 localhost\n"
        let names = spec.guest.network == nil ? [] : ["nameserver \(NetworkPlan.resolver)\n"]
        let own = zip(Self.ownPaths, [users, groups, hosts] + names).filter { view.covered?.contains($0.0) ?? true }
        return own.map { OwnFile(path: $0.0, content: Array($0.1.utf8)) } + view.settings.files
    }

    static let ownPaths = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf"]

    /// The options, for bubblewrap's `--args`: not for its command line, which every user of the host can read.
    ///
    /// - Parameters:
    ///   - ownFiles: The descriptors of ``ownFiles``, in their order.
    ///   - filters: Descriptors of system call filters.
    package func options(ownFiles descriptors: [Int32], filters: [Int32]) -> [String] {
        separation + system + made(descriptors) + places + kernelViews + devices + [
            "--ro-bind-try", notices, Notice.folder, "--bind", work, "/work", "--chdir", "/work",
        ] + on(.readOnlyRoot, ["--remount-ro", "/"]) + environment + filters.flatMap { ["--add-seccomp-fd", String($0)] }
    }

    /// What follows bubblewrap's options.
    package var command: [String] { [spec.guest.program] + spec.guest.arguments }

    /// What there is of the command while a defence is on, and while it is off.
    private func on(_ defence: Defence, _ options: [String], off: [String] = []) -> [String] {
        defences.has(defence) ? options : off
    }

    private var separation: [String] {
        // capabilities would be worth nothing behind a second user namespace, which is made for each of the other two
        let hasNone = defences.has(.noCapabilities)
        let inside = hasNone && defences.has(.userMapping) ? String(Self.insideID) : "0"
        return ["--unshare-user", "--uid", inside, "--gid", inside]
            + on(.processNamespace, ["--unshare-pid"]) + on(.ipcNamespace, ["--unshare-ipc"])
            + on(.hostNameNamespace, ["--unshare-uts", "--hostname", spec.hostname])
            + on(.groupNamespace, ["--unshare-cgroup"]) + on(.networkNamespace, ["--unshare-net"])
            // a guest has no use for namespaces of its own, and the kernel's code for them has had holes
            + (hasNone ? on(.noUserNamespaces, ["--disable-userns"]) : ["--cap-add", "ALL"])
            // no terminal to push keystrokes into; no guest without its shim
            + ["--new-session", "--die-with-parent"]
    }

    private var places: [String] {
        let size = on(.temporarySpace, ["--size", String(spec.temporary.rawValue)])
        let variable = ["--dir", "/var", "--symlink", "/tmp", "/var/tmp"]
        return size + ["--tmpfs", "/tmp"]
            + on(.ownRoot, variable, off: ["--ro-bind", "/var", "/var", "--ro-bind", "/etc", "/etc"])
    }

    /// `/proc` without what tells of the machine. There is no `/sys`.
    private var kernelViews: [String] {
        let hidden =
            view.hiddenFiles.flatMap { ["--ro-bind", "/dev/null", $0] }
            + view.hiddenFolders.flatMap { ["--tmpfs", $0, "--remount-ro", $0] }
        // the user outside owns the namespaces, and with them some of their settings; the rest bubblewrap makes read-only
        let settings = ["--ro-bind", "/proc/sys", "/proc/sys"]
        return on(.processNamespace, ["--proc", "/proc"], off: ["--ro-bind", "/proc", "/proc"])
            + on(.maskedProc, hidden + settings)
    }

    /// The devices that every program expects, and memory to share by name; nothing else can be put there.
    private var devices: [String] {
        let size = on(.temporarySpace, ["--size", String(spec.temporary.rawValue)])
        return on(.ownDevices, ["--dev", "/dev"], off: ["--dev-bind", "/dev", "/dev"]) + size + ["--tmpfs", "/dev/shm"]
            + on(.ownDevices, on(.readOnlyRoot, ["--remount-ro", "/dev"]))
    }

    private var system: [String] {
        (view.links + view.settings.links).flatMap { ["--symlink", $0.target, $0.path] }
            + view.folders.flatMap { ["--ro-bind", $0.source, $0.path] }
            + view.settings.mounts.flatMap { ["--ro-bind-try", $0, $0] }
    }

    private func made(_ descriptors: [Int32]) -> [String] {
        let way = view.covered == nil ? "--file" : "--ro-bind-data"
        return zip(ownFiles, descriptors).flatMap { ["--perms", "0444", way, String($1), $0.path] }
    }

    private var environment: [String] {
        let before = [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/work"), ("USER", "guest"),
            ("LOGNAME", "guest"), ("TMPDIR", "/tmp"), ("LANG", "C.UTF-8"),
        ]
        let after = [
            ("SURPLUS_JOB", spec.guest.job.description), ("SURPLUS_LEASE", spec.guest.lease.description),
            ("SURPLUS_LIMITS", spec.enforcement), ("SURPLUS_NOTICE", Notice.path),
        ]
        let settings = before + spec.guest.environment.map { ($0.name, $0.value) } + after
        return ["--clearenv"] + settings.flatMap { ["--setenv", $0.0, $0.1] }
    }
}
