import Foundation
import Kernel
import Resources
import Testing

@testable import Sandbox

@Suite("The life of a shim")
struct LifeTests {
    @Test("It survives the violent death of the process that started it")
    func orphaned() async throws {
        let job = try TestJob("cat", hasInput: true)
        let parent = try await launch(
            "/bin/sh", ["-c", "setsid \(TestJob.warden) shim \(job.files.directory) & exec >&-; while :; do wait; done"]
        ).process
        let client = try await attachEventually(job)
        kill(parent, SIGKILL)
        try await waitForEnd(of: parent)
        async let record = client.end()
        try await client.write([1, 2, 3], at: 0)
        try await client.endInput(at: 3)
        #expect(try await record.reason == .exited(0))
        #expect(try job.files.read(.stdout, at: 0, atMost: 10) == [1, 2, 3])
    }

    /// The shell's own end of the pipe closes before the shim listens.
    private func attachEventually(_ job: TestJob) async throws -> ShimClient {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do { return try job.attach() } catch { guard ContinuousClock.now < deadline else { throw error } }
            await Task.yield()
        }
    }

    @Test("A guest does not outlive its shim")
    func violentDeath() async throws {
        let job = try TestJob(script: "echo up; exec sleep 1000")
        let shim = try await job.start()
        let client = try job.attach()
        try await client.waitForOutput(of: 3)
        let guests = descendants(of: shim)
        #expect(guests.count >= 3)
        #expect(job.files.isAttended)
        kill(shim, SIGKILL)
        for guest in guests { try await waitForEnd(of: guest) }
        await #expect(throws: ShimUnreachable.self) { try await client.end() }
        #expect(!job.files.isAttended)
        #expect(try job.files.exitRecord() == nil)
        #expect(throws: ShimUnreachable.self) { try job.attach() }
    }

    private func descendants(of process: pid_t) -> [pid_t] {
        let text = (try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)) ?? ""
        let children = text.split(separator: " ").compactMap { pid_t($0) }
        return children + children.flatMap { descendants(of: $0) }
    }

    @Test("Told to end, it ends the guest and says so")
    func toldToEnd() async throws {
        let job = try TestJob(script: "echo up; exec sleep 1000")
        let shim = try await job.start()
        let client = try job.attach()
        try await client.waitForOutput(of: 3)
        kill(shim, SIGTERM)
        let end = try await job.attach().end()
        #expect(end.reason == .interrupted(reason: "the machine shuts down, or somebody ended the job's shim: signal 15"))
    }

    @Test("A signal reaches the program, however early it is sent")
    func signals() async throws {
        let job = try TestJob(script: "trap 'echo caught; exit 5' TERM; echo up; while :; do sleep 0.01; done")
        try await job.start()
        let client = try job.attach()
        try await client.waitForOutput(of: 3)
        try await client.signal(SIGTERM)
        #expect(try await job.attach().end().reason == .exited(5))
        #expect(try job.text(of: .stdout) == "up\ncaught\n")

        let early = try TestJob("sleep", ["1000"])
        try await early.start()
        let earlyClient = try early.attach()
        try await earlyClient.signal(SIGTERM)
        #expect(try await earlyClient.end().reason == .signalled(SIGTERM))

        let killed = try TestJob("sleep", ["1000"])
        try await killed.start()
        let killedClient = try killed.attach()
        try await killedClient.signal(SIGKILL)
        #expect(try await killedClient.end().reason == .signalled(SIGKILL))
    }

    @Test("A stop before the sandbox is there is heeded as soon as it is")
    func earlyStop() async throws {
        let job = try TestJob(script: "trap '' TERM; sleep 1000")
        try await job.start()
        let client = try job.attach()
        try await client.stop(reason: "the lease has ended")
        #expect(try await client.end().reason == .stopped(reason: "the lease has ended"))
    }

    @Test("The guest enters its control groups before it runs anything; its shim stays outside")
    func groups() async throws {
        let entrance = try TestJob.makeDirectory() + "/cgroup.procs"
        defer { try? FileManager.default.removeItem(atPath: String(entrance.dropLast("/cgroup.procs".count))) }
        try #require(FileManager.default.createFile(atPath: entrance, contents: nil))
        #expect(try await TestJob("true", groups: [entrance]).run().reason == .exited(0))
        #expect(try String(contentsOfFile: entrance, encoding: .utf8) == "0")  // what enters the writer, and only it

        guard case .sandboxFailed(let reason) = try await TestJob("true", groups: ["/no/cgroup.procs"]).run().reason else {
            Issue.record("the guest ran outside its control groups")
            return
        }
        #expect(reason.contains("control groups"))
    }

    @Test("A job runs once: a second shim leaves it alone")
    func once() async throws {
        let job = try TestJob(script: "echo ran; cat", hasInput: true)
        try await job.start()
        let client = try job.attach()
        try await client.waitForOutput(of: 4)
        try await waitForEnd(of: launch(TestJob.warden, ["shim", job.files.directory]).process)
        try await client.endInput(at: 0)
        #expect(try await client.end().reason == .exited(0))
        try await waitForEnd(of: job.shimProcess)
        try await waitForEnd(of: launch(TestJob.warden, ["shim", job.files.directory]).process)
        #expect(try job.text(of: .stdout) == "ran\n")
        #expect(try job.files.exitRecord()?.reason == .exited(0))
    }

    @Test("Whoever comes after the end is told of it at once")
    func late() async throws {
        let job = try TestJob(script: "echo hello; exit 3")
        let record = try await job.run()
        try await waitForEnd(of: job.shimProcess)
        let client = try job.attach()
        try await client.write([1], at: 0)
        #expect(try await client.end() == record)
        #expect(!FileManager.default.fileExists(atPath: job.files.socket))
    }
}
