import Foundation
import Kernel
import Resources
import Sandbox
import Synchronization
import TestKit
import Testing

@testable import Warden

/// Where hostile guests are run: with everything that holds them, by a real warden, and with something taken away, by a shim
/// that can leave out a defence, in control groups of the test's own.
final class Laboratory: Sendable {
    /// How a run ended.
    struct Outcome: Hashable, Sendable {
        /// The guest has done what it tried.
        var succeeded: Bool
        /// What it was told, or why it was ended.
        var seen: String
    }

    /// The users of guests without some defence: another for each run, as under a warden, for some limits count by user.
    private static let guestUsers: Range<uid_t> = 61_300..<62_300
    private static let weakShim = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("weak-shim").path

    let warden: RunningWarden
    let bait: Bait
    let directory: String
    private let program: String
    private let lures: Lures
    private let nextUser = Mutex(Laboratory.guestUsers.lowerBound)

    init() async throws {
        warden = try await RunningWarden(options: ["--disk-per-job", "\(HostileGuest.Holding.disk.rawValue >> 20)"])
        try await warden.allowAll()
        var template = Array("/tmp/surplus-hostile-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        chmod(directory, 0o711)
        program = directory + "/hostile"
        lures = try Lures(file: directory + "/lure")
        bait = lures.bait
        try Self.compile(to: program)
    }

    /// Takes down what it has made, and waits until the guests of the machine are gone.
    func close() async throws {
        lures.close()
        let groups = try groups
        try await eventually { try groups.kill("weak") }
        try groups.remove("weak")
        try FileManager.default.removeItem(atPath: directory)
    }

    private static func compile(to program: String) throws {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("hostile.c").path
        let compiler = try ChildProcess.start(
            ["/usr/bin/cc", "-O1", "-Wall", "-pthread", "-o", program, source], errors: STDERR_FILENO)
        var status: Int32 = 0
        waitpid(compiler, &status, 0)
        try #require(status == 0, "hostile.c does not compile: is gcc installed?")
    }

    private var groups: any GuestGroups { get throws { try warden.groups } }

    private func spec(_ guest: HostileGuest, _ job: JobID, _ lease: LeaseID) -> GuestSpec {
        let argument = guest.argument(bait)
        return GuestSpec(
            job: job, lease: lease, program: "/work/hostile", arguments: [guest.program] + (argument.isEmpty ? [] : [argument]),
            outputLimit: guest.holds.output, processLimit: guest.holds.processes)
    }

    /// Whether nobody but guests of this laboratory runs as this user.
    func isGuest(_ user: uid_t) -> Bool {
        let first = WardenConfiguration(
            socket: "", state: "", instance: warden.ownGroup, agent: 0, isPrivileged: true
        ).firstGuestUser
        return Self.guestUsers.contains(user) || (first..<first + uid_t(WardenLimits.jobs)).contains(user)
    }

    // MARK: With everything that holds it

    /// Runs it as every guest is run.
    func run(_ guest: HostileGuest) async throws -> Outcome {
        let lease = try await warden.openLease(cpu: guest.holds.cpu, memory: HostileGuest.Holding.memory)
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        try Executable.copy(program, to: files.work + "/hostile")
        try await warden.client.startJob(spec(guest, job, lease))
        let shim = try ShimClient(attachingTo: files.directory)
        if guest.course == .isAskedToEnd { try await ask(shim) } else { _ = try await shim.end() }
        let isHeldBack = try isHeldBack(guest, in: "\(warden.ownGroup)/\(lease)")
        let isKept = guest.course == .isTakenOver ? try await isFileKept(byTakingOver: job) : false
        _ = try await warden.client.closeLease(lease)
        try #require(try groups.processes(in: "\(warden.ownGroup)/\(lease)").isEmpty, "\(guest.program) survived its lease")
        let record = try #require(try files.exitRecord())
        let outcome = try Self.outcome(of: guest, record, files)
        try await warden.client.removeJob(job)
        if isKept { return Outcome(succeeded: false, seen: HostileGuest.fileKept) }
        return isHeldBack ? Outcome(succeeded: false, seen: HostileGuest.heldBack) : outcome
    }

    /// Takes over the work directory of a job that has ended, as an agent does that fetches its files.
    private func isFileKept(byTakingOver job: JobID) async throws -> Bool {
        try await eventually { try await !self.warden.isBusy(job) }
        try await warden.client.claimWork(job)
        return lures.fileHasItsOwner
    }

    /// Does so with a program that follows links.
    private func isFileLost(byTakingOver work: String) throws -> Bool {
        waitpid(try ChildProcess.start(["/bin/chown", "-R", "-L", "\(getuid())", work], errors: STDERR_FILENO), nil, 0)
        return !lures.fileHasItsOwner
    }

    private func isHeldBack(_ guest: HostileGuest, in group: String) throws -> Bool {
        guard guest.course == .isHeldBack else { return false }
        return try groups.throttling(of: group) > .zero
    }

    private func ask(_ shim: ShimClient) async throws {
        await shim.output(of: 5)
        try await shim.signal(SIGTERM)
        await shim.output(of: 10)
    }

    private static func outcome(of guest: HostileGuest, _ record: ExitRecord, _ files: JobFiles) throws -> Outcome {
        let said = String(decoding: try files.read(.stdout, at: 0, atMost: 200), as: UTF8.self)
        switch record.reason {
        case .exited(0): return Outcome(succeeded: true, seen: "")
        case .exited where said.hasPrefix("denied "):
            return Outcome(succeeded: false, seen: said.dropFirst(7).trimmingCharacters(in: .newlines))
        case .signalled(let number): return Outcome(succeeded: false, seen: "signal \(number)")
        case .stopped(let reason):
            return Outcome(succeeded: guest.course != .toItsEnd && said.contains("done"), seen: reason)
        case .exited, .notStarted, .sandboxFailed, .interrupted: throw ShimUnreachable("\(record.reason): \(said)")
        }
    }

    // MARK: With something taken away

    /// Runs it without some of what holds it.
    func run(_ guest: HostileGuest, without missing: Set<HostileGuest.Mechanism>) async throws -> Outcome {
        let job: JobID = warden.newID()
        let group = "weak/guests/\(job)"
        let groups = try groups
        try hold(guest, in: group, without: missing)
        let files = JobFiles(directory: "\(directory)/\(job)")
        try prepare(files, guest, job, entrances: groups.entrances(to: group))
        let defences = missing.compactMap { if case .defence(let defence) = $0 { defence.rawValue } else { nil } }
        let process = try await start([Self.weakShim, files.directory] + defences)
        let shim = try ShimClient(attachingTo: files.directory)
        if guest.course == .isAskedToEnd { try await ask(shim) }
        if guest.course == .stays { await shim.output(of: 5) }
        if [.stays, .isAskedToEnd].contains(guest.course) { try await shim.stop(reason: "the test has seen enough") }
        let record = try await shim.end()
        waitpid(process, nil, 0)
        try await eventually { try groups.kill(group) }
        let isHeldBack = try isHeldBack(guest, in: group)
        try groups.remove(group)
        var outcome = try Self.outcome(of: guest, record, files)
        if guest.course == .isTakenOver { outcome.succeeded = try isFileLost(byTakingOver: files.work) }
        try FileManager.default.removeItem(atPath: files.directory)
        return isHeldBack ? Outcome(succeeded: false, seen: HostileGuest.heldBack) : outcome
    }

    /// What has no limit that is tested has one that keeps the machine safe.
    private func hold(_ guest: HostileGuest, in group: String, without missing: Set<HostileGuest.Mechanism>) throws {
        let groups = try groups
        try groups.make(group)
        try groups.setMemoryLimit(missing.contains(.memoryLimit) ? .mebibytes(1536) : HostileGuest.Holding.memory, of: group)
        try groups.setProcessLimit(missing.contains(.processLimit) ? 512 : guest.holds.processes, of: group)
        try groups.setCeiling(missing.contains(.ceiling) ? 4000 : guest.holds.cpu, of: group)
    }

    private func prepare(_ files: JobFiles, _ guest: HostileGuest, _ job: JobID, entrances: [String]) throws {
        for (path, mode) in [(files.directory, mode_t(0o711)), (files.work, 0o700)] {
            try #require(mkdir(path, mode) == 0 && chmod(path, mode) == 0)
        }
        try Executable.copy(program, to: files.work + "/hostile")
        let user = nextUser.withLock { next in
            defer { next += 1 }
            return next
        }
        chown(files.work, user, user)
        try files.write(
            ShimSpec(
                guest: spec(guest, job, LeaseID(high: 0, low: 1)), agent: .current, runAs: ProcessOwner(user: user, group: user),
                enforcement: "a test",
                groups: entrances, disk: HostileGuest.Holding.disk))
    }

    /// Starts a shim and waits until it can be attached to.
    private func start(_ command: [String]) async throws -> pid_t {
        let sign = try Descriptor.pipe()
        let process = try ChildProcess.start(command, output: sign.writing, errors: STDERR_FILENO)
        Glibc.close(sign.writing)
        Descriptor.makeNonBlocking(sign.reading)
        defer { Glibc.close(sign.reading) }
        try await eventually { try Descriptor.read(sign.reading, atMost: 1, of: "a shim's sign") == [] }
        return process
    }
}
