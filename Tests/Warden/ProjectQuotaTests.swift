import Foundation
import Kernel
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("The disk of jobs, where the file system limits it")
struct ProjectQuotaTests {
    @Test(
        "Everything that needs project quotas holds on a kernel and a file system that have them",
        .enabled(if: QuotaKernel.isInstalled, "root, or the packages user-mode-linux and xfsprogs are missing"),
        .enabled(if: QuotaKernel.disk == nil, "this is that kernel"))
    func there() async throws {
        let result = try await QuotaKernel().runTests("LimitedDiskTests")
        #expect(result.isGood, "\(result.output)")
    }

    @Test(
        "Where it does not, jobs are counted, and the warden says why",
        .enabled(if: QuotaKernel.disk == nil, "this kernel has a file system that does"))
    func counted() async throws {
        let warden = try await RunningWarden()
        let disk = try #require(try await warden.client.readings().disk)
        #expect(disk.hasPrefix("counted (no project quota: "))
        #expect(warden.log.contains("disk=\"\(disk)\""))
    }
}

@Suite(
    "On a disk with project quotas",
    .enabled(if: QuotaKernel.disk != nil, "no project quotas here; they are tested in a kernel of their own"), .serialized)
struct LimitedDiskTests {
    private func directory(_ name: String) throws -> String {
        let path = "\(try #require(QuotaKernel.disk))/\(name)"
        try #require(mkdir(path, 0o711) == 0)
        return path
    }

    private func write(_ size: Bytes, to path: String) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return posix_fallocate(descriptor, 0, off_t(size.rawValue))
    }

    @Test("A project holds a directory and all that is made in it to its limit, and only that")
    func limits() throws {
        let (limited, free) = (try directory("limited"), try directory("free"))
        let quota = ProjectQuota(number: 77)
        try quota.take(limited)
        try quota.limit(to: .mebibytes(4), files: 8, at: limited)
        try #require(mkdir(limited + "/below", 0o700) == 0)
        #expect(write(.mebibytes(2), to: limited + "/below/a") == 0)
        #expect([EDQUOT, ENOSPC].contains(write(.mebibytes(3), to: limited + "/b")))
        #expect(write(.mebibytes(3), to: free + "/b") == 0)
        let made = (0..<10).prefix { write(.zero + 1, to: "\(limited)/file\($0)") == 0 }
        #expect((1..<8).contains(made.count))
        try quota.limit(to: .zero, files: 0, at: limited)
        #expect(write(.mebibytes(6), to: limited + "/c") == 0)
    }

    @Test("The warden finds that out, and its jobs are told by the file system that there is no room")
    func warden() async throws {
        let warden = try await RunningWarden(options: ["--disk-per-job", "8"], below: try #require(QuotaKernel.disk))
        #expect(try await warden.client.readings().disk == "project quota")
        try await warden.allowAll()
        let lease = try await warden.openLease()
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        #expect([EDQUOT, ENOSPC].contains(write(.mebibytes(9), to: files.work + "/input")), "inputs count, too")
        #expect(write(.mebibytes(3), to: files.work + "/input") == 0)
        let script =
            "head -c 4M /dev/zero > a && echo room; head -c 4M /dev/zero > b || echo none; rm a; head -c 2M /dev/zero > b"
        try await warden.client.startJob(GuestSpec(job: job, lease: lease, program: "sh", arguments: ["-c", script]))
        let record = try await ShimClient(attachingTo: files.directory).end()
        #expect(record.reason == .exited(0))
        #expect(String(decoding: try files.read(.stdout, at: 0, atMost: 100), as: UTF8.self) == "room\nnone\n")
        try await eventually { try await !warden.isBusy(job) }
        try await warden.client.removeJob(job)
        // the next one has the same number, and all of its room
        let next: JobID = warden.newID()
        let room = try await warden.client.prepareJob(next, under: lease)
        #expect(write(.mebibytes(7), to: room.work + "/input") == 0)
    }
}
