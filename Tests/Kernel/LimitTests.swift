import Foundation
import Resources
import TestKit
import Testing

@testable import Kernel

/// Control groups of a test's own, far from anybody's guests.
private final class TestGroups {
    static let isPossible = geteuid() == 0 && (try? ControlGroups.detect()) != nil

    let parent = "/surplus-test-\(UInt32.random(in: 0 ... .max))"
    let groups: any GuestGroups
    private var children: [pid_t] = []

    init(kernel: any KernelCalls = LinuxKernel()) throws {
        groups = try ControlGroups.detect(parent: parent, kernel: kernel)
        try groups.make("t")
    }

    /// A shell script in a group.
    func run(_ script: String, in group: String) throws -> pid_t {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in ends { close(end) } }
        let child = try ChildProcess.start(["/bin/bash", "-c", "read line; \(script)"], input: ends[0])
        children.append(child)
        try groups.add(child, to: group)
        _ = write(ends[1], "\n", 1)
        return child
    }

    /// Looks until it is so, for five seconds at most.
    func wait(until isSo: () throws -> Bool) throws -> Bool {
        let deadline = Date() + 5
        while Date() < deadline {
            if try isSo() { return true }
            usleep(2000)
        }
        return false
    }

    func status(of child: pid_t) -> Int32 {
        children.removeAll { $0 == child }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return status
    }

    deinit {
        _ = try? wait { try groups.kill("t") }
        for child in children { _ = status(of: child) }
        try? groups.remove("t")
        groups.removeShared()
        for place in Set(groups.places) { rmdir((place as NSString).deletingLastPathComponent) }
    }
}

private let needsGroups: Comment = "needs root and control groups"

@Suite("Limits on real processes", .enabled(if: TestGroups.isPossible, needsGroups))
struct LimitTests {
    @Test("The self-test passes where limits bite, and leaves nothing behind")
    func bites() throws {
        let test = try TestGroups()
        try LimitSelfTest(test.groups).run(in: "t/self-test/load")
        #expect(try test.groups.subgroups(of: "t/self-test") == [])
    }

    @Test("The self-test fails when the ceiling is not written", arguments: ["cpu.cfs_quota_us", "cpu.max"])
    func ceilingMissing(file: String) throws {
        let kernel = FaultyKernel()
        let test = try TestGroups(kernel: kernel)
        let hasFile = test.groups.kind == "cgroup v1" ? file.hasSuffix("quota_us") : file == "cpu.max"
        kernel.set(.ignoresWrites, for: file)
        if hasFile {
            #expect(throws: LimitSelfTest.Failure.self) { try LimitSelfTest(test.groups, kernel: kernel).run(in: "t/x/y") }
        } else {
            try LimitSelfTest(test.groups, kernel: kernel).run(in: "t/x/y")
        }
        kernel.heal()
    }

    @Test("The self-test fails when a limit cannot be written", arguments: ["memory.limit_in_bytes", "pids.max", "memory.max"])
    func refused(file: String) throws {
        let kernel = FaultyKernel()
        let test = try TestGroups(kernel: kernel)
        guard file.hasPrefix("pids") || file.contains("limit_in") == (test.groups.kind == "cgroup v1") else { return }
        kernel.set(.fails(EACCES), for: file)
        #expect(throws: LimitSelfTest.Failure.self) { try LimitSelfTest(test.groups, kernel: kernel).run(in: "t/x/y") }
        kernel.heal()
    }

