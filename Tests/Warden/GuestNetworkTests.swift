import Foundation
import Kernel
import Resources
import Testing

@testable import Sandbox
@testable import Warden

@Suite(
    "Guests with a network", .serialized,
    .enabled(if: RunningWarden.isRoot, "root is missing, who alone can connect guests"))
struct GuestNetworkTests {
    /// What these tests show to hold guests.
    static let shown: Set<Defence> = [.networkFilter, .networkRate]

    private static let fast = OutboundNetwork(rate: BitsPerSecond(1_000_000_000))

    /// A guest that tries each of some addresses and says who answers.
    private static func tries(_ targets: [(String, Int)]) -> String {
        targets.map { "timeout 10 bash -c 'exec 3<>/dev/tcp/\($0.0)/\($0.1) && head -c 9 <&3' || printf refused; echo" }
            .joined(separator: "\n")
    }

    /// Services of the owner's and others that a guest has no business with.
    private static let closed = [
        (NetworkRig.ownPublic, 81), (NetworkRig.ownPrivate, 81), (NetworkRig.neighbour, 81), (NetworkRig.metadata, 80),
        (NetworkRig.world, 25),
    ]

    /// What a script writes when the warden of the rig's owner runs it.
    private func run(
        _ script: String, _ network: OutboundNetwork?, in rig: NetworkRig
    ) async throws -> [String] {
        let warden = try await RunningWarden(confinement: rig.onOwners())
        try await warden.allowAll()
        let (files, shim) = try await start(script, network, on: warden)
        let end = try await shim.end()
        #expect(end.reason == .exited(0), "\(end.reason)")
        return try Self.lines(of: files)
    }

    private func start(
        _ script: String, _ network: OutboundNetwork?, on warden: RunningWarden
    ) async throws -> (JobFiles, ShimClient) {
        let lease = try await warden.openLease()
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        try await warden.client.startJob(
            GuestSpec(job: job, lease: lease, program: "bash", arguments: ["-c", script + "\nexit 0"], network: network))
        return (files, try ShimClient(attachingTo: files.directory))
    }

