import Foundation
import Kernel
import Resources
import Testing

@testable import Sandbox

@Suite("The disk of a program")
struct DiskTests {
    private static let limit = Bytes.mebibytes(8)
    private static let reason = "its files reached the limit of 8388608 bytes (counted in its work directory)"

    private func end(of script: String) async throws -> ExitReason {
        try await TestJob(script: script, disk: Self.limit).run().reason
    }

    @Test("A program that keeps more than it may is stopped, also if it ends before anybody looks")
    func over() async throws {
        #expect(
            try await end(of: "head -c 5M /dev/zero > a; head -c 5M /dev/zero > b") == .stopped(reason: Self.reason))
        #expect(
            try await end(of: "while :; do i=$((i+1)); head -c 1M /dev/zero > file$i; done") == .stopped(reason: Self.reason))
    }

    @Test("What it deletes again does not count, and a file with several names counts once")
    func under() async throws {
        #expect(try await end(of: "for i in 1 2 3 4; do head -c 5M /dev/zero > a; rm a; done") == .exited(0))
        #expect(try await end(of: "head -c 5M /dev/zero > a; ln a b; ln a c") == .exited(0))
    }

    @Test(
        "Files without a name count, whichever thread has started the process that holds them open", .timeLimit(.minutes(1)))
    func nameless() async throws {
        let script = """
            import os, threading, time
            def hide():
                if os.fork() == 0:
                    for name in "ab":
                        file = os.open(name, os.O_CREAT | os.O_RDWR); os.unlink(name); os.write(file, bytes(5 << 20))
                    while True: time.sleep(1000)
                time.sleep(1000)
            threading.Thread(target=hide).start()
            """
        let job = try TestJob("python3", ["-c", script], disk: Self.limit)
        #expect(try await job.run().reason == .stopped(reason: Self.reason))
    }

    @Test("No single file can be larger than all may be together")
    func oneFile() async throws { #expect(try await end(of: "exec truncate -s 1G a") == .signalled(SIGXFSZ)) }

    @Test("Links are not followed, and trees of any depth are survived; what is too deep to count is not passed over")
    func tree() throws {
        let directory = try TestJob.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }  // what is left of a test in /tmp harms nobody
        try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "/usr")
        try FileManager.default.createDirectory(
            atPath: directory + String(repeating: "/d", count: WorkTree.deepest), withIntermediateDirectories: true)
        let holding = WorkTree(directory).count(atMost: .gibibytes(1), files: 10_000)
        #expect(holding.files == WorkTree.deepest + 1 && holding.hidden == nil)
        #expect(holding.bytes < .mebibytes(2))
        try FileManager.default.createDirectory(
            atPath: directory + String(repeating: "/d", count: WorkTree.deepest * 5), withIntermediateDirectories: true)
        #expect(WorkTree(directory).count(atMost: .gibibytes(1), files: 10_000).hidden?.contains("200 deep") == true)
    }

    @Test("Counting ends as soon as it is too much")
    func bounded() throws {
        #expect(WorkTree("/usr").count(atMost: .mebibytes(1), files: 1_000_000).bytes < .mebibytes(600))
        #expect(WorkTree("/usr").count(atMost: Bounds.memory, files: 10).files == 11)
    }
}
