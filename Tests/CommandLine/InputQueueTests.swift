import Testing
import Wire

@testable import surplus

@Suite struct InputQueueTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("standard input goes out in order, each piece with its position, and then its end")
    func order() async throws {
        let queue = JobInputQueue(start: 0)
        queue.add(bytes("abc"))
        queue.add(bytes("de"))
        queue.end()
        let sent = [await queue.next(), await queue.next(), await queue.next()].compactMap { $0 }
        #expect(sent.map(\.stdinOffset) == [0, 3, 5])
        #expect(sent.map { Array($0.stdin) } == [bytes("abc"), bytes("de"), []])
        #expect(sent[2].stdinEnd)
    }

    @Test("after a reconnection everything that was not acknowledged goes out again, at its old position")
    func reconnection() async throws {
        let queue = JobInputQueue(start: 0)
        queue.add(bytes("abc"))
        queue.add(bytes("de"))
        queue.end()
        for _ in 0..<3 { _ = await queue.next() }
        queue.acknowledge(3)
        queue.reconnect()
        let again = [await queue.next(), await queue.next()].compactMap { $0 }
        #expect(again.map(\.stdinOffset) == [3, 5])
        #expect(again[1].stdinEnd)
    }

    @Test("a piece of which only a part arrived is sent again whole")
    func partial() async throws {
        let queue = JobInputQueue(start: 0)
        queue.add(bytes("abc"))
        _ = await queue.next()
        queue.acknowledge(2)
        queue.reconnect()
        #expect(await queue.next()?.stdinOffset == 0)
    }

    @Test("who joins later begins where the other side is")
    func unknownStart() async throws {
        let queue = JobInputQueue(start: nil)
        queue.add(bytes("x"))
        queue.add(signal: 15)
        #expect(await queue.next()?.signal == 15)
        queue.acknowledge(100)
        #expect(await queue.next()?.stdinOffset == 100)
    }

    @Test("signals overtake standard input")
    func signals() async throws {
        let queue = JobInputQueue(start: 0)
        queue.add(bytes("x"))
        queue.add(signal: 2)
        #expect(await queue.next()?.signal == 2)
        #expect(await queue.next()?.stdin.isEmpty == false)
    }

    @Test("waiting for input ends when something comes, and when it is cancelled")
    func waiting() async throws {
        let queue = JobInputQueue(start: 0)
        async let next = queue.next()
        queue.add(signal: 1)
        #expect(await next?.signal == 1)
        let task = Task { await queue.next() }
        task.cancel()
        #expect(await task.value == nil)
    }
}
