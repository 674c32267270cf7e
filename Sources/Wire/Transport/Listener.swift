internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Binds a socket and prepares each connection it accepts.
struct Listener: HTTP2ServerTransport.ListenerFactory {
    enum Security: Sendable {
        /// Over a Unix socket: the kernel says who calls.
        case kernel
        /// Mutual TLS 1.3; a certificate is asked for but not insisted on, since newcomers have none.
        case mutualTLS(TLSContexts, any Gatekeeper, (any CompanionProtocol)?)
    }

    let address: NIOCore.SocketAddress
    let security: Security
    let connections: AcceptedConnections
    let eventLoopGroup: any EventLoopGroup
    let log: Logger

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        try await ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
            .bind(to: address) { channel in
                let prepared = prepare(channel)
                prepared.whenFailure { error in
                    log.info("Refused a connection", metadata: ["error": "\(error)"])
                    channel.close(promise: nil)
                }
                return prepared.flatMap { connectionConfigurator.configure(channel: channel, tls: tls) }
            }
    }

    private var tls: HTTP2ServerTransport.ConnectionConfigurator.TLS {
        switch security {
        case .kernel: .none
        case .mutualTLS: .configured(requireALPN: true)
        }
    }

    private func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        let accepted = Result { try connections.accept(channel) }
        switch security {
        case .kernel:
            return LocalCaller.of(channel).flatMapThrowing { caller in
                let connection = try accepted.get()
                connection.caller = .local(caller)
                try channel.pipeline.syncOperations.addHandler(ConnectionDoor(connection, patience: nil, log: log))
            }
        case .mutualTLS(let contexts, let gatekeeper, let companion):
            return channel.eventLoop.makeCompletedFuture {
                let connection = try accepted.get()
                let context = try contexts.server(gatekeeper.credentials, besides: companion?.applicationProtocol)
                let tls = Self.tlsHandler(context, connection, gatekeeper)
                let door = ConnectionDoor(connection, patience: WireLimits.handshakeTimeout, log: log)
                try channel.pipeline.syncOperations.addHandlers([tls, door])
                guard let companion else { return }
                try channel.pipeline.syncOperations.addHandler(companion.negotiator { connection.provenPeer })
            }
        }
    }

    private static func tlsHandler(
        _ context: NIOSSLContext, _ connection: AcceptedConnection, _ gatekeeper: any Gatekeeper
    ) -> NIOSSLServerHandler {
        NIOSSLServerHandler(
            context: context, configuration: TLSContexts.handlerConfiguration,
            customVerificationCallbackWithMetadata: { certificates, promise in
                // A refused certificate does not end the handshake: the peer learns the reason from its first call.
                connection.caller = caller(presenting: certificates, gatekeeper)
                promise.succeed(.certificateVerified(VerificationMetadata(nil)))
            })
    }

    private static func caller(presenting certificates: [NIOSSLCertificate], _ gatekeeper: any Gatekeeper) -> Caller {
        do {
            return try gatekeeper.recognise(try certificates.map { try $0.toDERBytes() })
        } catch {
            return .refused("\(error)")
        }
    }
}

extension Listener {
    /// A server that offers `services` on this listener to the callers that `rule` lets through; calls of the control API
    /// then pass through `guards`.
    func server(
        of services: [any RegistrableRPCService], guards: [any ServerInterceptor], limits: ListenerLimits,
        rule: @escaping @Sendable (Caller, MethodDescriptor) throws(RPCError) -> Void
    ) -> (GRPCServer<HTTP2ServerTransport.Custom<Listener>>, HTTP2ServerTransport.Custom<Listener>) {
        var config = HTTP2ServerTransport.Custom<Listener>.Config.defaults
        config.connection.flushCoalescing = nil
        config.http2.maxConcurrentStreams = limits.streams
        config.http2.targetWindowSize = WireLimits.window
        config.rpc.maxRequestPayloadSize = limits.message
        config.connection.maxIdleTime = WireLimits.idleTime * 2
        config.connection.keepalive.time = .seconds(60)
        config.connection.keepalive.timeout = .seconds(20)
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(10)
        config.channelDebuggingCallbacks.onAcceptHTTP2Stream = ConnectionStamp.stamp
        let transport = HTTP2ServerTransport.Custom(listenerFactory: self, config: config)
        let callers = ConditionalInterceptor<any ServerInterceptor>.apply(
            CallerInterceptor(connections: connections, rule: rule), to: .all)
        let control = guards.map {
            ConditionalInterceptor<any ServerInterceptor>.apply($0, to: .services([Surplus_V1_Control.descriptor]))
        }
        return (GRPCServer(transport: transport, services: services, interceptorPipeline: [callers] + control), transport)
    }
}

extension GRPCServer {
    /// How long open calls may go on when the task is cancelled. Streams that were opened in the moment of the end would bring
    /// the process down: by then nobody opens any more.
    private static var lastWords: Duration { .seconds(1) }

    /// Serves until it was shut down or the task is cancelled, which is no error.
    ///
    /// - Parameter place: where it listens, for the error when that cannot be.
    func serveUntilCancelled(on place: String) async throws {
        let serving = Task { try await serve() }
        try await withTaskCancellationHandler {
            do { try await serving.value } catch {
                guard !Task.isCancelled else { return }
                guard let fault = (error as? RuntimeError)?.cause as? IOError else { throw error }
                throw WireError("failed to listen on \(place): \(String(cString: strerror(fault.errnoCode)))")
            }
        } onCancel: {
            beginGracefulShutdown()
            Task {
                // Nobody cancels this task.
                try? await Task.sleep(for: Self.lastWords)
                serving.cancel()
            }
        }
    }
}
