import Foundation
import Kernel
import Reclaim
import Resources
import Sandbox
import Testing

@testable import Warden

extension RunningWarden {
    /// Waits until the guests of a lease have used more than `least`, without asking the warden; what they have used then.
    fileprivate func consumption(of lease: LeaseID, beyond least: CoreMicroseconds) async throws -> CoreMicroseconds {
        // without control groups only the warden can tell
        guard isPrivileged else { return .zero }
        let groups = try groups
        try await eventually { try groups.usage(of: "\(self.ownGroup)/\(lease)").cpu > least }
        return least
    }
}

@Suite("A warden that comes back")
struct WardenRestartTests {
    @Test("Finds leases and jobs again, with nothing missing from the meter", arguments: [SIGKILL, SIGTERM])
    func found(signal: Int32) async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.run("sh", ["-c", "echo up; read x; exit 9"], under: lease, hasInput: true)
        let busy = try await warden.shell("while :; do :; done", under: lease)
        await job.shim.output(of: 3)
        try await eventually { (try await warden.state(of: lease)?.meter.measured.cpu ?? .zero) > 100_000 }
        let before = try #require(try await warden.state(of: lease))
        warden.end(signal)
        try await job.shim.write(Array("x\n".utf8), at: 0)
        #expect(try await job.shim.end().reason == .exited(9), "a job does not need the warden")
        let missed = try await warden.consumption(of: lease, beyond: before.meter.measured.cpu + 50_000)
        try await warden.start()
        let after = try #require(try await warden.state(of: lease))
        #expect(after.meter.measured.cpu >= missed)
        #expect(after.amounts == before.amounts)
        let inventory = try await warden.client.inventory()
        #expect(inventory.leases.map(\.lease) == [lease])
        #expect(Set(inventory.jobs.map(\.job)) == [job.job, busy.job])
        #expect(try await warden.client.jobState(busy.job).stage == .running)
        #expect(try await warden.client.jobState(job.job).stage == .exited(#require(try job.files.exitRecord())))
        _ = try await warden.client.closeLease(lease)
        #expect(try await !warden.isBusy(busy.job))
    }

    @Test("Keeps to how long the owner's work may wait and to the reserve without an agent, and tells of both")
    func policy() async throws {
        let warden = try await RunningWarden()
        let amounts = Amounts(cpu: 1000, memory: .gibibytes(8))
        let tolerance = Pressure(cpu: .percent(12), memory: .whole, disk: .percent(34))
        try await warden.client.setPolicy(
            WardenPolicy(
                capacity: amounts, thresholds: Thresholds(amounts, pressure: tolerance), owner: .group("/surplus-test-nobody"),
                reserve: .mebibytes(5)))
        for _ in 0..<2 {
            let state = try #require(try await warden.client.readings().enforcer)
            #expect(state.tolerance == tolerance)
            #expect(state.reserve == .mebibytes(5))
            warden.end(SIGKILL)
            try await warden.start()
        }
    }

    @Test("Ends a lease whose time passed while it was away, at once")
    func overdue() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.shell("sleep 1000", under: lease)
        try await warden.shorten(lease, to: .milliseconds(300))
        warden.end(SIGKILL)
        let gap = SystemClock.instant()
        try await eventually { SystemClock.instant() - gap > .milliseconds(300) }
        try await warden.start()
        #expect(try await job.shim.end().reason == .stopped(reason: "the lease has ended: its time is up"))
        try await eventually { try await warden.client.inventory().leases == [] }
    }

    @Test("A job whose shim was killed is lost, and nothing of it is left alive")
    func lost() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.shell("echo; sleep 1000", under: lease)
        await job.shim.output(of: 1)
        let descriptor = try UnixSocket.connect(to: job.files.socket)
        kill(try UnixSocket.peer(of: descriptor).process, SIGKILL)
        close(descriptor)
        try await eventually { try await warden.client.jobState(job.job).stage == .lost }
        if warden.isPrivileged {
            try await eventually { try warden.groups.processes(in: warden.ownGroup).isEmpty }
        }
        try await warden.client.removeJob(job.job)
    }

    @Test("Groups that belong to no lease are ended at the start", .enabled(if: RunningWarden.isRoot, "needs control groups"))
    func orphans() async throws {
        let warden = try await RunningWarden()
        warden.end(SIGKILL)
        let groups = try warden.groups
        let orphan = "\(warden.ownGroup)/\(LeaseID(high: 1, low: 2))/\(JobID(high: 3, low: 4))"
        try groups.make(orphan)
        let child = try ChildProcess.start(["/bin/sleep", "1000"])
        try groups.add(child, to: orphan)
        try await warden.start()
        var status: Int32 = 0
        waitpid(child, &status, 0)
        #expect(status & 127 == SIGKILL)
        try await eventually { try groups.subgroups(of: warden.ownGroup).isEmpty }
    }

    @Test("A second warden on the same directory is refused; cleaning is refused while one runs")
    func second() async throws {
        let warden = try await RunningWarden()
        for option in ["--state", "--clean"] {
            let socket = option == "--state" ? ["--socket", warden.directory + "/other.sock"] : []
            let process = try ChildProcess.start(warden.command([option, warden.state] + socket))
            var status: Int32 = 0
            waitpid(process, &status, 0)
            #expect(status >> 8 & 255 == 1)
        }
        #expect(try await warden.client.hello().sandboxFault == nil)
    }

    @Test("Cleaning leaves neither guests, groups nor files", arguments: Set([RunningWarden.isRoot, false]))
    func cleaned(isPrivileged: Bool) async throws {
        let warden = try await RunningWarden(isPrivileged: isPrivileged)
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await warden.shell("echo $$; trap '' TERM; while :; do sleep 0.01; done", under: lease)
        await job.shim.output(of: 2)
        let descriptor = try UnixSocket.connect(to: job.files.socket)
        let shim = try UnixSocket.peer(of: descriptor).process
        close(descriptor)
        warden.end(SIGKILL)
        let process = try ChildProcess.start(warden.command(["--clean", warden.state]))
        var status: Int32 = 0
        waitpid(process, &status, 0)
        #expect(status == 0)
        #expect(access(warden.state, F_OK) != 0)
        // whoever adopted it may not have collected it yet
        let shimState = (try? LinuxKernel().read("/proc/\(shim)/stat"))?.split(separator: ")").last?.first { $0 != " " }
        #expect(shimState == nil || shimState == "Z")
        if isPrivileged {
            for place in try warden.groups.places { #expect(access("\(place)/\(warden.ownGroup)", F_OK) != 0) }
        }
    }

    @Test(
        "Cleaning removes the groups above that the warden had made, and none that were there before or are in use",
        .enabled(if: RunningWarden.isRoot, "needs control groups"))
    func cleanedParents() async throws {
        let own = "/surplus-test-parent-\(getpid())"
        let warden = try await RunningWarden(group: "\(own)/a/b")
        let tops = Set(
            try warden.groups.places.map { place in
                (((place as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent as NSString)
                    .deletingLastPathComponent
            })
        #expect(!tops.isEmpty && tops.allSatisfy { $0.hasSuffix(own) && access($0 + "/a/b", F_OK) == 0 })
        for top in tops { try LinuxKernel().makeDirectory(top + "/theirs") }
        // what it finds at its next start is still its own
        warden.end(SIGKILL)
        try await warden.start()
        warden.end(SIGKILL)
        let process = try ChildProcess.start(warden.command(["--clean", warden.state]))
        var status: Int32 = 0
        waitpid(process, &status, 0)
        #expect(status == 0)
        for top in tops {
            #expect(access(top + "/a", F_OK) != 0, "\(top)/a")
            #expect(access(top + "/theirs", F_OK) == 0, "\(top)/theirs")
            rmdir(top + "/theirs")
            rmdir(top)
        }
    }
}
