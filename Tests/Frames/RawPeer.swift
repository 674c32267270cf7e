import FrameKit
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Resources
import Synchronization

@testable import Frames

/// The other end of a connection, which speaks the bytes that a test wants and no others.
final class RawPeer: Sendable {
    let channel: any Channel
    private let incoming: Incoming

    init(_ channel: any Channel, _ incoming: Incoming) {
        self.channel = channel
        self.incoming = incoming
    }

    /// Collects the frames that come.
    final class Incoming: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private let reader = Mutex(FrameReader())
        private let frames: AsyncStream<Frame>
        private let continuation: AsyncStream<Frame>.Continuation

        init() {
            (frames, continuation) = AsyncStream.makeStream()
            reader.withLock { $0.bounds = .init(head: 1 << 20, body: 8 << 20) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            reader.withLock { reader in
                reader.append(bytes)
                while let frame = try? reader.next() { if frame.kind != .heartbeat { continuation.yield(frame) } }
            }
        }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func next() async -> Frame? {
            var iterator = frames.makeAsyncIterator()
            return await iterator.next()
        }
    }

    /// Connects over TLS as a node, or without a certificate.
    static func connect(to served: ServedFrames, as identity: FramePeer?) async throws -> RawPeer {
        let incoming = Incoming()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls =
                        if let identity {
                            try FrameTLS(identity).clientHandler(FrameTLS.Proof(), expecting: served.node)
                        } else { try anonymous() }
                    try channel.pipeline.syncOperations.addHandlers([tls, incoming])
                }
            }
            .connect(host: "127.0.0.1", port: served.listener.port).get()
        return RawPeer(channel, incoming)
    }

    private static func anonymous() throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = .tlsv13
        return try NIOSSLClientHandler(context: try NIOSSLContext(configuration: configuration), serverHostname: nil)
    }

    /// Listens for one node, and lets the test do what a server would.
    static func listen(
        as identity: FramePeer, greet: Bool, then script: @escaping @Sendable (Frame, any Channel) -> Void = { _, _ in }
    ) async throws -> any Channel {
        let tls = FrameTLS(identity)
        return try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let incoming = Incoming()
                    try channel.pipeline.syncOperations.addHandlers([try tls.serverHandler(FrameTLS.Proof()), incoming])
                    Task {
                        while let frame = await incoming.next() {
                            guard let hello = try? Hello(frame) else {
                                script(frame, channel)
                                continue
                            }
                            let answer = Hello(from: identity.node, to: hello.sender, FrameLimits(), FrameTimes())
                            if greet { try await channel.writeAndFlush(answer.frame.bytes) }
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func send(_ frame: Frame) async throws { try await channel.writeAndFlush(frame.bytes) }

    /// What it is told next; `nil` when the connection is gone.
    func next() async -> Frame? { await incoming.next() }

    /// Whether the other side cut the connection.
    func isCut() async -> Bool {
        while await next() != nil {}
        return !channel.isActive
    }
}

extension Frame {
    var bytes: ByteBuffer {
        var buffer = ByteBuffer()
        writeHead(into: &buffer)
        buffer.writeImmutableBuffer(message.body)
        return buffer
    }
}
