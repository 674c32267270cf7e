import Foundation
import GRPCCore
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import NIOTLS
import Synchronization
import Testing

@testable import Wire

@Suite("Unwelcome connections")
struct HostileConnectionTests {
    @Test("TLS below 1.3 is refused during the handshake; 1.3 is not", arguments: ["-tls1_2", "-tls1_3"])
    func tlsVersion(option: String) async throws {
        let server = try TestPool().node()
        try await withPeerListener(of: server) { listener, endpoint in
            let result = try await run(
                "/usr/bin/openssl", ["s_client", option, "-alpn", "h2", "-connect", "\(endpoint)", "-brief"])
            let text = String(decoding: result.output, as: UTF8.self)
            if option == "-tls1_2" {
                #expect(result.status != 0)
                #expect(text.contains("protocol version"))
            } else {
                #expect(text.contains("Protocol version: TLSv1.3"))
            }
        }
    }

    @Test("Without a certificate a call is refused with the remedy")
    func stranger() async throws {
        let server = try TestPool().node()
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            let dialer = Dialer(eventLoopGroup: .singleton)
            let transport = DialedTransport { try await dialer.dial(endpoint, tls: try TLSContexts.makeClient(nil)) { _ in } }
            let error = await rpcError {
                try await withGRPCClient(transport: transport) { client in
                    _ = try await Surplus_V1_Peer.Client(wrapping: client).hello(Surplus_V1_PeerHello())
                }
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.message.contains("join the pool first") == true)
        }
        #expect(service.callers.isEmpty)
    }

    @Test("A call whose caller is not proven may not send much")
    func strangerFlood() async throws {
        let server = try TestPool().node()
        try await withPeerListener(of: server) { _, endpoint in
            func enrol(_ size: Int) async throws -> Surplus_V1_EnrolReply {
                let request = Surplus_V1_EnrolRequest.with { $0.certificateRequest = Data(count: size) }
                return try await EnrolmentClient().enrol(request, at: endpoint) { _ in }
            }
            _ = try await enrol(30 << 10)
            #expect(await rpcError { _ = try await enrol(40 << 10) } != nil)
        }
    }

    @Test("Too many unproven connections displace each other, never a member")
    func crowd() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        let limits = ListenerLimits(connections: 8, strangers: 2, streams: 8, message: 1 << 20)
        try await withPeerListener(of: server, limits: limits) { listener, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                var idle: [any Channel] = []
                for _ in 0..<20 {
                    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(host: endpoint.host, port: endpoint.port).get()
                    idle.append(channel)
                }
                for channel in idle.dropLast(2) { try await channel.closeFuture.get() }
                #expect(listener.connectionCount <= 3)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                for channel in idle.suffix(2) { try? await channel.close() }
            }
        }
    }

    @Test("Bytes that are no TLS close their connection and disturb nobody")
    func garbage() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { _, endpoint in
            for _ in 0..<20 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: endpoint.host, port: endpoint.port).get()
                try? await channel.writeAndFlush(ByteBuffer(repeating: 0x47, count: 4096))
                try await channel.closeFuture.get()
            }
            try await withClients(of: client) { clients in
                _ = try await clients.client(of: server.node, at: endpoint).hello(Surplus_V1_PeerHello())
            }
        }
    }

    @Test("A connection that does not finish its handshake in time is closed; one that did stays")
    func handshakeTimeout() throws {
        for finishes in [false, true] {
            let channel = EmbeddedChannel()
            let connection = AcceptedConnection(number: 1, channel: channel)
            let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            try channel.pipeline.syncOperations.addHandler(ConnectionDoor(connection, patience: .seconds(10), log: log))
            let isClosed = Mutex(false)
            channel.closeFuture.whenComplete { _ in isClosed.withLock { $0 = true } }
            channel.embeddedEventLoop.advanceTime(by: .seconds(9))
            #expect(!isClosed.withLock { $0 })
            if finishes {
                channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: "h2"))
            }
            channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            #expect(isClosed.withLock { $0 } == !finishes)
            _ = try channel.finish(acceptAlreadyClosed: true)
        }
    }

    @Test("A call without the stamp of its connection is refused")
    func stampMissing() async throws {
        let interceptor = CallerInterceptor(connections: AcceptedConnections(limits: .control)) { _, _ in }
        for metadata in [[:], ["surplus-connection": "7"], ["surplus-connection": "x"]] as [Metadata] {
            let error = await rpcError {
                try await withServerContextRPCCancellationHandle { handle in
                    let context = ServerContext(
                        descriptor: Surplus_V1_Peer.Method.Hello.descriptor, remotePeer: "", localPeer: "", cancellation: handle)
                    let request = StreamingServerRequest<Int>(
                        metadata: metadata, messages: RPCAsyncSequence(wrapping: AsyncThrowingStream { $0.finish() }))
                    _ = try await interceptor.intercept(request: request, context: context) { _, _ in
                        StreamingServerResponse<Int>(single: ServerResponse(message: 1))
                    }
                }
            }
            #expect(error?.code == .unavailable)
        }
    }
}
