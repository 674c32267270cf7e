internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// Makes client connections whose end is proven before the first call goes out.
struct Dialer: Sendable {
    typealias Transport = HTTP2ClientTransport.WrappedChannel

    let eventLoopGroup: MultiThreadedEventLoopGroup

    static var transportConfig: Transport.Config {
        var config = Transport.Config.defaults
        config.http2.targetWindowSize = WireLimits.window
        config.connection.maxIdleTime = WireLimits.idleTime
        config.connection.keepalive = .init(time: .seconds(30), timeout: .seconds(20), allowWithoutCalls: false)
        return config
    }

    /// Connects over mutual TLS 1.3 to whoever `verify` accepts by its certificate chain (DER, leaf first).
    ///
    /// - Throws: ``WireError`` with what `verify` said, when that was the reason.
    func dial(
        _ endpoint: Endpoint, tls: NIOSSLContext, verify: @escaping @Sendable ([[UInt8]]) throws -> Void
    ) async throws(WireError) -> Transport {
        var config = Self.transportConfig
        config.http2.authority = endpoint.description
        do {
            return try await Transport.wrapping(config: config) { configure in
                let (configured, handshake) = try await ClientBootstrap(group: eventLoopGroup)
                    .connectTimeout(WireLimits.connectTimeout)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: endpoint.host, port: endpoint.port) { channel in
                        let handshake = channel.eventLoop.makePromise(of: Void.self)
                        return channel.eventLoop.makeCompletedFuture {
                            let verdict = Verdict()
                            try channel.pipeline.syncOperations.addHandlers([
                                Self.tlsHandler(tls, verdict, verify), HandshakeHandler(handshake, verdict),
                            ])
                        }.flatMap { configure(channel) }.map { ($0, handshake.futureResult) }
                    }
                try await handshake.get()
                return configured
            }
        } catch {
            throw (error as? WireError) ?? WireError("failed to connect to \(endpoint): \(Self.text(error))")
        }
    }

    /// Connects to a Unix socket.
    func dial(path: String) async throws -> Transport {
        try await Transport.wrapping(config: Self.transportConfig) { configure in
            try await ClientBootstrap(group: eventLoopGroup).connect(unixDomainSocketPath: path) { configure($0) }
        }
    }

    /// What the certificate check found, for the error that ends the handshake.
    fileprivate final class Verdict: Sendable {
        private let refusal = Mutex<String?>(nil)
        var reason: String? {
            get { refusal.withLock { $0 } }
            set { refusal.withLock { $0 = newValue } }
        }
    }

    private static func tlsHandler(
        _ context: NIOSSLContext, _ verdict: Verdict, _ verify: @escaping @Sendable ([[UInt8]]) throws -> Void
    ) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(
            context: context, serverHostname: nil, configuration: TLSContexts.handlerConfiguration,
            customVerificationCallbackWithMetadata: { certificates, promise in
                do {
                    try verify(try certificates.map { try $0.toDERBytes() })
                    promise.succeed(.certificateVerified(VerificationMetadata(nil)))
                } catch {
                    verdict.reason = "\(error)"
                    promise.succeed(.failed)
                }
            })
    }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text($0.error) } ?? "the host name is not known"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "no answer within 5 s"
        default: "\(error)"
        }
    }
}

/// Waits for the end of the handshake of a client connection.
private final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let finished: EventLoopPromise<Void>
    private let verdict: Dialer.Verdict
    private var timeout: Scheduled<Void>?

    init(_ finished: EventLoopPromise<Void>, _ verdict: Dialer.Verdict) {
        self.finished = finished
        self.verdict = verdict
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timeout = context.eventLoop.scheduleTask(in: WireLimits.handshakeTimeout) { [finished] in
            finished.fail(WireError("the handshake was not finished in time"))
            channel.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            finished.succeed()
            timeout?.cancel()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(with: verdict.reason ?? "the handshake failed: \(error)")
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(with: verdict.reason ?? "the other side closed the connection during the handshake")
        context.fireChannelInactive()
    }

    private func fail(with reason: String) {
        finished.fail(HandshakeFailed(description: reason))
        timeout?.cancel()
    }
}

private struct HandshakeFailed: Error, CustomStringConvertible {
    let description: String
}
