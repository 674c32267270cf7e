import Foundation
import Resources
import TestKit
import Testing

@testable import Kernel

@Suite("The self-test of limits", .enabled(if: TestGroups.isPossible, TestGroups.need))
struct LimitSelfTestTests {
    /// What keeps a limit from the kernel, with either version of control groups.
    private static let files: [(LimitSelfTest.Limit, [String])] = [
        (.ceiling, ["cpu.cfs_quota_us", "cpu.max"]), (.memory, ["limit_in_bytes", "memory.max"]), (.processes, ["pids.max"]),
        (.freezer, ["freezer.state", "cgroup.freeze"]), (.end, [FaultyKernel.signals, "cgroup.kill"]),
        (.disk, ["write_bps_device", "io.max"]),
    ]

    private func faults(_ test: TestGroups) -> [LimitSelfTest.Fault] {
        LimitSelfTest(test.groups).run(in: "t/self-test", directory: test.directory)
    }

    @Test("Each limit is tested")
    func complete() { #expect(Self.files.map(\.0).count == LimitSelfTest.Limit.allCases.count) }

    @Test("It finds nothing where limits bite, and leaves nothing behind")
    func bites() throws {
        let test = try TestGroups()
        let start = SystemClock.instant()
        #expect(LimitSelfTest(test.groups).run(in: "t/self-test", directory: test.directory) == [])
        print("self-test of all limits: \((SystemClock.instant() - start).text)")
        #expect(try test.groups.subgroups(of: "t") == [])
        #expect(try LinuxKernel().entries(of: test.directory) == [])
    }

    @Test("It names the limit that is not written", arguments: files)
    func missing(limit: LimitSelfTest.Limit, files: [String]) throws {
        let kernel = FaultyKernel()
        let test = try TestGroups(kernel: kernel)
        for file in files { kernel.set(.ignoresWrites, for: file) }
        let faults = faults(test)
        kernel.heal()
        #expect(faults.map(\.limit) == [limit], "\(faults)")
    }

    @Test("It names the limit that the kernel refuses, and says why", arguments: files)
    func refused(limit: LimitSelfTest.Limit, files: [String]) throws {
        let kernel = FaultyKernel()
        let test = try TestGroups(kernel: kernel)
        for file in files { kernel.set(.fails(EACCES), for: file) }
        let faults = faults(test)
        kernel.heal()
        #expect(faults.first { $0.limit == limit }?.description.contains("Permission denied") == true, "\(faults)")
        // with version 1 only what can be frozen can be ended
        let others = Set(faults.map(\.limit)).subtracting([limit])
        #expect(others.isEmpty || limit == .freezer && others == [.end], "\(faults)")
    }
}
