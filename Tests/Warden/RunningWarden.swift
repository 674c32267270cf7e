import Foundation
import Kernel
import Reclaim
import Resources
import Sandbox
import Synchronization
import Testing

@testable import Warden

/// A real warden in a process of its own, with a directory and control groups of its own. As root it is privileged, with an
/// agent of another user.
final class RunningWarden: Sendable {
    static let isRoot = geteuid() == 0
    static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("surplus-warden").path
    /// A group of this test process, below which guests are held.
    private static let parent = "/surplus-test-\(getpid())"
    private let group: String

    let directory: String
    let client: WardenClient
    let isPrivileged: Bool
    /// Whom the warden runs as, and whose agent it serves.
    let user: uid_t
    private let environment: [String: String]
    private let confinement: [String]
    private let running = Mutex<pid_t>(0)
    private let options: [String]

    var socket: String { directory + "/warden.sock" }
    var state: String { directory + "/state" }
    private var instance: String { (directory as NSString).lastPathComponent }

    /// - Parameters:
    ///   - options: More of the warden's command line.
    ///   - environment: Variables for it.
    ///   - confinement: The beginning of a command line that takes something away from what follows and runs it.
    ///   - parent: Where its directory is made.
    ///   - group: Below which guests are held, in place of the one for all tests.
    init(
        isPrivileged: Bool = RunningWarden.isRoot, options: [String] = [], environment: [String: String] = [:],
        confinement: [String] = [], below parent: String = "/tmp", group: String? = nil
    ) async throws {
        var template = Array("\(parent)/surplus-warden-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        chmod(directory, 0o711)
        self.isPrivileged = isPrivileged
        self.options = options
        self.group = group ?? Self.parent
        self.environment = environment
        self.confinement = confinement
        user = Self.isRoot && !isPrivileged ? 65_534 : geteuid()
        chown(directory, user, gid_t.max)
        client = WardenClient(socket: directory + "/warden.sock", release: "test")
        try await start()
    }

    var process: pid_t { running.withLock { $0 } }

    /// A command line of the warden's program for this instance, run by its user.
    func command(_ arguments: [String]) -> [String] {
        let become = user == geteuid() ? [] : ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
        let mode = isPrivileged ? ["--cgroup-parent", group] : ["--unprivileged"]
        return become + confinement + [Self.program] + arguments + ["--instance", instance] + mode
    }

    func start() async throws {
        let log = open(directory + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(log) }
        let process = try ChildProcess.start(
            command(["--socket", socket, "--state", state, "--agent-uid", "\(user)"] + options), environment: environment,
            errors: log)
        running.withLock { $0 = process }
        // what a former warden said of itself may still be remembered
        try await eventually { (try? await self.client.inventory()) != nil }
    }

    /// Ends the warden and waits until it is gone.
    func end(_ signal: Int32) {
        kill(process, signal)
        waitpid(process, nil, 0)
    }

    var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// The files that processes enter groups by, of everything this warden holds.
    var groups: any GuestGroups { get throws { try ControlGroups.detect(parent: group) } }
    var ownGroup: String { instance }

    deinit {
        end(SIGKILL)
        let cleaner = try? ChildProcess.start(command(["--clean", state]))
        if let cleaner { waitpid(cleaner, nil, 0) }
        try? FileManager.default.removeItem(atPath: directory)
        if isPrivileged, let places = try? groups.places {
            for place in Set(places) { rmdir((place as NSString).deletingLastPathComponent) }
        }
    }

    // MARK: Short ways

    func newID<Tag>(_: Identifier<Tag>.Type = Identifier<Tag>.self) -> Identifier<Tag> {
        var random = SystemRandomNumberGenerator()
        return Identifier(at: SystemClock.utc(), using: &random)
    }

    /// All of the machine may be lent.
    func allowAll() async throws {
        let capacity = try Machine().capacity()
        try await client.setPolicy(
            WardenPolicy(capacity: capacity, thresholds: Thresholds(capacity), owner: .group("/surplus-test-nobody")))
    }

    /// So much processing of `capacity` is for an owner and guests together.
    func obey(_ owner: PlayedOwner, cpu threshold: Millicores, of capacity: Millicores) async throws {
        let memory = Bytes.gibibytes(8)
        try await client.setPolicy(
            WardenPolicy(
                capacity: Amounts(cpu: capacity, memory: memory),
                thresholds: Thresholds(Amounts(cpu: threshold, memory: memory)), owner: .group(owner.path)))
    }

    func openLease(cpu: Millicores = 1000, memory: Bytes = .mebibytes(256), for span: Microseconds = .minutes(5)) async throws
        -> LeaseID
    {
        let lease: LeaseID = newID()
        let amounts = Amounts(cpu: cpu, memory: memory)
        try await client.openLease(LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: span))
        return lease
    }

    /// Leaves a lease no more than `rest`, so that a test's jobs have time to start before.
    func shorten(_ lease: LeaseID, to rest: Microseconds) async throws {
        let amounts = try #require(try await state(of: lease)).amounts
        try await client.openLease(LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: rest))
    }

    /// Starts a program; its files and what follows it.
    func run(_ program: String, _ arguments: [String] = [], under lease: LeaseID, hasInput: Bool = false) async throws
        -> (job: JobID, files: JobFiles, shim: ShimClient)
    {
        let job: JobID = newID()
        let files = try await client.prepareJob(job, under: lease)
        try await client.startJob(
            GuestSpec(job: job, lease: lease, program: program, arguments: arguments, hasInput: hasInput))
        return (job, files, try ShimClient(attachingTo: files.directory))
    }

    func shell(_ script: String, under lease: LeaseID) async throws -> (job: JobID, files: JobFiles, shim: ShimClient) {
        try await run("sh", ["-c", script], under: lease)
    }
}

extension JobFiles {
    /// What is on standard output by now.
    var said: String { get throws { String(decoding: try read(.stdout, at: 0, atMost: 1 << 16), as: UTF8.self) } }
}

extension ShimClient {
    /// Waits for the end.
    func end() async throws -> ExitRecord {
        for await event in events {
            if case .exited(let record) = event { return record }
        }
        return try #require(try files.exitRecord())
    }

    /// Waits until so much is on standard output.
    func output(of count: Int64) async {
        for await event in events {
            if case .output(let sizes) = event, sizes.stdout.rawValue >= count { return }
        }
    }
}

/// Waits until it is so, for a minute at most: the machine may be busy with other tests.
func eventually(_ isSo: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !isSo() {
        try #require(ContinuousClock.now < deadline, "it never came to be so")
        try await Task.sleep(for: .milliseconds(5))
    }
}
