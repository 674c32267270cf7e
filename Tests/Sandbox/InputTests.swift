import Foundation
import Resources
import Testing

@testable import Sandbox

@Suite("The input of a program")
struct InputTests {
    static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt64 = 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    @Test("10 MB pass through a program unchanged")
    func through() async throws {
        let sent = Self.bytes(10_000_000)
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        let client = try job.attach()
        async let record = client.end()
        try await client.write(sent, at: 0)
        try await client.endInput(at: Int64(sent.count))
        #expect(try await record.output.stdout == Bytes(Int64(sent.count)))
        #expect(try job.files.read(.stdout, at: 0, atMost: sent.count + 1) == sent)
    }

    @Test("A second client goes on where the first one broke off, without loss or doubling")
    func resumed() async throws {
        let sent = Self.bytes(300_000)
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        let first = try job.attach()
        try await first.write(Array(sent[..<200_000]), at: 0)
        try await first.waitForOutput(of: 200_000)
        first.detach()
        let second = try job.attach()
        async let record = second.end()
        try await second.write(Array(sent[150_000...]), at: 150_000)
        try await second.endInput(at: Int64(sent.count))
        #expect(try await record.reason == .exited(0))
        #expect(try job.files.read(.stdout, at: 0, atMost: sent.count + 1) == sent)
    }

    @Test("Two clients follow the same job, and both see its end")
    func two() async throws {
        let job = try TestJob("cat", hasInput: true)
        try await job.start()
        let (a, b) = (try job.attach(), try job.attach())
        async let ends = [a.end(), b.end()]
        try await a.write([1, 2, 3], at: 0)
        try await b.write([1, 2, 3, 4], at: 0)
        try await b.endInput(at: 4)
        let records = try await ends
        #expect(records[0] == records[1])
        #expect(try job.files.read(.stdout, at: 0, atMost: 10) == [1, 2, 3, 4])
    }

    @Test("A program without input reads an empty one")
    func empty() async throws {
        #expect(try await TestJob("cat").run().reason == .exited(0))
    }

    @Test("Input that a program does not want to read is taken and thrown away")
    func unread() async throws {
        let job = try TestJob(script: "exec <&-; echo ready; sleep 0.3; exit 4", hasInput: true)
        try await job.start()
        let client = try job.attach()
        try await client.waitForOutput(of: 6)
        async let record = client.end()
        try await client.write(Self.bytes(4_000_000), at: 0)
        #expect(try await record.reason == .exited(4))
    }

    @Test("A sender waits while the program does not read, and can be cancelled")
    func backpressure() async throws {
        let job = try TestJob("sleep", ["1000"], hasInput: true)
        try await job.start()
        let client = try job.attach()
        let writer = Task { try await client.write(Self.bytes(4 << 20), at: 0) }
        var accepted: Int64 = 0
        for await event in client.events {
            guard case .accepted(let position, let limit) = event else { continue }
            accepted = position
            if position == limit { break }
        }
        // what a pipe holds, and what the shim keeps
        #expect(accepted >= Int64(InputFeed.capacity) && accepted <= Int64(InputFeed.capacity) + 1 << 20)
        writer.cancel()
        await #expect(throws: CancellationError.self) { try await writer.value }
        try await job.attach().stop(reason: "the test is over")
        #expect(try await job.attach().end().reason == .stopped(reason: "the test is over"))
    }

    @Test("Input is taken in order, once, within the limit and before its end only")
    func feed() throws {
        var feed = InputFeed(isOpen: true)
        try feed.take([1, 2, 3], at: 0)
        try feed.take([2, 3, 4], at: 1)
        #expect(feed.accepted == 4 && feed.backlog == 4)
        #expect(throws: CanonicalReader.Malformed.self) { try feed.take([6], at: 5) }
        let room = Array(repeating: UInt8(0), count: InputFeed.capacity - 4)
        #expect(throws: CanonicalReader.Malformed.self) { try feed.take(room + [0], at: 4) }
        #expect(throws: CanonicalReader.Malformed.self) { try feed.end(at: 3) }
        try feed.end(at: 4)
        try feed.take([4], at: 3)
        #expect(throws: CanonicalReader.Malformed.self) { try feed.take([5], at: 4) }
    }
}
