import Foundation
import Kernel
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("Jobs under a warden")
struct WardenJobTests {
    @Test("A program runs with its inputs, and its outputs go to the agent", arguments: Set([RunningWarden.isRoot, false]))
    func run(isPrivileged: Bool) async throws {
        let warden = try await RunningWarden(isPrivileged: isPrivileged)
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        try "hello".write(toFile: files.work + "/in", atomically: false, encoding: .utf8)
        let script = "tr a-z A-Z < in > out; mkdir d; chmod 700 d; echo deep > d/f; id -u; echo oops >&2; exit 3"
        let spec = GuestSpec(job: job, lease: lease, program: "sh", arguments: ["-c", script])
        try await warden.client.startJob(spec)
        let record = try await ShimClient(attachingTo: files.directory).end()
        #expect(record.reason == .exited(3))
        #expect(try files.read(.stdout, at: 0, atMost: 100) == Array("1000\n".utf8))
        #expect(try files.read(.stderr, at: 0, atMost: 100) == Array("oops\n".utf8))
        try await eventually { try await warden.client.jobState(job).stage == .exited(record) }
        try await warden.client.claimWork(job)
        for name in ["out", "d", "d/f"] {
            var status = stat()
            #expect(lstat("\(files.work)/\(name)", &status) == 0)
            #expect(status.st_uid == warden.user)
        }
        #expect(try String(contentsOfFile: files.work + "/out", encoding: .utf8) == "HELLO")
        try await warden.client.removeJob(job)
        #expect(access(files.directory, F_OK) != 0)
        try await warden.client.removeJob(job)
    }

    @Test("Jobs that are over hold no descriptor of the warden")
    func descriptors() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        func runOne() async throws {
            let job = try await warden.run("true", under: lease)
            _ = try await job.shim.end()
            try await eventually { try await !warden.isBusy(job.job) }
        }
        func open() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(warden.process)/fd").count
        }
        try await runOne()
        let before = try open()
        for _ in 0..<3 { try await runOne() }
        #expect(try open() == before)
    }

    @Test("A guest is never root, neither inside nor outside", .enabled(if: RunningWarden.isRoot, "needs root"))
    func user() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.shell("id -u; echo; sleep 1000", under: lease)
        await job.shim.output(of: 6)
        #expect(try job.files.read(.stdout, at: 0, atMost: 10) == Array("1000\n\n".utf8))
        let processes = try warden.groups.processes(in: "\(warden.ownGroup)/\(lease)")
        #expect(processes.count >= 2)
        for process in processes {
            let status = try LinuxKernel().read("/proc/\(process)/status")
            let users = status.split(separator: "\n").first { $0.hasPrefix("Uid:") }?.split(separator: "\t").dropFirst()
            #expect(users?.allSatisfy { uid_t($0).map { $0 >= 0x6000_0000 } ?? false } == true)
        }
    }

    @Test("Starting, preparing, removing and asking twice is answered as before")
    func repeated() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        #expect(try await warden.client.prepareJob(job, under: lease) == files)
        let spec = GuestSpec(job: job, lease: lease, program: "sh", arguments: ["-c", "echo once >> log"])
        let client = warden.client
        async let first: Void = client.startJob(spec)
        async let second: Void = client.startJob(spec)
        _ = try await (first, second)
        _ = try await ShimClient(attachingTo: files.directory).end()
        try await warden.client.startJob(spec)
        try await eventually { try await !warden.isBusy(job) }
        try await warden.client.claimWork(job)
        try await warden.client.claimWork(job)
        #expect(try String(contentsOfFile: files.work + "/log", encoding: .utf8) == "once\n")
    }

    @Test("A signal reaches the program, and removing a job ends it whatever it does")
    func signalled() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let polite = try await warden.shell("trap 'exit 7' TERM; echo; while :; do sleep 0.01; done", under: lease)
        await polite.shim.output(of: 1)
        try await warden.client.signalJob(polite.job, SIGTERM)
        #expect(try await polite.shim.end().reason == .exited(7))
        let stubborn = try await warden.shell("trap '' TERM INT HUP; echo; while :; do sleep 0.01; done", under: lease)
        await stubborn.shim.output(of: 1)
        try await warden.client.removeJob(stubborn.job)
        #expect(access(stubborn.files.directory, F_OK) != 0)
        try await warden.client.signalJob(polite.job, SIGTERM)
    }

    @Test("A program that does not exist is told from one that says so")
    func missing() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let reason = try await warden.run("no-such-program", under: lease).shim.end().reason
        guard case .notStarted(127, _) = reason else {
            Issue.record("\(reason)")
            return
        }
        #expect(try await warden.shell("exit 127", under: lease).shim.end().reason == .exited(127))
    }

    @Test("Orders that do not fit are refused, say why and change nothing")
    func refused() async throws {
        let warden = try await RunningWarden()
        let job: JobID = warden.newID()
        await #expect(throws: WardenFault.self, "no policy yet") { try await warden.openLease() }
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let other = try await warden.openLease()
        func fault(_ order: () async throws -> Void) async -> WardenFault.Kind? {
            do { try await order() } catch { return (error as? WardenFault)?.kind }
            return nil
        }
        let client = warden.client
        #expect(await fault { _ = try await client.prepareJob(job, under: LeaseID(high: 1, low: 1)) } == .unknownLease)
        #expect(await fault { _ = try await client.jobState(job) } == .unknownJob)
        #expect(await fault { try await client.startJob(GuestSpec(job: job, lease: lease, program: "true")) } == .unknownJob)
        _ = try await client.prepareJob(job, under: lease)
        #expect(await fault { _ = try await client.prepareJob(job, under: other) } == .wrongState)
        #expect(await fault { try await client.startJob(GuestSpec(job: job, lease: other, program: "true")) } == .wrongState)
        _ = try await client.closeLease(lease)
        #expect(await fault { try await client.startJob(GuestSpec(job: job, lease: lease, program: "true")) } == .wrongState)
        #expect(try await client.jobState(job).stage == .prepared)
    }

    @Test("A job starts and ends fast")
    func latency() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        var spans: [Duration] = []
        for _ in 0..<15 {
            let start = ContinuousClock.now
            let job = try await warden.run("true", under: lease)
            #expect(try await job.shim.end().reason == .exited(0))
            spans.append(ContinuousClock.now - start)
        }
        spans.sort()
        print("prepare, start, end of `true`: p50 \(spans[spans.count / 2]), best \(spans[0])")
        #expect(spans[0] < .seconds(2))
    }
}

extension RunningWarden {
    func isBusy(_ job: JobID) async throws -> Bool { try await client.jobState(job).stage == .running }
}
