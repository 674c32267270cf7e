import Foundation
import Resources
import Testing

@testable import Sandbox

@Suite("The outputs of a program")
struct OutputTests {
    @Test("Standard output and standard error are kept apart")
    func apart() async throws {
        let job = try TestJob(script: "echo out; echo error >&2")
        #expect(try await job.run().reason == .exited(0))
        #expect(try job.text(of: .stdout) == "out\n")
        #expect(try job.text(of: .stderr) == "error\n")
    }

    @Test("A program can open its streams again by their names")
    func reopened() async throws {
        let job = try TestJob(script: "echo out > /dev/stdout; echo error > /dev/stderr; cat /dev/stdin", hasInput: true)
        try await job.start()
        let client = try job.attach()
        try await client.write(Array("in\n".utf8), at: 0)
        try await client.endInput(at: 3)
        #expect(try await client.end().reason == .exited(0))
        #expect(try job.text(of: .stdout) == "out\nin\n")
        #expect(try job.text(of: .stderr) == "error\n")
    }

    @Test("An output stops at its limit, and the program with it")
    func limit() async throws {
        let job = try TestJob("yes", outputLimit: .mebibytes(1))
        let record = try await job.run()
        #expect(record.reason == .stopped(reason: "stdout reached the limit of 1048576 bytes"))
        #expect(record.output.stdout == .mebibytes(1))
        #expect(try job.files.read(.stdout, at: 0, atMost: 2 << 20).count == 1 << 20)
    }

    @Test("An output of exactly the limit is no fault")
    func exactLimit() async throws {
        let job = try TestJob("head", ["-c", "1048576", "/dev/zero"], outputLimit: .mebibytes(1))
        let record = try await job.run()
        #expect(record.reason == .exited(0))
        #expect(record.output.stdout == .mebibytes(1))
    }

    @Test(
        "A full disk stops the program and is said in the record",
        .enabled(if: TestJob.isRoot, "only root can mount a small disk"))
    func fullDisk() async throws {
        let directory = try TestJob.makeDirectory()
        try #require(mount("none", directory, "tmpfs", 0, "size=1m,mode=711") == 0)
        defer {
            umount2(directory, Int32(MNT_DETACH))
            rmdir(directory)
        }
        let job = try TestJob("yes", in: directory)
        #expect(try await job.run().reason == .stopped(reason: "failed to write stdout: No space left on device"))
    }

    @Test("Only the agent's user can read the outputs and the record")
    func permissions() async throws {
        let job = try TestJob(script: "echo secret")
        _ = try await job.run()
        for path in [job.files.path(of: .stdout), job.files.path(of: .stderr), job.files.exit] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.ownerAccountID] as? UInt == UInt(geteuid()))
        }
    }
}
