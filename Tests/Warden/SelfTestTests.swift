import Foundation
import Kernel
import Resources
import Sandbox
import TestKit
import Testing

@testable import Warden

@Suite("What the warden's self-test says", .enabled(if: RunningWarden.isRoot, "needs control groups"))
struct SelfTestTests {
    /// The self-test of a warden whose kernel leaves out what is written to some files.
    private func finding(ignoring files: [String], without unreadable: [String] = []) throws -> SelfTest.Finding {
        let kernel = FaultyKernel()
        let name = "surplus-self-test-\(UUID())"
        let state = "\(ProcessInfo.processInfo.environment["SURPLUS_TEST_DISK"] ?? "/var/tmp")/\(name)"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        chmod(state, 0o711)
        let groups = try ControlGroups.detect(parent: "/" + name, kernel: kernel)
        try groups.make("w")
        for file in files { kernel.set(.ignoresWrites, for: file) }
        for file in unreadable { kernel.set(.fails(EACCES), for: file) }
        defer {
            kernel.heal()
            try? groups.remove("w")
            groups.removeShared()
            for place in Set(groups.places) { rmdir((place as NSString).deletingLastPathComponent) }
            try? FileManager.default.removeItem(atPath: state)
        }
        let configuration = WardenConfiguration(
            socket: "", state: state, instance: "w", agent: geteuid(), isPrivileged: true, parent: "/" + name,
            shimProgram: RunningWarden.program)
        return SelfTest(configuration: configuration, groups: groups, kernel: kernel).run()
    }

    @Test("Where everything holds, it names what holds guests")
    func fine() throws {
        let finding = try finding(ignoring: [])
        #expect(["cgroup v1", "cgroup v2"].contains(finding.enforcement))
        #expect(finding.sandboxFault == nil && !finding.isWanting)
    }

    @Test("Where a limit does not hold that must, nothing is run, and why is said")
    func essential() throws {
        let finding = try finding(ignoring: ["limit_in_bytes", "memory.max", "pids.max"])
        #expect(finding.enforcement.hasPrefix("none: cgroup v"))
        for text in [finding.enforcement, finding.sandboxFault ?? ""] {
            #expect(text.contains("memory limit: ") && text.contains("process limit: ") && !text.contains("freezer"))
        }
        #expect(finding.sandboxFault?.hasPrefix("limits do not hold: ") == true && finding.isWanting)
    }

    @Test("Where the owner cannot be measured, nothing is run, and why is said")
    func unreadable() throws {
        let finding = try finding(ignoring: [], without: ["/proc/meminfo"])
        #expect(finding.sandboxFault?.hasPrefix("what the owner uses cannot be measured: failed to ") == true)
        #expect(finding.sandboxFault?.contains("/proc/meminfo") == true && finding.isWanting)
    }

    @Test("Where disks cannot be limited, programs are run, and what does not hold is said")
    func disks() throws {
        let finding = try finding(ignoring: ["write_bps_device", "io.max"])
        #expect(finding.enforcement.contains(", except disk limit: a program wrote "))
        #expect(finding.sandboxFault == nil && !finding.isWanting)
        let hello = WardenHello(
            version: 3, release: "", instance: "w", enforcement: finding.enforcement, sandboxFault: finding.sandboxFault)
        #expect(hello.hasExceptions)
    }
}
