import Foundation
import Kernel
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("Notice to programs")
struct NoticeTests {
    /// Says when it starts, when it gets the signal and what the notice is then, and goes on.
    private static let script =
        "trap 'echo warned; cat $SURPLUS_NOTICE' TERM; test -e $SURPLUS_NOTICE && cat $SURPLUS_NOTICE; echo up; while :; do read x || sleep 0.05; done"

    private func lines(_ job: (job: JobID, files: JobFiles, shim: ShimClient)) throws -> [String] {
        try job.files.said.split(separator: "\n").map(String.init)
    }

    private func program(_ warden: RunningWarden, _ lease: LeaseID) async throws -> (
        job: JobID, files: JobFiles, shim: ShimClient
    ) {
        let job = try await warden.run("sh", ["-c", Self.script], under: lease, hasInput: true)
        await job.shim.output(of: 3)
        return job
    }

    private func leave(_ warden: RunningWarden, _ lease: LeaseID, _ reason: String = "the owner is back", in rest: Microseconds)
        async throws
    {
        let amounts = try #require(try await warden.state(of: lease)).amounts
        try await warden.client.openLease(
            LeaseGrant(lease: lease, amounts: amounts, floor: .zero, remaining: rest, leaving: reason))
    }

    @Test("Programs of a lease that the agent takes back are told, once, and find a notice when they start later")
    func told() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let (lease, other) = (try await warden.openLease(), try await warden.openLease())
        let (job, bystander) = (try await program(warden, lease), try await program(warden, other))
        let before = SystemClock.utc()
        try await leave(warden, lease, in: .minutes(3))
        try await leave(warden, lease, in: .minutes(3))
        await job.shim.output(of: 40)
        let notice = try #require(try job.files.givenNotice())
        #expect(notice.reason == "the owner is back")
        #expect(abs(notice.ends.microseconds - before.microseconds - 180_000_000) < 30_000_000)
        let text = ["ends=\(notice.ends.microseconds / 1_000_000)", "reason=the owner is back"]
        #expect(try lines(job) == ["up", "warned"] + text)
        let late = try await program(warden, lease)
        await late.shim.output(of: Int64(text.joined().utf8.count) + 5)
        #expect(try lines(late) == text + ["up"])
        #expect(try lines(bystander) == ["up"])
        #expect(try bystander.files.givenNotice() == nil)
    }

    @Test(
        "A warden that was killed between the order and the signal gives the notice, and one that was killed later does not again"
    )
    func restart() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job = try await program(warden, lease)
        try await leave(warden, lease, in: .minutes(3))
        await job.shim.output(of: 40)
        let said = try job.files.said
        warden.end(SIGKILL)
        try await warden.start()
        #expect(try await warden.state(of: lease) != nil)
        // as if it had been killed before
        warden.end(SIGKILL)
        try FileManager.default.removeItem(atPath: job.files.notices + "/notice")
        #expect(try job.files.said == said)
        try await warden.start()
        await job.shim.output(of: Int64(said.utf8.count) + 40)
        #expect(try lines(job).filter { $0 == "warned" }.count == 2)
    }

    @Test("No program can change its notice, or put another in its place")
    func kept() async throws {
        let warden = try await RunningWarden()
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let script =
            "trap '' TERM; echo up; read x; echo y > $SURPLUS_NOTICE; rm -f $SURPLUS_NOTICE; echo z > /run/surplus/other; cat $SURPLUS_NOTICE | wc -l"
        let job = try await warden.run("sh", ["-c", script], under: lease, hasInput: true)
        await job.shim.output(of: 3)
        try await leave(warden, lease, in: .minutes(3))
        try await eventually { try job.files.givenNotice() != nil }
        try await job.shim.write(Array("x\n".utf8), at: 0)
        #expect(try await job.shim.end().reason == .exited(0))
        #expect(try job.files.said == "up\n2\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: job.files.notices) == ["notice"])
    }

    @Test(
        "The text of a notice reads back as what was written, whatever the reason is",
        arguments: ["the owner is back", "a=b", "two\nlines", "ends=5"])
    func text(reason: String) throws {
        let directory = NSTemporaryDirectory() + "/surplus-notice-\(UUID().uuidString.prefix(8))"
        let files = JobFiles(directory: directory)
        try FileManager.default.createDirectory(atPath: files.notices, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try files.givenNotice() == nil)
        try files.write(Notice(ends: Timestamp(microseconds: 1_800_000_000_999_999), reason: reason))
        let back = try #require(try files.givenNotice())
        #expect(back == Notice(ends: Timestamp(microseconds: 1_800_000_000_000_000), reason: reason.replacing("\n", with: " ")))
    }
}
