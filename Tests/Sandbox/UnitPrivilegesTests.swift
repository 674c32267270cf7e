import Foundation
import Resources
import Testing

@testable import Sandbox

@Suite(
    "Guests of a warden with the privileges that its systemd unit leaves it",
    .enabled(if: TestJob.isRoot, "needs root, from whom privileges can be taken"))
struct UnitPrivilegesTests {
    /// What starts a program with no more privileges than systemd leaves the warden.
    private static func launcher() throws -> [String] {
        let unit = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("scripts/systemd/surplus-warden.service")
        let text = try String(contentsOf: unit, encoding: .utf8)
        let key = "CapabilityBoundingSet="
        let value = try #require(text.split(separator: "\n").first { $0.hasPrefix(key) }).dropFirst(key.count)
        let kept = value.split(separator: " ").map { "+" + $0.dropFirst("CAP_".count).lowercased() }
        let bounds = (["-all"] + kept).joined(separator: ",")
        return ["/usr/bin/setpriv", "--bounding-set", bounds]
    }

    @Test("They are the first to be ended when memory runs out, and cannot take that back")
    func shortage() async throws {
        let job = try TestJob(script: "(echo -900 > /proc/self/oom_score_adj) 2>/dev/null; cat /proc/self/oom_score_adj")
        try await job.start(by: Self.launcher())
        #expect(try await job.attach().end().reason == .exited(0))
        #expect(try job.text(of: .stdout) == "1000\n")
    }

    @Test("Files that have no name count, though their processes are another user's", .timeLimit(.minutes(1)))
    func nameless() async throws {
        let script = """
            import os, time
            for name in "ab":
                file = os.open(name, os.O_CREAT | os.O_RDWR); os.unlink(name); os.write(file, bytes(5 << 20))
            time.sleep(1000)
            """
        let job = try TestJob("python3", ["-c", script], disk: .mebibytes(8))
        try await job.start(by: Self.launcher())
        #expect(
            try await job.attach().end().reason
                == .stopped(reason: "its files reached the limit of 8388608 bytes (counted in its work directory)"))
    }
}
