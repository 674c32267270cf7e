import Foundation
import Kernel
import Resources
import Sandbox
import TestKit
import Testing

@testable import Warden

@Suite("A warden on a machine that runs short")
struct PrecedenceTests {
    /// What the kernel tells of a process.
    private struct Standing: Hashable {
        var niceness: Int
        var memoryScore: Int
        /// Whether memory is kept from being taken away.
        var isLocked: Bool

        init(of process: pid_t) throws {
            let kernel = LinuxKernel()
            let fields = try kernel.read("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            niceness = try #require(Int(fields[16]))
            memoryScore = try #require(Int(try kernel.read("/proc/\(process)/oom_score_adj").dropLast()))
            isLocked = try !kernel.read("/proc/\(process)/status").contains("VmLck:\t       0 kB")
        }
    }

    /// Whether this process may put others after itself when memory runs out (`CAP_SYS_RESOURCE`).
    private static var mayLowerScores: Bool {
        get throws {
            let status = try LinuxKernel().read("/proc/self/status")
            let capabilities = status.firstMatch(of: /CapEff:\t([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
            return try #require(capabilities) & 1 << 24 != 0
        }
    }

    @Test(
        "It comes before other programs and keeps its memory, and says what it was not allowed",
        .enabled(if: RunningWarden.isRoot, "root is missing, who alone may put itself before others"))
    func takes() async throws {
        let warden = try await RunningWarden()
        let standing = try Standing(of: warden.process)
        #expect(standing.niceness == -5 && standing.isLocked)
        if try Self.mayLowerScores {
            #expect(standing.memoryScore == -900)
            #expect(!warden.log.contains("event=warden.without_precedence"))
        } else {
            #expect(
                warden.log.contains("event=warden.without_precedence why=\"failed to write -900 to /proc/self/oom_score_adj: "))
        }
    }

    @Test(
        "Nothing of that is passed on: neither to shims nor to guests",
        .enabled(if: RunningWarden.isRoot, "root is missing, who alone may put itself before others"))
    func keeps() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let job = try await warden.shell(
            "nice; (echo 0 > /proc/self/oom_score_adj) 2>/dev/null; cat /proc/self/oom_score_adj; grep -c 'priority *0 *0' /proc/self/limits; "
                + "grep VmLck /proc/self/status; exec sleep 1000",
            under: try await warden.openLease())
        let expected = "19\n1000\n2\nVmLck:\t       0 kB\n"
        await job.shim.output(of: Int64(expected.utf8.count))
        #expect(String(decoding: try job.files.read(.stdout, at: 0, atMost: 100), as: UTF8.self) == expected)
        let shim = try #require(warden.log.firstMatch(of: /event=job.started .* shim=(\d+)/).flatMap { pid_t($0.1) })
        let standing = try Standing(of: shim)
        #expect(standing.niceness == 0 && standing.memoryScore >= 0 && !standing.isLocked)
    }

    @Test("Where nothing of that is allowed it says so and does its work")
    func without() async throws {
        let warden = try await RunningWarden(isPrivileged: false)
        try await eventually {
            warden.log.contains("event=warden.without_precedence why=\"failed to run before other programs: ")
        }
        try await warden.allowAll()
        let job = try await warden.shell("exit 3", under: try await warden.openLease())
        #expect(try await job.shim.end().reason == .exited(3))
    }

    @Test(
        "A process moves in the order of a shortage only one way at a time",
        arguments: [(-500, -900, -900), (-1000, -900, -1000), (300, -900, -900)])
    func lower(before: Int, wanted: Int, after: Int) throws {
        let file = "/proc/self/oom_score_adj"
        let kernel = PaperKernel([file: "\(before)\n"])
        try ShortageRank.lower(to: wanted, kernel)
        #expect(try Int(kernel.read(file).prefix { $0 != "\n" }) == after)
        try ShortageRank.raise(to: 0, kernel)
        #expect(try Int(kernel.read(file).prefix { $0 != "\n" }) == 0)
        try kernel.write("250", to: file)
        try ShortageRank.raise(to: 0, kernel)
        #expect(try Int(kernel.read(file).prefix { $0 != "\n" }) == 250)
    }
}
