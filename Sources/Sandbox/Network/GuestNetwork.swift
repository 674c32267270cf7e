import CLinux
import Glibc
import Kernel
import Resources

/// A guest's way out, laid before its program begins: `pasta` in the guest's control groups and as its user, with the filter and
/// the bounds in the guest's namespace in front of it.
///
/// Nothing of the machine's own network is changed. All of it is gone with the namespace and ``pasta``.
package struct GuestNetwork {
    /// The programs that it takes, and the packages in which Debian has them.
    static let programs = [
        (path: "/usr/bin/pasta", package: "passt"), (path: "/usr/sbin/nft", package: "nftables"),
        (path: "/usr/sbin/tc", package: "iproute2"), (path: "/usr/sbin/ip", package: "iproute2"),
        (path: "/usr/bin/nsenter", package: "util-linux"),
    ]
    private static let patience = Microseconds.seconds(5)

    private static let tunnels = "/dev/net/tun"

    /// What is missing on this machine, and what to do about it; `nil` when nothing is.
    package static func obstacle() -> String? {
        for program in programs where access(program.path, X_OK) != 0 {
            return "\(program.path) is missing: install \(program.package)"
        }
        var status = stat()
        guard stat(tunnels, &status) == 0 else { return "\(tunnels) is missing: modprobe tun" }
        let open = Glibc.S_IROTH | Glibc.S_IWOTH
        return status.st_mode & open == open ? nil : "\(tunnels) is closed to guests' users: chmod 0666 \(tunnels)"
    }

    /// The process that passes on what the guest sends.
    let pasta: pid_t

    /// - Parameters:
    ///   - process: The first process of the guest's sandbox, which waits.
    ///   - files: Where what is written for other programs is kept.
    /// - Throws: ``KernelError``; nothing of it is left running then.
    init(
        _ network: OutboundNetwork, for process: pid_t, _ spec: ShimSpec, in files: JobFiles, _ defences: Defences
    ) throws(KernelError) {
        let plan = NetworkPlan(network: network, own: try HostAddresses.current())
        let place = "/proc/\(process)/ns/net"
        let namespace = open(place, O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { throw KernelError("open \(place)", errno) }
        defer { close(namespace) }
        pasta = try Self.startPasta(in: namespace, spec, defences)
        do throws(KernelError) {
            // the filter stands before anything could pass, for the guest waits until all is done
            if defences.has(.networkFilter) {
                try Self.run(["/usr/sbin/nft", "-f"], on: plan.filter, files.directory + "/network.nft", in: place)
            }
            guard defences.has(.networkRate) else { return }
            try Self.run(["/usr/sbin/ip", "-batch"], on: NetworkPlan.links, files.directory + "/network.ip", in: place)
            try Self.run(["/usr/sbin/tc", "-batch"], on: plan.bounds, files.directory + "/network.tc", in: place)
        } catch {
            kill(pasta, SIGKILL)
            waitpid(pasta, nil, 0)
            throw error
        }
    }

    // MARK: Pasta

    /// Returns when it has made the interface.
    private static func startPasta(in namespace: Int32, _ spec: ShimSpec, _ defences: Defences) throws(KernelError) -> pid_t {
        // the rights over the network are held in the sandbox's outer user namespace, which its processes have left by now
        let owner = surplus_owner_of_namespace(namespace)
        guard owner >= 0 else { throw KernelError("find who owns the guest's network", errno) }
        defer { close(owner) }
        let ready = try Descriptor.pipe()
        defer { close(ready.reading) }
        let complaints = try Descriptor.memory(holding: [], called: "what pasta says")
        defer { close(complaints) }
        // closed here by the time that it is waited for: who waits must see when pasta has closed its own
        let pasta = try launch(in: namespace, owner, ready, complaints, spec, defences)
        if try isReady(ready.reading) { return pasta }
        kill(pasta, SIGKILL)
        waitpid(pasta, nil, 0)
        throw KernelError("connect the guest's network by pasta (\(try lastLine(of: complaints)))", EIO)
    }

    private static func launch(
        in namespace: Int32, _ owner: Int32, _ ready: (reading: Int32, writing: Int32), _ complaints: Int32, _ spec: ShimSpec,
        _ defences: Defences
    ) throws(KernelError) -> pid_t {
        defer { close(ready.writing) }
        // pasta opens it by its path
        try spec.runAs?.take(ready.reading, called: "a pipe")
        return try GuestLaunch(
            stdio: [complaints, complaints, complaints], inherited: [namespace, owner, ready.writing], spec: spec,
            defences: defences,
            command: [programs[0].path] + NetworkPlan.pastaOptions + [
                "--userns", "/proc/self/fd/\(owner)", "--netns", "/proc/self/fd/\(namespace)",
                // where it writes its number once all is there
                "--pid", "/proc/self/fd/\(ready.writing)",
            ]
        ).start()
    }

    private static func isReady(_ descriptor: Int32) throws(KernelError) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, Int32(patience.rawValue / 1000)) > 0 else { return false }
        return try Descriptor.read(descriptor, atMost: 16, of: "pasta's number")?.isEmpty == false
    }

    // MARK: Filter and bounds

    /// Has a program read `text` from a file, in the guest's network.
    private static func run(
        _ command: [String], on text: String, _ path: String, in place: String
    ) throws(KernelError) {
        try StateFile.write(Array(text.utf8), to: path)
        let complaints = try Descriptor.memory(holding: [], called: "what \(command[0]) says")
        defer { close(complaints) }
        let process = try ChildProcess.start(
            ["/usr/bin/nsenter", "--net=\(place)", "--"] + command + [path], errors: complaints)
        let hasEnded = try ChildProcess.wait(for: process, atMost: patience)
        if !hasEnded { kill(process, SIGKILL) }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        guard status == 0 else {
            throw KernelError("lay the guest's network by \(command[0]) (\(try lastLine(of: complaints)))", EIO)
        }
    }

    private static func lastLine(of complaints: Int32) throws(KernelError) -> String {
        lseek(complaints, 0, SEEK_SET)
        let text = String(decoding: try Descriptor.read(complaints, atMost: 8192, of: "complaints") ?? [], as: UTF8.self)
        // pasta complains of a machine without a system log as well
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("Failed to send") && !$0.allSatisfy { " ^".contains($0) } }
        return lines.last.map { String($0.prefix(200)) } ?? "it said nothing"
    }
}