    private static func lines(of files: JobFiles) throws -> [String] {
        String(decoding: try files.read(.stdout, at: 0, atMost: 1 << 16), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// What a script writes when a shim runs it that leaves out some of what holds guests.
    private func run(
        _ script: String, _ network: OutboundNetwork, in rig: NetworkRig, without missing: [Defence]
    ) throws -> [String] {
        let files = JobFiles(directory: "\(rig.directory)/\(missing.map(\.rawValue).joined().filter(\.isLetter))")
        let user = ProcessOwner(user: 61_298, group: 61_298)
        for (path, mode) in [(files.directory, mode_t(0o711)), (files.work, 0o700)] {
            try #require(mkdir(path, mode) == 0 && chmod(path, mode) == 0)
        }
        chown(files.work, user.user, user.group)
        try files.write(
            ShimSpec(
                guest: GuestSpec(
                    job: JobID(high: 0, low: 0), lease: LeaseID(high: 0, low: 0), program: "bash",
                    arguments: ["-c", script + "\nexit 0"], network: network),
                agent: .current, runAs: user, enforcement: "a test", groups: []))
        let program = URL(fileURLWithPath: RunningWarden.program).deletingLastPathComponent().appendingPathComponent("weak-shim")
        let shim = try ChildProcess.start(
            rig.onOwners() + [program.path, files.directory] + missing.map(\.rawValue), errors: STDERR_FILENO)
        waitpid(shim, nil, 0)
        #expect(try files.exitRecord()?.reason == .exited(0))
        return try Self.lines(of: files)
    }

    @Test("Reach the world and names, and neither the owner's machine, nor its net, nor its cloud's data, nor mail")
    func filter() async throws {
        let rig = try NetworkRig()
        let asksNames = "exec 4<>/dev/udp/\(NetworkPlan.resolver)/53; echo q >&4; timeout 10 head -c 5 <&4; echo"
        let seen = try await run(
            Self.tries([(NetworkRig.world, 80), ("127.0.0.1", 81)] + Self.closed) + "\n\(asksNames)\ncat /etc/resolv.conf",
            Self.fast, in: rig)
        #expect(seen == ["world", "refused"] + Self.closed.map { _ in "refused" } + ["world", "nameserver 192.0.2.3"])
        let open = try run(Self.tries(Self.closed), Self.fast, in: rig, without: [.networkFilter])
        #expect(open == ["owner", "owner", "neighbour", "world", "world"], "what stops them is the filter")
    }

    @Test("Reach only what is allowed where something is, private addresses too if they are named")
    func allowed() async throws {
        let rig = try NetworkRig()
        var network = Self.fast
        network.allow = try ["192.168.77.0/24", "46.0.0.0/8"].map { try AddressBlock(text: $0) }
        let targets = [(NetworkRig.neighbour, 81), (NetworkRig.world, 80), (NetworkRig.ownPrivate, 81)]
        #expect(try await run(Self.tries(targets), network, in: rig) == ["neighbour", "refused", "refused"])
        network.allow = [try AddressBlock(text: "0.0.0.0/0")]
        #expect(try await run(Self.tries(targets), network, in: rig) == ["refused", "world", "refused"])
    }

    @Test("Cannot change what stands in front of them")
    func rights() async throws {
        let rig = try NetworkRig()
        let attempts = [
            "ip addr add 45.0.0.9/24 dev out0", "ip link set out0 down", "tc qdisc del dev out0 root", "nft flush ruleset",
        ].map { "/usr/sbin/\($0) 2> /dev/null && echo done || echo denied" }.joined(separator: "\n")
        let neighbour = Self.tries([(NetworkRig.neighbour, 81)])
        #expect(
            try await run("\(attempts)\n\(neighbour)", Self.fast, in: rig)
                == ["denied", "denied", "denied", "denied", "refused"])
        let flush = "/usr/sbin/nft flush ruleset && echo done\n\(neighbour)"
        let weak: [Defence] = [.noCapabilities, .callFilter]
        #expect(try run(flush, Self.fast, in: rig, without: weak) == ["done", "neighbour"], "with rights it could")
    }

    @Test("Send and receive no faster than they may")
    func rate() async throws {
        let rig = try NetworkRig()
        let slow = OutboundNetwork(rate: BitsPerSecond(4_000_000))
        let script = """
            exec 3<>/dev/tcp/\(NetworkRig.world)/82; a=${EPOCHREALTIME/./}
            head -c \(NetworkRig.bulk) /dev/zero >&3; head -c 1 <&3 > /dev/null; b=${EPOCHREALTIME/./}
            cat <&3 > /dev/null; c=${EPOCHREALTIME/./}
            echo $((b - a)); echo $((c - b))
            """
        // 8.4 Mbit at 4 Mbit/s, less what the buckets hold
        let bounded = try await run(script, slow, in: rig).compactMap { Int($0) }
        #expect(bounded.count == 2 && bounded.allSatisfy { $0 > 1_500_000 }, "\(bounded)")
        let unbounded = try run(script, slow, in: rig, without: [.networkRate]).compactMap { Int($0) }
        #expect(unbounded.count == 2 && unbounded.allSatisfy { $0 < 1_500_000 }, "\(unbounded)")
    }

    @Test("Are reached by nobody")
    func inbound() async throws {
        let rig = try NetworkRig()
        let warden = try await RunningWarden(confinement: rig.onOwners())
        try await warden.allowAll()
        let listens =
            "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 1); $| = 1; print 1; sleep 60'"
        let (_, shim) = try await start(listens, Self.fast, on: warden)
        await shim.output(of: 1)
        for (place, address) in [(NetworkRig.Place.world, NetworkRig.ownPublic), (.neighbour, NetworkRig.ownPrivate)] {
            #expect(try rig.status(of: "exec 2> /dev/null 3<>/dev/tcp/\(address)/8080", in: place) != 0)
        }
        try await shim.stop(reason: "the test has seen enough")
        _ = try await shim.end()
    }

    @Test("Have their network counted as theirs, and it ends with their lease")
    func counted() async throws {
        let rig = try NetworkRig()
        let warden = try await RunningWarden(confinement: rig.onOwners())
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        try await warden.client.startJob(
            GuestSpec(job: job, lease: lease, program: "sh", arguments: ["-c", "echo; sleep 60"], network: Self.fast))
        let shim = try ShimClient(attachingTo: files.directory)
        await shim.output(of: 1)
        let processes = try warden.groups.processes(in: "\(warden.ownGroup)/\(lease)/\(job)")
        let pasta = processes.filter { (try? LinuxKernel().read("/proc/\($0)/cmdline"))?.contains("--ns-ifname") == true }
        #expect(pasta.count == 1, "among \(processes)")
        var status = stat()
        for process in pasta { #expect(stat("/proc/\(process)", &status) == 0 && status.st_uid >= 0x6000_0000) }
        _ = try await warden.client.closeLease(lease)
        for process in pasta { #expect(kill(process, 0) != 0 && errno == ESRCH) }
    }

    @Test("Without a network there is a loopback, and nobody to ask for names")
    func none() async throws {
        let rig = try NetworkRig()
        let seen = try await run(
            "/usr/sbin/ip -o link | wc -l; test -e /etc/resolv.conf || echo no names\n"
                + Self.tries([(NetworkRig.world, 80)]), nil, in: rig)
        #expect(seen == ["1", "no names", "refused"])
    }

    @Test("A machine that cannot connect them says what is missing, and runs others all the same")
    func missing() async throws {
        let rig = try NetworkRig()
        let warden = try await RunningWarden(confinement: rig.onOwners(hiding: ["/usr/bin/pasta"]))
        try await warden.allowAll()
        let fault = await #expect(throws: WardenFault.self) { try await start("true", Self.fast, on: warden) }
        #expect(fault?.description == "no job can have a network here: /usr/bin/pasta is missing: install passt")
        let (_, shim) = try await start("true", nil, on: warden)
        #expect(try await shim.end().reason == .exited(0))
    }

    @Test("A machine without a way out connects nobody, leaves nothing of the attempt, and does once it has one")
    func mended() async throws {
        let rig = try NetworkRig()
        try #require(try rig.status(of: "ip route del default", in: .owner) == 0)
        let warden = try await RunningWarden(confinement: rig.onOwners())
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        let spec = GuestSpec(job: job, lease: lease, program: "true", network: Self.fast)
        let fault = await #expect(throws: WardenFault.self) { try await warden.client.startJob(spec) }
        let reason = "no job can have a network here: failed to connect the guest's network by pasta ("
        #expect(fault?.description.hasPrefix(reason) == true, "\(fault?.description ?? "")")
        #expect(try LinuxKernel().entries(of: "/proc").filter { Self.isPasta($0, of: warden) } == [])
        try #require(try rig.status(of: "ip route add default via \(NetworkRig.world)", in: .owner) == 0)
        // each refusal has it looked at again
        try await eventually { (try? await warden.client.startJob(spec)) != nil }
        #expect(try await ShimClient(attachingTo: files.directory).end().reason == .exited(0))
    }

    private static func isPasta(_ process: String, of warden: RunningWarden) -> Bool {
        let first = WardenConfiguration(
            socket: "", state: "", instance: warden.ownGroup, agent: 0, isPrivileged: true
        ).firstGuestUser
        var status = stat()
        return Int(process) != nil && stat("/proc/\(process)", &status) == 0
            && (first..<first + uid_t(WardenLimits.jobs)).contains(status.st_uid)
            && (try? LinuxKernel().read("/proc/\(process)/cmdline"))?.contains("--ns-ifname") == true
    }
}
