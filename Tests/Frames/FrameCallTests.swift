import Dispatch
import FrameKit
import Frames
import NIOCore
import Resources
import Synchronization
import Testing

@Suite("Calls over frames", .timeLimit(.minutes(2)))
struct FrameCallTests {
    static let patience = Duration.seconds(20)

    private static func message(_ seed: UInt64, _ size: Int) -> FrameMessage {
        var random = SeededGenerator(seed: seed)
        var body = ByteBuffer()
        body.reserveCapacity(size)
        while body.readableBytes < size { body.writeInteger(random.next()) }
        return FrameMessage(
            code: 1, head: (0..<Int(seed % 300)).map { _ in UInt8.random(in: .min ... .max, using: &random) },
            body: body.getSlice(at: 0, length: size) ?? ByteBuffer())
    }

    @Test("What is asked arrives whole, and so does what is answered, of any size")
    func sizes() async throws {
        try await ServedFrames.serving([Echo()]) { served in
            try await served.calling { pool in
                let sizes = [0, 1, 100, 4096, 16384, 16385, 65536, 262_144, 262_145, 1_000_000, 4 << 20, (4 << 20) + (64 << 10)]
                for (seed, size) in sizes.enumerated() {
                    let message = Self.message(UInt64(seed), size)
                    let answer = try await pool.call(message, within: Self.patience)
                    #expect(answer == message, "\(size)")
                }
            }
        }
    }

