import Foundation
import Resources
import TestKit
import Testing

@testable import Kernel

@Suite("Limits on real processes", .enabled(if: TestGroups.isPossible, TestGroups.need))
struct LimitTests {
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
        #expect(try test.groups.throttling(of: "t/l") > .zero)
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
        // beside the guests: what the owner does elsewhere competes with all of the test
        let owner = try ControlGroups.detect(parent: test.parent + "/owner")
        try owner.make("o/o/o")
        defer {
            _ = try? test.wait { try owner.kill("o") }
            try? owner.remove("o")
            owner.removeShared()
            for place in Set(owner.places) { rmdir((place as NSString).deletingLastPathComponent) }
        }
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        for _ in 0..<processors {
            _ = try test.run("while :; do :; done", in: "t/l/j")
            for _ in 0..<2 { _ = try test.run("while :; do :; done", in: "o/o/o", of: owner) }
        }
        func used() throws -> (guests: CoreMicroseconds, owner: CoreMicroseconds) {
            (try test.groups.usage(of: "t/l").cpu, try owner.usage(of: "o").cpu)
        }
        let before = try used()
        #expect(try test.wait { try used().owner - before.owner > 500_000 })
        let after = try used()
        // with equal weights it would be as much; where other tests keep a processor from the owner, guests may have some of it
        #expect((after.guests - before.guests) * 2 < after.owner - before.owner)
    }

    @Test("Guests share among themselves by the weight of their leases")
    func weights() throws {
        let test = try TestGroups()
        for (lease, weight) in [("t/a", 3000), ("t/b", 1000)] as [(String, Int64)] {
            try test.groups.make("\(lease)/j")
            try test.groups.setWeight(Millicores(weight), of: lease)
            for _ in 0..<sysconf(Int32(_SC_NPROCESSORS_ONLN)) { _ = try test.run("while :; do :; done", in: "\(lease)/j") }
        }
        #expect(try test.wait { try test.groups.usage(of: "t").cpu > 800_000 })
        let (large, small) = (try test.groups.usage(of: "t/a").cpu, try test.groups.usage(of: "t/b").cpu)
        #expect(large > small + CoreMicroseconds(small.rawValue / 2), "\(large) and \(small)")
    }

    @Test("More processes than a lease may have cannot be made")
    func processes() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        try test.groups.setProcessLimit(5, of: "t/l/j")
        _ = try test.run("for i in {1..20}; do sleep 1000 & done 2>/dev/null", in: "t/l/j")
        #expect(try test.wait { try test.groups.processes(in: "t/l").count == 5 })
        #expect(try !test.wait(atMost: 0.2) { try test.groups.processes(in: "t/l").count > 5 })
    }

    @Test("A disk limit holds back what is read and written, and lets go")
    func disks() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        let file = test.directory + "/file"
        /// How long it takes to write and read so many KiB past the page cache.
        func span(_ size: Int, in group: String = "t/l/j") throws -> Microseconds {
            let start = SystemClock.instant()
            let copies = [
                "dd if=/dev/zero of=\(file) bs=16k count=\(size / 16) oflag=direct",
                "dd if=\(file) of=/dev/null bs=16k count=\(size / 16) iflag=direct",
            ]
            #expect(test.status(of: try test.run("{ \(copies.joined(separator: " && ")); } 2>/dev/null", in: group)) == 0)
            return SystemClock.instant() - start
        }
        let free = try span(256)
        try test.groups.setDiskLimit(.kibibytes(256), of: "t/l")
        #expect(try span(256) > .milliseconds(1500), "written and read at 256 KiB a second")
        try test.groups.make("t/l/k")
        #expect(try span(64, in: "t/l/k") > .milliseconds(300), "also in a job that came later")
        let moved = test.groups.diskTraffic(of: "t/l")
        #expect(moved.map { $0 >= .kibibytes(1024) } == true, "\(String(describing: moved))")
        try test.groups.setDiskLimit(nil, of: "t/l")
        #expect(try span(256) < .milliseconds(1500), "as before, when it took \(free.text)")
    }

    @Test(
        "A memory brake slows a program down that wants more, and does not kill it",
        .enabled(if: TestGroups.isUnified, "version 1 of control groups has none"))
    func brake() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        try test.groups.setMemoryLimit(.mebibytes(256), of: "t/l")
        try test.groups.setMemoryBrake(.mebibytes(16), of: "t/l")
        _ = try test.run("head -c 100000000 /dev/zero | tail -c 90000000 | wc -c; sleep 1000", in: "t/l/j")
        let events = test.groups.places[0] + "/t/l/memory.events"
        func count(_ name: String) throws -> Int64 { Machine.value(of: name, in: try LinuxKernel().read(events)) ?? 0 }
        #expect(try test.wait { try count("high") > 20 })
        #expect(try test.groups.usage(of: "t/l").memory < .mebibytes(64))
        #expect(try count("oom_kill") == 0)
        try test.groups.setMemoryBrake(nil, of: "t/l")
        #expect(try test.wait { try test.groups.usage(of: "t/l").memory > .mebibytes(70) })
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