    @Test("A small ceiling holds a program that wants everything, and what it used is counted")
    func ceiling() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        try test.groups.setCeiling(50, of: "t/l")
        _ = try test.run("while :; do :; done", in: "t/l/j")
        let start = SystemClock.instant()
        #expect(try test.wait { SystemClock.instant() - start > .milliseconds(600) })
        let used = try test.groups.usage(of: "t/l")
        let elapsed = SystemClock.instant() - start
        #expect(used.cpu <= CoreMicroseconds(50, for: elapsed) + 15_000)
        #expect(used.throttled > .zero)
    }

    @Test("A program that takes more memory than its lease has is killed, with swap or without")
    func memory() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        try test.groups.setMemoryLimit(.mebibytes(16), of: "t/l")
        let child = try test.run("head -c 100000000 /dev/zero | tail -c 90000000 | wc -c; exit ${PIPESTATUS[1]}", in: "t/l/j")
        let status = test.status(of: child)
        #expect(status >> 8 & 255 == 137 || status & 127 == SIGKILL)
    }

    @Test("Memory can be given more, and less as long as it is not held")
    func resized() throws {
        let test = try TestGroups()
        try test.groups.make("t/l")
        for size in [64, 16, 256, 1] { try test.groups.setMemoryLimit(.mebibytes(Int64(size)), of: "t/l") }
    }

    @Test("Killing a group cannot be outrun by forking")
    func forks() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        try test.groups.setProcessLimit(300, of: "t/l/j")
        try test.groups.setCeiling(500, of: "t/l")
        _ = try test.run("f() { while :; do f & done; }; f 2>/dev/null", in: "t/l/j")
        #expect(try test.wait { try test.groups.processes(in: "t/l").count > 50 })
        #expect(try test.wait { try test.groups.kill("t/l") })
        #expect(try test.groups.processes(in: "t/l") == [])
        #expect(try test.wait { (try? test.groups.remove("t/l")) != nil })
    }

    @Test("A frozen group stands still, and dies when it is killed")
    func frozen() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        let child = try test.run("while :; do :; done", in: "t/l/j")
        #expect(try test.wait { try test.groups.usage(of: "t/l").cpu > 10_000 })
        try test.groups.setFrozen(true, "t/l")
        var before = try test.groups.usage(of: "t/l").cpu
        #expect(
            try test.wait {
                defer { before = (try? test.groups.usage(of: "t/l").cpu) ?? before }
                usleep(20_000)
                return try test.groups.usage(of: "t/l").cpu == before
            })
        #expect(try test.wait { try test.groups.kill("t/l") })
        #expect(test.status(of: child) & 127 == SIGKILL)
    }

    @Test("Guests get next to nothing of a processor that the owner wants")
    func yield() throws {
        let test = try TestGroups()
        try test.groups.yieldToOwner()
        try test.groups.make("t/l/j")
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        for _ in 0..<processors { _ = try test.run("while :; do :; done", in: "t/l/j") }
        let owners = try (0..<processors * 2).map { _ in
            try ChildProcess.start(["/bin/sh", "-c", "while :; do :; done"])
        }
        defer {
            for owner in owners {
                kill(owner, SIGKILL)
                waitpid(owner, nil, 0)
            }
        }
        let start = SystemClock.instant()
        let before = try test.groups.usage(of: "t/l").cpu
        #expect(try test.wait { SystemClock.instant() - start > .milliseconds(500) })
        let share = (try test.groups.usage(of: "t/l").cpu - before).mean(over: SystemClock.instant() - start)
        #expect(share < Millicores(Int64(processors) * 250))
    }
}

@Suite("Plain processes")
struct PlainProcessesTests {
    private func start(_ script: String) throws -> pid_t { try ChildProcess.start(["/bin/bash", "-c", script]) }

    @Test("What descendants use is counted, also of those that have ended, and killing reaches all but the shim")
    func measured() throws {
        let groups = PlainProcesses()
        let shim = try start("(for i in {1..30000}; do :; done); while :; do sleep 1000 & wait; done")
        defer { waitpid(shim, nil, 0) }
        defer { kill(shim, SIGKILL) }
        groups.make("n/l/j")
        groups.add(shim: shim, to: "n/l/j")
        let deadline = Date() + 10
        while Date() < deadline, groups.usage(of: "n/l").cpu == .zero || groups.processes(in: "n").isEmpty { usleep(2000) }
        #expect(groups.usage(of: "n/l").cpu > .zero)
        #expect(groups.usage(of: "n").memory > .zero)
        let found = groups.processes(in: "n/l/j")
        #expect(!found.isEmpty && !found.contains(shim))
        kill(shim, SIGSTOP)  // or else it would start another
        #expect(try !groups.kill("n/l"))
        #expect(found.allSatisfy { ProcessStatus.state(of: $0) != "S" })
    }

    @Test("What a group used stays in the account of the group above, once, and no less than the shim says")
    func settled() {
        let groups = PlainProcesses()
        groups.make("n/l")
        groups.make("n/l/a")
        groups.settle(1, used: 500, in: "n/l/a")
        groups.settle(2, used: 300, in: "n/l/a")
        #expect(groups.usage(of: "n/l").cpu == 800)
        groups.remove("n/l/a")
        #expect(groups.usage(of: "n/l").cpu == 800)
        groups.settle(3, used: 1, in: "n/l/b")
        groups.remove("n/l/b")
        #expect(groups.usage(of: "n/l").cpu == 801)
        groups.remove("n/l")
        #expect(groups.usage(of: "n").cpu == .zero)
    }

    @Test("A process that took over a shim's number is not its")
    func recycled() throws {
        let groups = PlainProcesses()
        groups.make("n/l")
        groups.add(shim: 2_000_000_000, to: "n/l")
        #expect(groups.processes(in: "n/l") == [])
        #expect(groups.usage(of: "n/l") == GroupUsage())
    }
}

extension ProcessStatus {
    /// The letter that the kernel gives a process's state; `nil` when it is gone.
    static func state(of process: pid_t) -> String? {
        (try? LinuxKernel().read("/proc/\(process)/stat"))?.split(separator: ")").last?.split(separator: " ").first.map(
            String.init)
    }
}
