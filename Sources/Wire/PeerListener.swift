package import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Logging
package import NIOPosix
package import Resources

/// Where the other nodes of the pool call: mutual TLS 1.3 over TCP.
///
/// Who comes without a certificate may only enrol. Whoever else calls is asked for at the ``Gatekeeper`` at every call; a
/// caller that is refused is told why.
package final class PeerListener: Sendable {
    private let connections: AcceptedConnections
    private let grpc: GRPCServer<HTTP2ServerTransport.Custom<Listener>>
    private let transport: HTTP2ServerTransport.Custom<Listener>
    private let place: Endpoint

    /// - Parameters:
    ///   - endpoint: where to listen; a host name is looked up now.
    ///   - services: what is offered; handlers find their caller with `context.callingPeer()`.
    package init(
        on endpoint: Endpoint, gatekeeper: any Gatekeeper, services: [any RegistrableRPCService],
        limits: ListenerLimits = .peer, eventLoopGroup: MultiThreadedEventLoopGroup = .singleton, log: Logger
    ) throws {
        place = endpoint
        connections = AcceptedConnections(limits: limits)
        let listener = Listener(
            address: try endpoint.resolved(), security: .mutualTLS(TLSContexts(), gatekeeper), connections: connections,
            eventLoopGroup: eventLoopGroup, log: log)
        (grpc, transport) = listener.server(of: services, limits: limits) { caller, method throws(RPCError) in
            try Self.check(caller, calling: method, gatekeeper)
        }
    }

    /// Serves until ``beginGracefulShutdown()`` was called and all calls have ended, or until the task is cancelled.
    package func run() async throws { try await grpc.serveUntilCancelled(on: "\(place)") }

    /// Takes no new connections and calls any more.
    package func beginGracefulShutdown() { grpc.beginGracefulShutdown() }

    /// Where it listens, once it does: with the port that the system chose when none was given. `nil` when it has stopped.
    package var endpoint: Endpoint? {
        get async {
            guard let address = await transport.listeningAddress else { return nil }
            if let ipv4 = address.ipv4 { return Endpoint(host: ipv4.host, port: ipv4.port) }
            return address.ipv6.map { Endpoint(host: $0.host, port: $0.port) }
        }
    }

    /// Open connections.
    package var connectionCount: Int { connections.count }

    /// Cuts the connections of a peer that is not wanted any more.
    package func disconnect(_ node: NodeID) {
        connections.close { caller in
            guard case .peer(let peer) = caller else { return false }
            return peer.node == node
        }
    }

    private static func check(
        _ caller: Caller, calling method: MethodDescriptor, _ gatekeeper: any Gatekeeper
    ) throws(RPCError) {
        // A node whose certificate ran out, or that was a member elsewhere, may enrol like a newcomer.
        if method.service == Surplus_V1_Enrolment.descriptor { return }
        switch caller {
        case .peer(let peer):
            do { try gatekeeper.admit(peer) } catch { throw RPCError(code: .unauthenticated, message: "\(error)") }
        case .refused(let reason):
            throw RPCError(code: .unauthenticated, message: reason)
        case .stranger, .local:
            throw RPCError(
                code: .unauthenticated, message: "this call needs the certificate of a node: join the pool first, with a token")
        }
    }
}
