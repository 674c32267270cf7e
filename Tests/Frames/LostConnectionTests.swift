import FrameKit
import Frames
import NIOCore
import Resources
import Testing

@Suite("Connections that go down", .timeLimit(.minutes(2)))
struct LostConnectionTests {
    static let patience = Duration.seconds(20)

    /// Tries again at once.
    static var eager: FramePool.Options {
        var options = FramePool.Options.single
        (options.times.shortestPause, options.times.longestPause) = (.zero, .zero)
        return options
    }

    @Test("All calls on a connection that is cut fail at once, and the next makes another")
    func cut() async throws {
        let (door, begun) = (Door(), Signal<Void>())
        let slow = Scripted { request, _ in
            begun.send(())
            door.pass()
            return request
        }
        try await ServedFrames.serving([Echo(), slow]) { served in
            let client = try served.peers.node("client")
            try await served.calling(as: client, Self.eager) { pool in
                let calls = (0..<5).map { _ in Task { await pool.failure(FrameMessage(code: 10)) } }
                for _ in calls { await begun.next() }
                served.server.cut(client.node, because: "a test")
                for call in calls {
                    let error = await call.value
                    guard case .lost(_, wasSent: true) = error else { return unexpected(error) }
                }
                let answer = try await pool.call(FrameMessage(code: 1), within: Self.patience)
                #expect(answer.code == 1)
                door.open()
            }
        }
    }

    @Test("A server that is shut down answers what it was asked, and tells others to go elsewhere")
    func shutDown() async throws {
        let (door, begun) = (Door(), Signal<Void>())
        let slow = Scripted { request, _ in
            begun.send(())
            door.pass()
            return request
        }
        try await ServedFrames.serving([slow]) { served in
            try await served.calling(Self.eager) { pool in
                let call = Task { try await pool.call(FrameMessage(code: 10), within: Self.patience) }
                await begun.next()
                async let end: Void = served.listener.shutDown(within: .seconds(60))
                // Until others are told to go elsewhere, and nobody listens there.
                while case .refused = await pool.failure(FrameMessage(code: 999)) {}
                door.open()
                let answer = try await call.value
                #expect(answer.code == 10)
                await end
            }
        }
    }

    @Test("Where nobody listens a call fails with the reason, and works when somebody does again")
    func comesBack() async throws {
        let peers = try FramePeers()
        let identity = try peers.node("server")
        func listen(_ port: Int) async throws -> FrameListener {
            try await FrameListener(
                FrameServer([Echo()], as: identity.node, times: .patient), host: "127.0.0.1", port: port, as: identity)
        }
        let first = try await listen(0)
        let pool = FramePool(to: identity.node, host: "127.0.0.1", port: first.port, as: try peers.node("client"), Self.eager)
        _ = try await pool.call(FrameMessage(code: 1), within: Self.patience)
        await first.shutDown()
        var error = await pool.failure(FrameMessage(code: 1))
        // The pool may not have heard of the end yet.
        while case .lost = error { error = await pool.failure(FrameMessage(code: 1)) }
        guard case .unreachable(let reason) = error else { return unexpected(error) }
        #expect(reason.contains("127.0.0.1:\(first.port)") && reason.contains("refused"))
        let second = try await listen(first.port)
        let answer = try await pool.call(FrameMessage(code: 1), within: Self.patience)
        #expect(answer.code == 1)
        await pool.shutDown()
        #expect(await pool.failure(FrameMessage(code: 1)) == .closed)
        await second.shutDown()
    }

    @Test("A pool that is shut down ends the calls that are under way")
    func poolShutDown() async throws {
        let (door, begun) = (Door(), Signal<Void>())
        let slow = Scripted { request, _ in
            begun.send(())
            door.pass()
            return request
        }
        try await ServedFrames.serving([slow]) { served in
            try await served.calling { pool in
                let call = Task { await pool.failure(FrameMessage(code: 10)) }
                await begun.next()
                await pool.shutDown()
                #expect(await call.value == .closed)
                door.open()
            }
        }
    }

    @Test("Where another listens, a listener says so")
    func taken() async throws {
        try await ServedFrames.serving([Echo()]) { served in
            let server = FrameServer([Echo()], as: served.node)
            let error = await #expect(throws: FrameError.self) {
                _ = try await FrameListener(server, host: "127.0.0.1", port: served.listener.port, as: served.identity)
            }
            guard case .notListening(let reason) = error else { return unexpected(error) }
            #expect(reason.contains("in use"))
            await server.shutDown()
        }
    }

    @Test("Whoever answers in place of the right node gets nothing, and the reason says who it is")
    func wrongNode() async throws {
        try await ServedFrames.serving([Echo()]) { served in
            let other = try served.peers.node("other")
            let pool = FramePool(
                to: other.node, host: "127.0.0.1", port: served.listener.port, as: try served.peers.node("client"), .single)
            let error = await pool.failure(FrameMessage(code: 1))
            guard case .unreachable(let reason) = error else { return unexpected(error) }
            #expect(reason.contains("it is \(served.node), not \(other.node)"))
            await pool.shutDown()
        }
    }

    @Test("A node of another pool is refused on both sides")
    func otherPool() async throws {
        try await ServedFrames.serving([Echo()]) { served in
            let stranger = try FramePeers(seed: 99).node("stranger")
            try await served.calling(as: stranger, .single) { pool in
                let error = await pool.failure(FrameMessage(code: 1))
                guard case .unreachable = error else { return unexpected(error) }
            }
        }
    }

    @Test("One node has no more connections than it may, and is told so")
    func tooMany() async throws {
        var limits = FrameLimits()
        limits.connectionsPerNode = 1
        try await ServedFrames.serving([Echo()], limits: limits) { served in
            let client = try served.peers.node("client")
            try await served.calling(as: client, .single) { first in
                _ = try await first.call(FrameMessage(code: 1), within: Self.patience)
                try await served.calling(as: client, .single) { second in
                    let error = await second.failure(FrameMessage(code: 1))
                    guard case .unreachable(let reason) = error else { return unexpected(error) }
                    #expect(reason.contains("connections already"))
                }
            }
        }
    }
}