    @Test("Many threads and tasks share few connections, and each gets its own answers")
    func crowd() async throws {
        try await ServedFrames.serving([Echo()]) { served in
            try await served.calling { pool in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 as Range<UInt64> {
                        group.addTask {
                            for number in 0..<40 as Range<UInt64> {
                                let message = Self.message(task * 1000 + number, Int(number * number * 20))
                                let answer = try await pool.call(message, within: Self.patience)
                                #expect(answer == message)
                            }
                        }
                    }
                    let (threads, hasEnded) = (8, DispatchGroup())
                    for thread in 0..<threads {
                        DispatchQueue.global().async(group: hasEnded) {
                            for number in 0..<40 {
                                let message = Self.message(UInt64(100_000 + thread * 1000 + number), number * 100)
                                let answer = try? pool.wait(for: message, within: Self.patience)
                                #expect(answer == message)
                            }
                        }
                    }
                    await withCheckedContinuation { done in hasEnded.notify(queue: .global()) { done.resume() } }
                    try await group.waitForAll()
                }
                #expect((1...4).contains(pool.connectionCount))
            }
        }
    }

    @Test("What takes long does not hold up what comes after it on the same connection")
    func anyOrder() async throws {
        let door = Door()
        let slow = Scripted { request, _ in
            door.pass()
            return request
        }
        try await ServedFrames.serving([Echo(), slow]) { served in
            try await served.calling(.single) { pool in
                async let late = pool.call(FrameMessage(code: 10), within: Self.patience)
                for _ in 0..<20 { _ = try await pool.call(FrameMessage(code: 1), within: Self.patience) }
                door.open()
                #expect(try await late.code == 10)
            }
        }
    }

    @Test("A refusal arrives with its kind and reason; so does that of what nobody answers")
    func refusals() async throws {
        let refusing = Scripted { _, _ throws(FrameRefusal) in throw FrameRefusal(.notPermitted, "not today") }
        try await ServedFrames.serving([refusing]) { served in
            try await served.calling { pool in
                #expect(await pool.failure(FrameMessage(code: 10)) == .refused(FrameRefusal(.notPermitted, "not today")))
                let error = await pool.failure(FrameMessage(code: 999))
                guard case .refused(let refusal) = error else { return unexpected(error) }
                #expect(refusal.kind == .unknown && refusal.text.contains("999"))
            }
        }
    }

    @Test("What is larger than the other side takes is not sent, and what is answered no larger than the caller takes")
    func tooLarge() async throws {
        let generous = Scripted { _, _ in FrameMessage(code: 10, body: ByteBuffer(repeating: 1, count: 2000)) }
        var limits = FrameLimits()
        limits.body = 1000
        try await ServedFrames.serving([Echo(), generous], limits: limits) { served in
            try await served.calling { pool in
                let error = await pool.failure(FrameMessage(code: 1, body: ByteBuffer(repeating: 0, count: 1001)))
                guard case .tooLarge = error else { return unexpected(error) }
                let answer = try await pool.call(FrameMessage(code: 10), within: Self.patience)
                #expect(answer.body.readableBytes == 2000)
            }
            var options = FramePool.Options.patient
            options.limits.body = 1000
            try await served.calling(options) { pool in
                let error = await pool.failure(FrameMessage(code: 10))
                guard case .refused(let refusal) = error else { return unexpected(error) }
                #expect(refusal.kind == .failed)
            }
        }
    }

    @Test("A call ends at its deadline; what comes then is dropped, and the connection goes on")
    func deadline() async throws {
        let door = Door()
        let slow = Scripted { request, _ in
            door.pass()
            return request
        }
        try await ServedFrames.serving([Echo(), slow]) { served in
            try await served.calling(.single) { pool in
                #expect(await pool.failure(FrameMessage(code: 10), within: .milliseconds(30)) == .timedOut)
                #expect(throws: FrameError.timedOut) { try pool.wait(for: FrameMessage(code: 10), within: .milliseconds(30)) }
                door.open()
                for _ in 0..<10 { _ = try await pool.call(FrameMessage(code: 1), within: Self.patience) }
                #expect(pool.connectionCount == 1)
            }
        }
    }

    @Test("A task that is cancelled gives its call up")
    func cancelled() async throws {
        let (door, begun) = (Door(), Signal<Void>())
        let slow = Scripted { request, _ in
            begun.send(())
            door.pass()
            return request
        }
        try await ServedFrames.serving([slow]) { served in
            try await served.calling { pool in
                let task = Task { await pool.failure(FrameMessage(code: 10)) }
                await begun.next()
                task.cancel()
                #expect(await task.value == .cancelled)
                door.open()
            }
        }
    }

    @Test("A server works on no more requests of one connection at a time than it was told, and answers all")
    func running() async throws {
        let now = Atomic(0)
        let most = Atomic(0)
        let counting = Scripted { request, _ in
            let count = now.add(1, ordering: .relaxed).newValue
            _ = most.max(count, ordering: .relaxed)
            now.subtract(1, ordering: .relaxed)
            return request
        }
        var limits = FrameLimits()
        (limits.running, limits.requests, limits.bytes) = (2, 4, 100_000)
        try await ServedFrames.serving([counting], limits: limits) { served in
            try await served.calling(.single) { pool in
                try await withThrowingTaskGroup(of: FrameMessage.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            let body = ByteBuffer(repeating: 7, count: 50_000)
                            return try await pool.call(FrameMessage(code: 10, body: body), within: Self.patience)
                        }
                    }
                    var answers = 0
                    for try await answer in group { answers += answer.body.readableBytes == 50_000 ? 1 : 0 }
                    #expect(answers == 100)
                }
            }
        }
        #expect((1...2).contains(most.load(ordering: .relaxed)))
    }

    @Test("Notices arrive in order, and the service learns when the caller is gone")
    func notices() async throws {
        let (told, gone) = (Signal<UInt16>(), Signal<NodeID>())
        let telling = Scripted(gone: gone) { request, caller in
            for code in 0..<100 as Range<UInt16> { caller.notify(FrameMessage(code: code, body: request.body)) }
            return request
        }
        try await ServedFrames.serving([telling]) { served in
            let client = try served.peers.node("client")
            try await served.calling(as: client, onNotice: { told.send($0.code) }) { pool in
                _ = try await pool.call(FrameMessage(code: 10, body: ByteBuffer(string: "recall")), within: Self.patience)
                for code in 0..<100 as Range<UInt16> { #expect(await told.next() == code) }
            }
            #expect(await gone.next() == client.node)
        }
    }
}
