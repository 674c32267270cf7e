import Foundation
import Kernel
import Resources
import Sandbox
import TestKit
import Testing

@testable import Warden

@Suite("A warden and its service manager")
struct WardenServiceTests {
    @Test("It says when it is ready, alive, testing anew on SIGHUP, and stopping")
    func told() async throws {
        let manager = try PlayedServiceManager(at: "@surplus-test-\(UUID())")
        let warden = try await RunningWarden(environment: manager.environment(watchdog: .milliseconds(800)))
        #expect(await manager.next(with: "READY=1")?.last?.hasPrefix("STATUS=limits: ") == true)
        for _ in 0..<3 { #expect(await manager.next(with: "WATCHDOG=1") != nil) }
        let asked = SystemClock.monotonic()
        kill(warden.process, SIGHUP)
        let reloading = try #require(await manager.next(with: "RELOADING=1"))
        let told = try #require(reloading.compactMap { $0.wholeMatch(of: /MONOTONIC_USEC=(\d+)/).flatMap { Int64($0.1) } }.first)
        #expect(told >= asked.rawValue)
        #expect(await manager.next(with: "READY=1") != nil)
        #expect(await manager.next(with: "WATCHDOG=1") != nil)
        warden.end(SIGTERM)
        #expect(await manager.next(with: "STOPPING=1") != nil)
    }

    @Test("Testing anew disturbs no guest")
    func undisturbed() async throws {
        let manager = try PlayedServiceManager(at: "@surplus-test-\(UUID())")
        let warden = try await RunningWarden(environment: manager.environment())
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.run("sh", ["-c", "echo; read x; exit 9"], under: lease, hasInput: true)
        await job.shim.output(of: 1)
        #expect(await manager.next(with: "READY=1") != nil)
        for _ in 0..<2 {
            kill(warden.process, SIGHUP)
            #expect(await manager.next(with: "RELOADING=1") != nil)
            #expect(await manager.next(with: "READY=1") != nil)
        }
        #expect(try await warden.client.jobState(job.job).stage == .running)
        try await job.shim.write(Array("x\n".utf8), at: 0)
        #expect(try await job.shim.end().reason == .exited(9))
        #expect(try await warden.client.inventory().leases.map(\.lease) == [lease])
    }

    @Test("What did not work and is mended is found by another test, and agents learn of it")
    func mended() async throws {
        let warden = try await RunningWarden()
        #expect(try await warden.client.hello().sandboxFault == nil)
        warden.end(SIGTERM)
        // where the test's directory is to be
        let obstacle = warden.state + "/self-test"
        #expect(FileManager.default.createFile(atPath: obstacle, contents: nil))
        try await warden.start()
        #expect(try await warden.client.hello().sandboxFault?.contains(obstacle) == true)
        try await warden.allowAll()
        let lease = try await warden.openLease()
        await #expect(throws: WardenFault.self) { _ = try await warden.run("true", under: lease) }
        try FileManager.default.removeItem(atPath: obstacle)
        kill(warden.process, SIGHUP)
        // over the connection that was there the old hello would stand for ever
        try await eventually { try await warden.client.hello().sandboxFault == nil }
        let job = try await warden.run("true", under: lease)
        #expect(try await job.shim.end().reason == .exited(0))
        #expect(warden.log.contains("event=warden.tested"))
    }

    @Test(
        "It needs no more capabilities than its unit leaves it",
        .enabled(if: RunningWarden.isRoot, "only root has any"))
    func capabilities() async throws {
        let unit =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/scripts/systemd/surplus-warden.service"
        let lines = try String(contentsOfFile: unit, encoding: .utf8).split(separator: "\n")
        let left = try #require(lines.first { $0.hasPrefix("CapabilityBoundingSet=") })
            .dropFirst("CapabilityBoundingSet=".count).split(separator: " ").map { "+" + $0.dropFirst(4).lowercased() }
        let sets = (["-all"] + left).joined(separator: ",")
        let warden = try await RunningWarden(
            confinement: ["/usr/bin/setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=\(sets)", "--"])
        let hello = try await warden.client.hello()
        #expect(!hello.enforcement.hasPrefix("none") && hello.sandboxFault == nil, "\(hello)")
        try await warden.allowAll()
        let lease = try await warden.openLease()
        // a directory that only its owner, or who may pass over that, can empty
        let job = try await warden.shell(
            "mkdir d; echo a > d/a; chmod 1700 d; cp /bin/true d/b; trap '' TERM; echo; while :; do sleep 0.01; done",
            under: lease)
        await job.shim.output(of: 1)
        _ = try await warden.client.closeLease(lease)
        #expect(try await job.shim.end().reason == .stopped(reason: "the lease has ended: the agent closed it"))
        try await warden.client.claimWork(job.job)
        try await warden.client.removeJob(job.job)
        #expect(access(job.files.directory, F_OK) != 0)
    }
}

@Suite("When to test again")
struct SelfTestScheduleTests {
    private let start = Instant(microseconds: 1_000_000)

    @Test("Every half minute while something is wanting, one test at a time, until one finds everything in order")
    func wanting() {
        var schedule = SelfTestSchedule(isWanting: true, at: start)
        let first = [29_999, 30_000, 61_000].map { schedule.begin(at: start + .milliseconds($0)) }
        #expect(first == [false, true, false])
        schedule.end(isWanting: true, at: start + .seconds(61))
        let second = [90_999, 91_000].map { schedule.begin(at: start + .milliseconds($0)) }
        #expect(second == [false, true])
        schedule.end(isWanting: false, at: start + .seconds(92))
        let third = schedule.begin(at: start + .hours(9))
        #expect(!third && !schedule.isTesting)
    }

    @Test("What is missed is tested again, but no sooner than half a minute after the last test")
    func missed() {
        var schedule = SelfTestSchedule(isWanting: false, at: start)
        schedule.wish()
        let first = [29_999, 30_000].map { schedule.begin(at: start + .milliseconds($0)) }
        #expect(first == [false, true])
        schedule.end(isWanting: false, at: start + .seconds(31))
        let idle = schedule.begin(at: start + .hours(1))
        schedule.wish()
        let late = schedule.begin(at: start + .hours(1))
        #expect(!idle && late)
    }

    @Test("Whenever somebody asks, unless a test is under way")
    func asked() {
        var schedule = SelfTestSchedule(isWanting: false, at: start)
        let begun = [false, true, true].map { schedule.begin(at: start, isAsked: $0) }
        #expect(begun == [false, true, false])
        schedule.end(isWanting: true, at: start)
        let again = schedule.begin(at: start + .seconds(30))
        #expect(again)
    }
}
