import Foundation
import Kernel
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("A warden without control groups")
struct PlainProcessTests {
    private func warden() async throws -> RunningWarden {
        let warden = try await RunningWarden(isPrivileged: false)
        try await warden.allowAll()
        return warden
    }

    @Test("It says that limits are not enforced, and what it does instead")
    func said() async throws {
        let warden = try await warden()
        let hello = try await warden.client.hello()
        #expect(warden.log.contains("stops what takes more than its lease has"))
        #expect(hello.enforcement.hasPrefix("none: the warden runs without privileges"))
        #expect(hello.enforcement.contains("five times a second") && hello.sandboxFault == nil)
    }

    @Test("A program that wants more than its ceiling is stopped and continued, so that it gets its ceiling over time")
    func ceiling() async throws {
        let warden = try await warden()
        let lease = try await warden.openLease(cpu: 200)
        let job = try await warden.shell("echo up; while :; do :; done", under: lease)
        await job.shim.output(of: 3)
        let (start, before) = (SystemClock.instant(), try #require(try await warden.state(of: lease)).meter.measured.cpu)
        try await eventually { SystemClock.instant() - start > .seconds(4) }
        let used = try #require(try await warden.state(of: lease)).meter.measured.cpu - before
        let elapsed = SystemClock.instant() - start
        // a look may come late where tests keep all processors busy
        #expect(used <= CoreMicroseconds(200, for: elapsed) + CoreMicroseconds(1000, for: .milliseconds(700)))
        #expect(used > .zero)
        // what stands still can be ended like anything else
        #expect(try await warden.client.closeLease(lease) != nil)
        #expect(try await job.shim.end().reason == .stopped(reason: "the lease has ended: the agent closed it"))
    }

    @Test("What was stopped for its ceiling goes on under a warden that comes back")
    func restarted() async throws {
        let warden = try await warden()
        let lease = try await warden.openLease(cpu: 50)
        let job = try await warden.shell("echo up; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 7", under: lease)
        await job.shim.output(of: 3)
        let processes = try descendants(of: job.files)
        try await eventually {
            processes.contains { (try? LinuxKernel().read("/proc/\($0)/stat"))?.contains(") T ") == true }
        }
        warden.end(SIGKILL)
        try await warden.start()
        try await warden.client.openLease(
            LeaseGrant(lease: lease, amounts: Amounts(cpu: 1000, memory: .mebibytes(256)), floor: .zero, remaining: .minutes(5)))
        #expect(try await job.shim.end().reason == .exited(7))
    }

    @Test("A program that holds more memory than its lease has is ended, and told why")
    func memory() async throws {
        let warden = try await warden()
        let lease = try await warden.openLease(memory: .mebibytes(48))
        let job = try await warden.shell("head -c 100000000 /dev/zero | tail -c 90000000 | sleep 1000", under: lease)
        #expect(try await job.shim.end().reason == .stopped(reason: "out of memory: the lease's 48 MiB were used up"))
        let modest = try await warden.shell("exit 5", under: lease)
        #expect(try await modest.shim.end().reason == .exited(5))
    }

    /// The processes of a job.
    private func descendants(of files: JobFiles) throws -> [pid_t] {
        let descriptor = try UnixSocket.connect(to: files.socket)
        defer { close(descriptor) }
        var (found, waiting) = ([pid_t](), [try UnixSocket.peer(of: descriptor).process])
        while let next = waiting.popLast() {
            let children = ProcessStatus.children(of: next)
            found += children
            waiting += children
        }
        return found
    }
}
