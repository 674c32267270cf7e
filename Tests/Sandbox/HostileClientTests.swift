import Foundation
import Kernel
import Resources
import Testing

@testable import Sandbox

@Suite("A shim among hostile clients")
struct HostileClientTests {
    /// A connection that is dropped by the shim, after `bytes` were sent.
    private func expectDropped(_ bytes: [UInt8], by job: TestJob, _ comment: Comment) async throws {
        let descriptor = try connect(to: job)
        defer { close(descriptor) }
        try Descriptor.writeAll(bytes, to: descriptor, of: "a socket")
        let isDropped = await onThread { () -> Bool in
            while true {
                var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&watched, 1, 5000) == 1 else { return false }
                guard let read = try? Descriptor.read(descriptor, atMost: 4096, of: "a socket"), !read.isEmpty else {
                    return true
                }
            }
        }
        #expect(isDropped, comment)
    }

    private func connect(to job: TestJob) throws -> Int32 { try UnixSocket.connect(to: job.files.socket) }

    private func frame(_ message: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = UInt32(length ?? message.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + message
    }

    @Test("Garbage drops its sender and nobody else")
    func garbage() async throws {
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        let client = try job.attach()
        try await client.write([1], at: 0)
        let input = ShimRequest.input(at: 0, [1, 2, 3]).bytes
        try await expectDropped(Array("GET / HTTP/1.1\r\n\r\n".utf8), by: job, "another protocol")
        try await expectDropped(frame([], length: Int(UInt32.max)), by: job, "a frame beyond the largest")
        try await expectDropped(frame([]), by: job, "an empty frame")
        try await expectDropped(frame(Array(input.dropLast())), by: job, "a truncated request")
        try await expectDropped(frame(input + [0]), by: job, "a request with more behind it")
        try await expectDropped(frame(ShimRequest.input(at: 7, [1]).bytes), by: job, "input with a gap")
        try await expectDropped(frame(ShimRequest.inputEnd(at: 7).bytes), by: job, "an end beyond the input")
        try await client.write([2], at: 1)
        try await client.endInput(at: 2)
        #expect(try await client.end().reason == .exited(0))
        #expect(try job.files.read(.stdout, at: 0, atMost: 10) == [1, 2])
    }

    @Test("A client that stops reading or sends half a frame holds nobody up")
    func stalling() async throws {
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        let (silent, half) = (try connect(to: job), try connect(to: job))
        defer {
            close(silent)
            close(half)
        }
        try Descriptor.writeAll(frame([1, 2], length: 1000), to: half, of: "a socket")
        let client = try job.attach()
        async let record = client.end()
        let sent = InputTests.bytes(3_000_000)
        try await client.write(sent, at: 0)
        try await client.endInput(at: Int64(sent.count))
        #expect(try await record.reason == .exited(0))
        #expect(try job.files.read(.stdout, at: 0, atMost: sent.count + 1) == sent)
    }

    @Test("More clients than there is room for are turned away, and let in again when there is")
    func crowd() async throws {
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        var crowd: [Int32] = []
        for _ in 0..<16 { crowd.append(try connect(to: job)) }
        try await expectDropped([], by: job, "one too many")
        for descriptor in crowd { close(descriptor) }
        let client = try await enter(job)
        try await client.endInput(at: 0)
        #expect(try await client.end().reason == .exited(0))
    }

    /// Attaches once the shim has noticed that others have left.
    private func enter(_ job: TestJob) async throws -> ShimClient {
        for _ in 0..<1000 {
            let client = try job.attach()
            for await _ in client.events { return client }
        }
        throw ShimUnreachable("no room in the shim")
    }

    @Test(
        "Only the agent's user and root may attach",
        .enabled(if: TestJob.isRoot, "only root can be somebody else"))
    func strangers() async throws {
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        let attributes = try FileManager.default.attributesOfItem(atPath: job.files.socket)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let connect = """
            socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($ARGV[0])) or die "refused\\n"; print sysread(S, $_, 100)
            """
        func attach(as user: String) async throws -> String {
            let arguments = ["--reuid", user, "--clear-groups", "perl", "-MSocket", "-e", connect, job.files.socket]
            return try await launch("/usr/bin/setpriv", arguments).output
        }
        #expect(try await attach(as: "4242") == "")
        chmod(job.files.socket, 0o666)
        #expect(try await attach(as: "4242") == "0")
        #expect(try await attach(as: "0") != "0")
    }
}
