package import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Logging
package import NIOPosix
package import Resources

/// Where the other nodes of the pool call, and its users from elsewhere: mutual TLS 1.3 over TCP.
///
/// Who comes without a certificate may only enrol. Whoever else calls is asked for at the ``Gatekeeper`` at every call; a
/// caller that is refused is told why. Users may only call the control API.
package final class PeerListener: Sendable {
    private let connections: AcceptedConnections
    private let grpc: GRPCServer<HTTP2ServerTransport.Custom<Listener>>
    private let transport: HTTP2ServerTransport.Custom<Listener>
    private let place: Endpoint

    /// - Parameters:
    ///   - endpoint: where to listen; a host name is looked up now.
    ///   - services: what is offered; handlers find their caller with `context.callingPeer()` or in `context.caller`.
    ///   - guards: what each call of the control API passes before its handler.
    ///   - companion: what else is spoken on the same port.
    package init(
        on endpoint: Endpoint, gatekeeper: any Gatekeeper, services: [any RegistrableRPCService],
        guards: [any ServerInterceptor] = [], companion: (any CompanionProtocol)? = nil, limits: ListenerLimits = .peer,
        eventLoopGroup: MultiThreadedEventLoopGroup = .singleton, log: Logger
    ) throws {
        place = endpoint
        connections = AcceptedConnections(limits: limits)
        let listener = Listener(
            address: try endpoint.resolved(), security: .mutualTLS(TLSContexts(), gatekeeper, companion),
            connections: connections, eventLoopGroup: eventLoopGroup, log: log)
        (grpc, transport) = listener.server(of: services, guards: guards, limits: limits) { caller, method throws(RPCError) in
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

    /// Cuts the connections of a user whose rights have changed.
    package func disconnect(_ user: UserID) {
        connections.close { caller in
            guard case .user(let caller) = caller else { return false }
            return caller.user == user
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
        case .user(let user):
            do { try gatekeeper.admit(user) } catch { throw RPCError(code: .unauthenticated, message: "\(error)") }
            guard method.service == Surplus_V1_Control.descriptor else {
                throw RPCError(
                    code: .permissionDenied,
                    message: "this call is for the nodes of the pool, not for users: users call what 'surplus' calls")
            }
        case .refused(let reason):
            throw RPCError(code: .unauthenticated, message: reason)
        case .stranger, .local:
            throw RPCError(
                code: .unauthenticated,
                message: method.service == Surplus_V1_Control.descriptor
                    ? "this call needs the certificate of a user: ask an operator for one ('surplus pool user add')"
                    : "this call needs the certificate of a node: join the pool first, with a token")
        }
    }
}
