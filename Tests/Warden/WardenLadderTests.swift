import Foundation
import Kernel
import Reclaim
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("The ladder in a warden", .enabled(if: RunningWarden.isRoot, "needs control groups"))
struct WardenLadderTests {
    /// A warden whose owner takes more than the threshold leaves, and a lease that is frozen for it.
    private func frozen(_ script: String) async throws -> (
        warden: RunningWarden, owner: PlayedOwner, lease: LeaseID, job: (job: JobID, files: JobFiles, shim: ShimClient)
    ) {
        let warden = try await RunningWarden()
        let owner = try PlayedOwner()
        try await warden.obey(owner, cpu: 100, of: 1000)
        let lease = try await warden.openLease(cpu: 100)
        let job = try await warden.run("sh", ["-c", script], under: lease, hasInput: true)
        await job.shim.output(of: 3)
        try owner.work()
        try await eventually { try await warden.state(of: lease)?.rung == .frozen }
        return (warden, owner, lease, job)
    }

    /// As the kernel says, in the words of either version of control groups.
    private func isFrozen(_ warden: RunningWarden, _ lease: LeaseID) throws -> Bool {
        try warden.groups.places.contains { place in
            let group = "\(place)/\(warden.ownGroup)/\(lease)"
            let (state, events) = ("\(group)/freezer.state", "\(group)/cgroup.events")
            if access(state, F_OK) == 0 { return try LinuxKernel().read(state) == "FROZEN\n" }
            return try access(events, F_OK) == 0 && LinuxKernel().read(events).contains("frozen 1")
        }
    }

    @Test("A guest is frozen while its owner takes all that the threshold allows, and goes on afterwards as if nothing had been")
    func goesOn() async throws {
        let (warden, owner, lease, job) = try await frozen("echo up; read x; exit 7")
        let meter = try #require(try await warden.state(of: lease)).meter
        try await job.shim.write(Array("x\n".utf8), at: 0)
        let readings = try await warden.client.readings()
        #expect((readings.enforcer?.coolDown ?? .zero) > .zero)
        owner.rest()
        #expect(try await job.shim.end().reason == .exited(7))
        try await eventually { (try await warden.state(of: lease)?.rung ?? .frozen) < .frozen }
        let later = try #require(try await warden.state(of: lease)).meter
        #expect(later.throttled > meter.throttled, "time in which it could not run is not held against it")
        let moves = try await warden.client.moves(after: Timestamp(microseconds: 0)).map(\.change)
        #expect(moves.map(\.to).contains(.frozen))
        #expect(moves.allSatisfy { $0.lease == lease && $0.resource == .cpu && !$0.reason.isEmpty })
        let evidence = try await warden.client.moves(after: Timestamp(microseconds: 0)).map(\.change.evidence)
        #expect(evidence.allSatisfy { $0.available != nil && $0.tolerance == Thresholds.usualPressure })
        let line = try #require(warden.log.split(separator: "\n").first { $0.contains("event=lease.frozen") })
        for reading in ["owner=", "guests=", "threshold=", "tolerance_cpu=50%", "available_memory="] {
            #expect(line.contains(reading), "\(reading): \(line)")
        }
        // what is not known is left out, and not told as nothing
        #expect(line.contains("pressure_cpu=") == (evidence.first?.pressure.cpu != nil))
        #expect(!line.contains("nil"))
    }

    @Test("A warden that comes back goes on holding back offers, also when the leases that it was for are gone")
    func coolDown() async throws {
        let (warden, owner, lease, _) = try await frozen("echo up; sleep 1000")
        let before = try #require(try await warden.client.readings().enforcer?.coolDown)
        owner.rest()
        _ = try await warden.client.closeLease(lease)
        warden.end(SIGKILL)
        try await warden.start()
        let after = try #require(try await warden.client.readings().enforcer?.coolDown)
        #expect(after > .seconds(20) && after <= before)
        warden.end(SIGTERM)
        try await warden.start()
        #expect((try await warden.client.readings().enforcer?.coolDown ?? .zero) > .zero)
    }

    @Test("What is frozen can be ended at once: a job of it, and the lease with all that is left")
    func ends() async throws {
        let (warden, _, lease, job) = try await frozen("echo up; sleep 1000")
        let other = try await warden.shell("sleep 1000", under: lease)
        try await warden.client.removeJob(job.job)
        #expect(access(job.files.directory, F_OK) != 0)
        #expect(try await warden.client.closeLease(lease) != nil)
        let reason = try await other.shim.end().reason
        guard case .stopped = reason else {
            Issue.record("it ended otherwise: \(reason)\n\(warden.log)")
            return
        }
    }

