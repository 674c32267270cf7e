internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// Makes client connections whose end is proven before the first call goes out.
struct Dialer: Sendable {
    let eventLoopGroup: MultiThreadedEventLoopGroup

    /// Connects over mutual TLS 1.3 to whoever `verify` accepts by its certificate chain (DER, leaf first). The connection
    /// closes when it had no calls for `idleTime`.
    ///
    /// - Throws: ``WireError`` with what `verify` said, when that was the reason.
    func dial(
        _ endpoint: Endpoint, tls: NIOSSLContext, idleTime: Duration = WireLimits.idleTime,
        verify: @escaping @Sendable ([[UInt8]]) throws -> Void
    ) async throws(WireError) -> ClientConnection {
        do {
            return try await ClientConnection(authority: endpoint.description, idleTime: idleTime) { configure in
                try await ClientBootstrap(group: eventLoopGroup)
                    .connectTimeout(WireLimits.connectTimeout)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: endpoint.host, port: endpoint.port) { channel in
                        let opened = channel.eventLoop.makePromise(of: ClientConnection.Configured.self)
                        return channel.eventLoop.makeCompletedFuture {
                            let verdict = Verdict()
                            let opening = OpeningHandler(after: .handshake, verdict, configure, opened)
                            let tls = try Self.tlsHandler(tls, verdict, verify)
                            try channel.pipeline.syncOperations.addHandlers([tls, opening])
                            return opened.futureResult
                        }
                    }.get()
            }
        } catch {
            throw WireError("failed to connect to \(endpoint): \(Self.text(error))")
        }
    }

    /// Connects to a Unix socket.
    ///
    /// - Throws: what NIO throws, with `errno` where there is one.
    func dial(path: String) async throws -> ClientConnection {
        try await ClientConnection(authority: "localhost", idleTime: WireLimits.idleTime) { configure in
            try await ClientBootstrap(group: eventLoopGroup).connect(unixDomainSocketPath: path) { channel in
                let opened = channel.eventLoop.makePromise(of: ClientConnection.Configured.self)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OpeningHandler(after: .connect, Verdict(), configure, opened))
                    return opened.futureResult
                }
            }.get()
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

/// Stands behind TLS in the pipeline of a client connection and adds gRPC's handlers when the connection is proven: not
/// before, because they take calls as soon as they are there; not later, because the server speaks at once.
private final class OpeningHandler: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    enum Event { case connect, handshake }

    private let event: Event
    private let verdict: Dialer.Verdict
    private let configure: ClientConnection.Configure
    private let opened: EventLoopPromise<ClientConnection.Configured>
    private var timeout: Scheduled<Void>?
    private var isDecided = false

    init(
        after event: Event, _ verdict: Dialer.Verdict, _ configure: @escaping ClientConnection.Configure,
        _ opened: EventLoopPromise<ClientConnection.Configured>
    ) {
        self.event = event
        self.verdict = verdict
        self.configure = configure
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: WireLimits.handshakeTimeout) {
            bound.value.fail(with: "the other side did not finish the handshake in time")
            channel.close(promise: nil)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        // Handlers added to an active channel have no use for the event any more.
        if event == .connect { open(context) } else { context.fireChannelActive() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { open(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(with: "the handshake failed: \(error)")
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(with: "the other side closed the connection during the handshake")
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { fail(with: "the connection was closed") }

    private func open(_ context: ChannelHandlerContext) {
        // Closing after a failure may still let a handshake end.
        guard !isDecided else { return }
        isDecided = true
        timeout?.cancel()
        configure(context.channel).cascade(to: opened)
    }

    /// Without effect once the connection is open.
    private func fail(with reason: String) {
        guard !isDecided else { return }
        isDecided = true
        timeout?.cancel()
        opened.fail(HandshakeFailed(description: verdict.reason ?? reason))
    }
}

private struct HandshakeFailed: Error, CustomStringConvertible {
    let description: String
}
