import Dispatch
import FrameKit
import NIOCore
import NIOPosix
import Resources
import Synchronization
import Testing

@testable import Frames

@Suite("Hostile peers", .timeLimit(.minutes(2)))
struct HostilePeerTests {
    static let patience = Duration.seconds(20)

    private static func hello(_ client: FramePeer, _ served: ServedFrames) -> Frame {
        Hello(from: client.node, to: served.node, FrameLimits(), .patient).frame
    }

    /// Serves a hostile client, and sees that the server still serves others afterwards.
    private static func withServer(
        limits: FrameLimits = FrameLimits(), times: FrameTimes = .patient, _ services: [any FrameService] = [],
        _ body: (ServedFrames, FramePeer) async throws -> Void
    ) async throws {
        try await ServedFrames.serving([Echo()] + services, limits: limits, times: times) { served in
            try await body(served, try served.peers.node("hostile"))
            try await served.calling { pool in _ = try await pool.call(FrameMessage(code: 1), within: patience) }
        }
    }

    enum Nonsense: CaseIterable, Sendable {
        case garbage, requestFirst, wrongSender, wrongRecipient, wrongVersion, oversizedHello, oversizedRequest, secondHello,
            reply
        case unknownKind

        func frames(_ client: FramePeer, _ served: ServedFrames) -> [ByteBuffer] {
            var hello = Hello(from: client.node, to: served.node, FrameLimits(), .patient)
            let good = hello.frame.bytes
            switch self {
            case .garbage: return [ByteBuffer(bytes: (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) })]
            case .requestFirst: return [Frame(.request, FrameMessage(code: 1)).bytes]
            case .wrongSender: hello.sender = NodeID(high: 5, low: 5)
            case .wrongRecipient: hello.recipient = NodeID(high: 5, low: 5)
            case .wrongVersion: hello.versions = 900...901
            case .oversizedHello: return [Frame(.hello, FrameMessage(code: 0, head: .init(repeating: 0, count: 5000))).bytes]
            case .oversizedRequest:
                var head = ByteBuffer()
                head.writeMultipleIntegers(UInt32(10), UInt32.max, UInt64(1), UInt8(2), UInt8(0), UInt16(1))
                return [good, head]
            case .secondHello: return [good, good]
            case .reply: return [good, Frame(.reply, id: 1).bytes]
            case .unknownKind: return [good, ByteBuffer(repeating: 99, count: 40)]
            }
            return [hello.frame.bytes]
        }
    }

    @Test("Nonsense ends the connection, and only that", arguments: Nonsense.allCases)
    func nonsense(_ kind: Nonsense) async throws {
        try await Self.withServer { served, client in
            let peer = try await RawPeer.connect(to: served, as: client)
            for bytes in kind.frames(client, served) { try? await peer.channel.writeAndFlush(bytes) }
            #expect(await peer.isCut())
        }
    }

    @Test("Whoever is refused at the beginning is told why")
    func goodbye() async throws {
        try await Self.withServer { served, client in
            let peer = try await RawPeer.connect(to: served, as: client)
            try await peer.send(Hello(from: client.node, to: client.node, FrameLimits(), .patient).frame)
            let frame = await peer.next()
            #expect(frame?.kind == .goodbye && frame?.text.contains("it looks for \(client.node)") == true)
            #expect(await peer.isCut())
        }
    }

    @Test("Without a certificate nobody gets in, and is told what is missing")
    func anonymous() async throws {
        try await Self.withServer { served, client in
            let peer = try await RawPeer.connect(to: served, as: nil)
            try await peer.send(Self.hello(client, served))
            #expect(await peer.next()?.text.contains("no certificate") == true)
            #expect(await peer.isCut())
        }
    }

    @Test("Whoever does not say in time who it is, or stops in the middle of it, is cut off", arguments: [0, 30])
    func dawdling(count: Int) async throws {
        var times = FrameTimes.patient
        times.opening = .seconds(2)
        try await Self.withServer(times: times) { served, client in
            let peer = try await RawPeer.connect(to: served, as: client)
            let bytes = Self.hello(client, served).bytes
            // It may have been cut off already.
            try? await peer.channel.writeAndFlush(bytes.getSlice(at: 0, length: count) ?? ByteBuffer())
            #expect(await peer.isCut())
        }
    }

    @Test("Strangers displace each other, never a node that is known")
    func crowd() async throws {
        var limits = FrameLimits()
        (limits.strangers, limits.connections) = (2, 4)
        try await Self.withServer(limits: limits) { served, client in
            try await served.calling { pool in
                _ = try await pool.call(FrameMessage(code: 1), within: Self.patience)
                var idle: [RawPeer] = []
                for _ in 0..<12 { idle.append(try await RawPeer.connect(to: served, as: client)) }
                for peer in idle.dropLast(3) { #expect(await peer.isCut()) }
                #expect(served.server.connectionCount <= 4)
                _ = try await pool.call(FrameMessage(code: 1), within: Self.patience)
                for peer in idle { peer.channel.close(promise: nil) }
            }
        }
    }

    @Test("A client that falls silent is cut off, and its connection given free")
    func silentClient() async throws {
        var times = FrameTimes.patient
        (times.heartbeat, times.silence) = (.milliseconds(50), .milliseconds(300))
        try await ServedFrames.serving([Echo()], times: times) { served in
            let client = try served.peers.node("hostile")
            let peer = try await RawPeer.connect(to: served, as: client)
            try await peer.send(Self.hello(client, served))
            #expect(await peer.next()?.kind == .hello)
            #expect(await peer.isCut())
        }
    }

    @Test("A client that asks for much and reads nothing is not served beyond its bounds, and holds nobody up")
    func neverReading() async throws {
        let begun = Atomic(0)
        let generous = Scripted { _, _ in
            begun.add(1, ordering: .relaxed)
            return FrameMessage(code: 10, body: ByteBuffer(repeating: 1, count: 1 << 20))
        }
        var limits = FrameLimits()
        (limits.running, limits.requests, limits.bytes) = (4, 32, 4 << 20)
        try await Self.withServer(limits: limits, [generous]) { served, client in
            let peer = try await RawPeer.connect(to: served, as: client)
            try await peer.send(Self.hello(client, served))
            #expect(await peer.next()?.kind == .hello)
            try await peer.channel.setOption(.autoRead, value: false).get()
            let request = Frame(.request, id: 1, FrameMessage(code: 10, body: ByteBuffer(repeating: 0, count: 1000))).bytes
            for _ in 0..<2000 { peer.channel.writeAndFlush(request, promise: nil) }
            try await served.calling { pool in
                for _ in 0..<300 { _ = try await pool.call(FrameMessage(code: 1), within: Self.patience) }
            }
            // What the socket and the channel took, what waits to be sent, and what was being worked on.
            #expect(begun.load(ordering: .relaxed) < 64)
            try await peer.channel.close()
        }
    }

    @Test("A client that takes no notices is cut off")
    func deafToNotices() async throws {
        let gone = Signal<NodeID>()
        let telling = Scripted(gone: gone) { request, caller in
            let body = ByteBuffer(repeating: 1, count: 1 << 20)
            for _ in 0..<100 { caller.notify(FrameMessage(code: 1, body: body)) }
            return request
        }
        var limits = FrameLimits()
        limits.notices = 8
        try await Self.withServer(limits: limits, [telling]) { served, client in
            let peer = try await RawPeer.connect(to: served, as: client)
            try await peer.send(Self.hello(client, served))
            #expect(await peer.next()?.kind == .hello)
            try await peer.channel.setOption(.autoRead, value: false).get()
            try await peer.send(Frame(.request, id: 1, FrameMessage(code: 10)))
            #expect(await gone.next() == client.node)
            try? await peer.channel.close()
        }
    }

    /// Frames of which some are changed in a few bytes, or cut short.
    private static func mangled(_ seed: UInt64, _ kind: Frame.Kind) -> ByteBuffer {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for id in 1...30 as ClosedRange<UInt64> {
            let body = ByteBuffer(repeating: 1, count: .random(in: 0...3000, using: &random))
            var frame = Array(Frame(kind, id: id, FrameMessage(code: 1, head: [1, 2], body: body)).bytes.readableBytesView)
            if random.chance(.percent(20)) {
                for _ in 0..<3 { frame[.random(in: 0..<min(frame.count, 24), using: &random)] ^= UInt8(random.next() & 255) }
            }
            if random.chance(.percent(10)) { frame.removeLast(.random(in: 1...frame.count, using: &random)) }
            bytes += frame
        }
        return ByteBuffer(bytes: bytes)
    }

    @Test("Whatever a client sends, the server lives", arguments: 0..<20 as Range<UInt64>)
    func mangledRequests(seed: UInt64) async throws {
        try await Self.withServer { served, client in
            let peer = try await RawPeer.connect(to: served, as: client)
            try await peer.send(Self.hello(client, served))
            #expect(await peer.next()?.kind == .hello)
            // It may be cut off in the middle of it.
            try? await peer.channel.writeAndFlush(Self.mangled(seed, .request))
            try? await peer.channel.close()
        }
    }

    // MARK: Servers

    /// What a call to such a server comes to.
    private static func failure(
        greet: Bool, times: FrameTimes = .patient, _ script: @escaping @Sendable (Frame, any Channel) -> Void = { _, _ in }
    ) async throws -> FrameError? {
        let peers = try FramePeers()
        let server = try peers.node("hostile")
        let listening = try await RawPeer.listen(as: server, greet: greet, then: script)
        var options = FramePool.Options.single
        options.times = times
        let pool = FramePool(
            to: server.node, host: "127.0.0.1", port: listening.localAddress?.port ?? 0, as: try peers.node("client"), options)
        let error = await pool.failure(FrameMessage(code: 1))
        await pool.shutDown()
        try await listening.close()
        return error
    }

    @Test("A server that falls silent after a request is given up long before the call's deadline")
    func silentServer() async throws {
        var times = FrameTimes.patient
        (times.heartbeat, times.silence) = (.milliseconds(50), .milliseconds(300))
        let error = try await Self.failure(greet: true, times: times)
        guard case .lost(let reason, wasSent: true) = error else { return unexpected(error) }
        #expect(reason.contains("nothing was heard"))
    }

    @Test("A server that reads nothing is given up, however much was to be sent to it")
    func deafServer() async throws {
        let peers = try FramePeers()
        let server = try peers.node("hostile")
        let listening = try await RawPeer.listen(as: server, greet: true) { _, channel in
            channel.setOption(.autoRead, value: false).whenFailure { _ in }
        }
        var options = FramePool.Options.single
        (options.times.heartbeat, options.times.silence) = (.milliseconds(50), .milliseconds(300))
        let pool = FramePool(
            to: server.node, host: "127.0.0.1", port: listening.localAddress?.port ?? 0, as: try peers.node("client"), options)
        let body = ByteBuffer(repeating: 1, count: 4 << 20)
        let calls = (0..<20).map { _ in Task { await pool.failure(FrameMessage(code: 1, body: body)) } }
        for call in calls {
            switch await call.value {
            case .lost, .unreachable: break
            case let error: unexpected(error)
            }
        }
        await pool.shutDown()
        try await listening.close()
    }

    @Test("A server that never says who it is is given up")
    func noHello() async throws {
        var times = FrameTimes.patient
        times.opening = .milliseconds(200)
        let error = try await Self.failure(greet: false, times: times)
        guard case .unreachable(let reason) = error else { return unexpected(error) }
        #expect(reason.contains("did not say in time"))
    }

    @Test("An answer that nobody asked for ends the connection")
    func unasked() async throws {
        let error = try await Self.failure(greet: true) { frame, channel in
            channel.writeAndFlush(Frame(.reply, id: frame.id + 1).bytes, promise: nil)
        }
        guard case .lost(let reason, wasSent: true) = error else { return unexpected(error) }
        #expect(reason.contains("nobody asked"))
    }

    @Test("Whatever a server sends, the client lives, and its call ends", arguments: 0..<20 as Range<UInt64>)
    func mangledAnswers(seed: UInt64) async throws {
        let error = try await Self.failure(greet: true) { _, channel in
            channel.writeAndFlush(Self.mangled(seed, [.reply, .notice][Int(seed % 2)]), promise: nil)
            channel.close(promise: nil)
        }
        switch error {
        case nil, .lost, .refused: break
        case let error?: unexpected(error)
        }
    }

    @Test("Half an answer and then nothing ends the call with the connection")
    func halfAnswer() async throws {
        let error = try await Self.failure(greet: true) { frame, channel in
            let answer = Frame(.reply, id: frame.id, FrameMessage(code: 1, body: ByteBuffer(repeating: 1, count: 1000))).bytes
            channel.writeAndFlush(answer.getSlice(at: 0, length: 500) ?? answer, promise: nil)
            channel.close(promise: nil)
        }
        guard case .lost(_, wasSent: true) = error else { return unexpected(error) }
    }
}
