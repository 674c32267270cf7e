import Foundation
import Kernel
import Reclaim
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("Leases under a warden")
struct WardenLeaseTests {
    @Test("A lease's ceiling holds all its jobs together, and what they use is metered")
    func metered() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease(cpu: 200)
        let jobs = try await [
            warden.shell("while :; do :; done", under: lease), warden.shell("while :; do :; done", under: lease),
        ]
        let start = SystemClock.instant()
        let before = try #require(try await warden.state(of: lease)).meter.measured.cpu
        try await eventually { SystemClock.instant() - start > .milliseconds(1000) }
        let state = try #require(try await warden.state(of: lease))
        let used = state.meter.measured.cpu - before
        #expect(used > .zero)
        if warden.isPrivileged {
            #expect(used <= CoreMicroseconds(200, for: SystemClock.instant() - start) + 60_000)
            #expect(state.ceiling == 200)
        }
        let final = try #require(try await warden.client.closeLease(lease))
        #expect(final.measured.cpu >= used)
        #expect(try await jobs[0].shim.end().reason == .stopped(reason: "the lease has ended: the agent closed it"))
        #expect(try await warden.client.closeLease(lease) == final, "asked again, it answers as before")
        #expect(try await warden.client.closeLease(LeaseID(high: 1, low: 1)) == nil)
    }

    @Test("A lease whose time is up ends by itself, with all that runs under it")
    func expired() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.shell("trap '' TERM; while :; do sleep 0.01; done", under: lease)
        try await warden.shorten(lease, to: .milliseconds(100))
        #expect(try await job.shim.end().reason == .stopped(reason: "the lease has ended: its time is up"))
        var told: LeaseID?
        for await notice in warden.client.notices {
            if case .leaseEnded(let ended, _) = notice {
                told = ended
                break
            }
        }
        #expect(told == lease)
        #expect(try await warden.state(of: lease) == nil)
        if warden.isPrivileged { #expect(try warden.groups.subgroups(of: warden.ownGroup) == []) }
    }

    @Test(
        "What an owner evicts ends at once, where the enforcer would take nothing too, and agents are told that it was taken back"
    )
    func evicted() async throws {
        let warden = try await RunningWarden(options: ["--dry-run"])
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.shell("trap '' TERM; while :; do sleep 0.01; done", under: lease)
        let final = try #require(try await warden.client.evictLease(lease))
        #expect(
            try await job.shim.end().reason
                == .stopped(reason: "the lease has ended: the owner needs the machine: its owner ended all guests"))
        var told: TakingBack?
        for await case .takingBack(lease, let taking) in warden.client.notices {
            told = taking
            break
        }
        #expect(told == TakingBack(atOnce: true, reason: "its owner ended all guests"))
        #expect(try await warden.client.evictLease(lease) == final, "asked again, it answers as before")
        #expect(try await warden.state(of: lease) == nil)
    }

    @Test("A lease can be lengthened, grown and shrunk while it runs")
    func changed() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease(for: .seconds(20))
        for (cpu, memory) in [(500, 64), (900, 300)] as [(Int64, Int64)] {
            let amounts = Amounts(cpu: Millicores(cpu), memory: .mebibytes(memory))
            try await warden.client.openLease(LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: .minutes(1)))
            let state = try #require(try await warden.state(of: lease))
            #expect(state.amounts == amounts)
            #expect(state.ceiling == Millicores(cpu))
            #expect(state.remaining > .seconds(50))
        }
    }

    @Test(
        "An owner who exceeds the threshold is given room, and the guest gets it back slowly",
        .enabled(if: RunningWarden.isRoot, "needs control groups"))
    func yields() async throws {
        let warden = try await RunningWarden()
        let owner = try PlayedOwner()
        try await warden.obey(owner, cpu: 600, of: 1000)
        let lease = try await warden.openLease(cpu: 400)
        _ = try await warden.shell("while :; do :; done", under: lease)
        try owner.work(atMost: 400)
        try await eventually { (try await warden.state(of: lease)?.ceiling ?? 400) <= 300 }
        let cut = try #require(try await warden.state(of: lease))
        #expect(cut.rung == .throttled)
        owner.rest()
        try await eventually { (try await warden.state(of: lease)?.ceiling ?? .zero) >= min(cut.ceiling + 40, 360) }
        #expect(warden.log.contains("event=lease.throttled"))
    }

    @Test(
        "Two jobs of one lease have users of their own, and neither sees the other's files",
        .enabled(if: RunningWarden.isRoot, "needs root"))
    func apart() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let first = try await warden.shell("echo secret > mine; sleep 1000", under: lease)
        let second = try await warden.shell(
            "ls \(first.files.directory) /tmp /home /root 2>&1; cat /proc/*/cmdline | tr '\\0' ' '", under: lease)
        let record = try await second.shim.end()
        let output = String(decoding: try second.files.read(.stdout, at: 0, atMost: 10_000), as: UTF8.self)
        #expect(record.reason == .exited(0))
        #expect(!output.contains("mine") && !output.contains("sleep 1000"))
        var one = stat()
        var other = stat()
        lstat(first.files.work, &one)
        lstat(second.files.work, &other)
        #expect(one.st_uid != other.st_uid)
    }
}

extension RunningWarden {
    func state(of lease: LeaseID) async throws -> LeaseState? {
        try await client.readings().leases.first { $0.lease == lease }
    }
}