    @Test("A warden that is killed finds what it froze, keeps it so, and lets it go on")
    func restart() async throws {
        let (warden, owner, lease, job) = try await frozen("echo up; read x; exit 7")
        try await eventually { try isFrozen(warden, lease) }
        warden.end(SIGKILL)
        try await job.shim.write(Array("x\n".utf8), at: 0)
        #expect(try isFrozen(warden, lease))
        owner.rest()
        try await warden.start()
        #expect(try await warden.state(of: lease)?.rung == .frozen)
        #expect(try await job.shim.end().reason == .exited(7))
    }

    @Test("A dry run tells what it would do, and does nothing of it")
    func dryRun() async throws {
        let warden = try await RunningWarden(options: ["--dry-run"])
        let owner = try PlayedOwner()
        try await warden.obey(owner, cpu: 100, of: 1000)
        let lease = try await warden.openLease(cpu: 100)
        _ = try await warden.shell("while :; do :; done", under: lease)
        try owner.work()
        try await eventually {
            try await warden.client.moves(after: Timestamp(microseconds: 0)).contains { $0.isDryRun && $0.change.to == .frozen }
        }
        let state = try #require(try await warden.state(of: lease))
        #expect(state.rung == .shaped)
        #expect(state.ceiling == 100)
        #expect(try await warden.client.readings().enforcer?.isDryRun == true)
        #expect(warden.log.contains("event=lease.would-be-frozen"))
        #expect(!warden.log.contains("event=lease.frozen"))
    }

    @Test(
        "A guest whose lease is taken back for memory is warned, has the notice of its class, and then is ended by the warden alone"
    )
    func notice() async throws {
        let warden = try await RunningWarden()
        let lease: LeaseID = warden.newID()
        let amounts = Amounts(cpu: 500, memory: .mebibytes(100))
        let capacity = Amounts(cpu: 1000, memory: .gibibytes(8))
        let scope = WardenPolicy.OwnerScope.group("/surplus-test-nobody")
        try await warden.client.setPolicy(WardenPolicy(capacity: capacity, thresholds: Thresholds(capacity), owner: scope))
        try await warden.client.openLease(
            LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: .minutes(5), notice: .seconds(2)))
        let script =
            "trap 'echo warned; while read x; do echo $x; done < $SURPLUS_NOTICE' TERM; echo up; test -e $SURPLUS_NOTICE; while :; do sleep 0.05; done"
        let job = try await warden.shell(script, under: lease)
        await job.shim.output(of: 3)
        try await warden.client.setPolicy(
            WardenPolicy(
                capacity: capacity, thresholds: Thresholds(Amounts(cpu: 1000, memory: 1)), owner: scope))
        let end = try await job.shim.end()
        guard case .stopped(let reason) = end.reason else {
            Issue.record("it ended otherwise: \(end.reason)")
            return
        }
        #expect(reason.contains("the owner needs the machine") && reason.contains("memory"))
        let lines = try job.files.said.split(separator: "\n")
        #expect(lines.prefix(2) == ["up", "warned"])
        let notice = try #require(try job.files.givenNotice())
        #expect(lines.suffix(2) == ["ends=\(notice.ends.microseconds / 1_000_000)", "reason=\(notice.reason)"])
        #expect(notice.reason.contains("memory threshold"))
        try await eventually { try await warden.client.inventory().leases == [] }
        var told: [TakingBack] = []
        for await case .takingBack(lease, let taking) in warden.client.notices {
            told.append(taking)
            break
        }
        #expect(told.map(\.atOnce) == [false])
    }

    @Test("When next to no memory can be had there is no notice, and the youngest lease goes first")
    func atOnce() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        var leases: [(lease: LeaseID, job: (job: JobID, files: JobFiles, shim: ShimClient))] = []
        for _ in 0..<2 {
            let lease = try await warden.openLease(cpu: 100)
            let job = try await warden.shell("echo up; sleep 1000", under: lease)
            await job.shim.output(of: 3)
            leases.append((lease, job))
        }
        // what is kept free is a part of the capacity, here more than any machine has
        let capacity = Amounts(cpu: 1000, memory: Bounds.memory)
        try await warden.client.setPolicy(
            WardenPolicy(capacity: capacity, thresholds: Thresholds(capacity), owner: .group("/surplus-test-nobody")))
        let end = try await leases[1].job.shim.end()
        guard case .stopped(let reason) = end.reason else {
            Issue.record("it ended otherwise: \(end.reason)")
            return
        }
        #expect(reason.contains("of memory can be had"))
        let moves = try await warden.client.moves(after: Timestamp(microseconds: 0)).map(\.change)
        #expect(moves.first { $0.to == .ending }?.lease == leases[1].lease)
    }
}
