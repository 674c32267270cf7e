import FrameKit
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Resources
import Testing

@testable import Frames

@Suite("Frames beside another protocol on one port", .timeLimit(.minutes(2)))
struct FrameNegotiatorTests {
    /// The other protocol: speaks at once, and tells which one TLS agreed on and what comes.
    private final class Other: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let agreed: Signal<String?>
        private let bytes: Signal<ByteBuffer>

        init(_ agreed: Signal<String?>, _ bytes: Signal<ByteBuffer>) { (self.agreed, self.bytes) = (agreed, bytes) }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "SETTINGS")), promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted(let name) = event as? TLSUserEvent { agreed.send(name) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { bytes.send(unwrapInboundIn(data)) }
    }

    private final class Listening: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let heard: Signal<ByteBuffer>
        init(_ heard: Signal<ByteBuffer>) { self.heard = heard }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { heard.send(unwrapInboundIn(data)) }
    }

    private static func context(_ identity: FramePeer, client protocols: [String]?) throws -> NIOSSLContext {
        let chain = try identity.credentials.chain.map {
            NIOSSLCertificateSource.certificate(try NIOSSLCertificate(bytes: $0, format: .der))
        }
        let key = try NIOSSLPrivateKey(bytes: identity.credentials.privateKey, format: .der)
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        if protocols != nil { configuration = .makeClientConfiguration() }
        configuration.certificateVerification = protocols == nil ? .optionalVerification : .none
        configuration.trustRoots = .certificates([])
        configuration.applicationProtocols = protocols ?? ["h2", FrameServer.applicationProtocol]
        return try NIOSSLContext(configuration: configuration)
    }

    @Test("TLS decides who is served: frames here, all else by whom it was before")
    func choosing() async throws {
        let peers = try FramePeers()
        let identity = try peers.node("server")
        let server = FrameServer([Echo()], as: identity.node, times: .patient)
        let (agreed, bytes) = (Signal<String?>(), Signal<ByteBuffer>())
        let tls = try Self.context(identity, client: nil)
        let listening = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let proof = FrameTLS.Proof()
                    let handler = NIOSSLServerHandler(
                        context: tls, configuration: .init(),
                        customVerificationCallbackWithMetadata: { certificates, promise in
                            proof.note(certificates, identity)
                            promise.succeed(.certificateVerified(VerificationMetadata(nil)))
                        })
                    try channel.pipeline.syncOperations.addHandlers([
                        handler, server.negotiator { proof.node.mapError { $0 } }, Other(agreed, bytes),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listening.localAddress?.port ?? 0

        let pool = FramePool(to: identity.node, host: "127.0.0.1", port: port, as: try peers.node("client"), .patient)
        let message = FrameMessage(code: 1, body: ByteBuffer(repeating: 3, count: 1_000_000))
        let answer = try await pool.call(message, within: .seconds(20))
        #expect(answer == message)

        let heard = Signal<ByteBuffer>()
        let other = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try Self.context(identity, client: ["h2"])
                    try channel.pipeline.syncOperations.addHandlers([
                        try NIOSSLClientHandler(context: tls, serverHostname: nil), Listening(heard),
                    ])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try await other.writeAndFlush(ByteBuffer(string: "PRI * HTTP/2.0"))
        // The first that the other protocol hears of any connection is of this one.
        #expect(await agreed.next() == .some("h2"))
        #expect(await bytes.next() == ByteBuffer(string: "PRI * HTTP/2.0"))
        #expect(await heard.next() == ByteBuffer(string: "SETTINGS"))

        try await other.close()
        await pool.shutDown()
        try await listening.close()
        await server.shutDown()
    }
}
