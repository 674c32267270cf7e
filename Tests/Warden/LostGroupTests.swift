import Foundation
import Kernel
import Reclaim
import Resources
import Sandbox
import TestKit
import Testing

@testable import Warden

@Suite("Control groups that are taken away", .enabled(if: RunningWarden.isRoot, "needs control groups"))
struct LostGroupTests {
    /// What the kernel is told of a lease's memory, in the words of either version of control groups.
    private func memoryLimit(_ warden: RunningWarden, _ lease: LeaseID) throws -> String? {
        try warden.groups.places.flatMap { place in
            ["memory.limit_in_bytes", "memory.max"].map { "\(place)/\(warden.ownGroup)/\(lease)/\($0)" }
        }.compactMap { try? LinuxKernel().read($0) }.first
    }

    private func hasLowestWeight(_ warden: RunningWarden) throws -> Bool {
        let files = try warden.groups.places.map { $0 + "/cpu.idle" }.filter { access($0, F_OK) == 0 }
        return try !files.isEmpty && files.allSatisfy { try LinuxKernel().read($0) == "1\n" }
    }

    @Test("They are made anew, with their limits, and it is not said on every tick", arguments: [false, true])
    func mended(isAll: Bool) async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease(memory: .mebibytes(64))
        let limit = try memoryLimit(warden, lease)
        #expect(limit == "67108864\n")
        let groups = try warden.groups
        // what the warden is making again meanwhile may stay
        try? groups.remove(isAll ? warden.ownGroup : "\(warden.ownGroup)/\(lease)")
        try await eventually { warden.log.contains("event=lease.mended") }
        #expect(try memoryLimit(warden, lease) == limit)
        #expect(try hasLowestWeight(warden))
        #expect(warden.log.split(separator: "\n").filter { $0.contains("event=lease.unreadable") }.count < 6)
        let job = try await warden.shell("exit 3", under: lease)
        #expect(try await job.shim.end().reason == .exited(3))
    }

    @Test("Programs that were moved out of their group, so that nothing limits them, are ended")
    func escaped() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.run("sh", ["-c", "echo up; read x"], under: lease, hasInput: true)
        await job.shim.output(of: 3)
        let elsewhere = "/surplus-elsewhere-\(UUID())"
        let (groups, others) = (try warden.groups, try ControlGroups.detect(parent: elsewhere))
        try others.make("o/o/o")
        defer {
            try? others.remove("o")
            others.removeShared()
            for place in Set(others.places) { rmdir((place as NSString).deletingLastPathComponent) }
        }
        let group = "\(warden.ownGroup)/\(lease)"
        for process in try groups.processes(in: group) { try others.add(process, to: "o/o/o") }
        try groups.remove(group)
        let end = try await job.shim.end()
        #expect(end.reason == .stopped(reason: "its control groups were taken away, and its limits with them"))
        try await eventually { try others.processes(in: "o").isEmpty }
        let next = try await warden.shell("exit 3", under: lease)
        #expect(try await next.shim.end().reason == .exited(3))
    }

    @Test("A lease whose controller has disappeared is ended after a moment, and why is said")
    func ended() throws {
        let kernel = FaultyKernel()
        let name = "surplus-lost-\(UUID())"
        let state = try StateDirectory("/tmp/\(name)")
        let groups = try ControlGroups.detect(parent: "/" + name, kernel: kernel)
        defer {
            kernel.heal()
            try? groups.remove("w")
            groups.removeShared()
            for place in Set(groups.places) { rmdir((place as NSString).deletingLastPathComponent) }
            state.unlock()
            try? FileManager.default.removeItem(atPath: "/tmp/\(name)")
        }
        let configuration = WardenConfiguration(
            socket: "", state: "/tmp/\(name)", instance: "w", agent: geteuid(), isPrivileged: true, parent: "/" + name)
        let keeper = LeaseKeeper(configuration, state, groups, log: DecisionLog(instance: "w"))
        let capacity = try Machine().capacity()
        let clock = try SystemClock()
        try keeper.setPolicy(
            WardenPolicy(capacity: capacity, thresholds: Thresholds(capacity), owner: .everything), at: clock.now())
        let lease = LeaseID(high: 1, low: 2)
        let amounts = Amounts(cpu: 100, memory: .mebibytes(64))
        try keeper.open(LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: .minutes(5)), at: clock.now())
        let lost = ["memory.usage_in_bytes", "memory.limit_in_bytes", "memory.current", "memory.max"]
        for file in lost { kernel.set(.fails(ENOENT), for: file) }
        let reading = Sensor.Reading(usage: .zero)
        var now = clock.now()
        keeper.tick(reading, at: now)
        #expect(keeper.takeDoubt() && !keeper.takeDoubt(), "the self-test is to look at it, once")
        #expect(keeper.unheld(at: now.instant).isEmpty, "it may come back")
        now = now + .seconds(6)
        keeper.tick(reading, at: now)
        let unheld = keeper.unheld(at: now.instant)
        #expect(unheld.map(\.0) == [lease])
        #expect(unheld.first?.1.description.contains("memory") == true)
        #expect(keeper.beginEnding(lease, because: "it can be held no more"))
        var isEmpty = false
        while !isEmpty { isEmpty = try keeper.killAll(in: lease) }
        #expect(try keeper.finish(lease, at: now) != nil)
    }
}
