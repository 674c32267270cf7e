package import NIOCore
package import Resources

/// Another protocol that is spoken on the same port as gRPC, by peers that ask for it in the handshake (ALPN, RFC 7301).
package protocol CompanionProtocol: Sendable {
    /// What ALPN calls it.
    var applicationProtocol: String { get }

    /// A handler right behind TLS that takes over the connections on which it was agreed on, and leaves all others alone. Made on the
    /// event loop of the connection.
    ///
    /// - Parameter prove: says, when the handshake is over, which member of the pool is on the other end.
    func negotiator(prove: @escaping () -> Result<NodeID, any Error>) -> any ChannelHandler
}

extension AcceptedConnection {
    /// Which member is on the other end, as far as the handshake has shown.
    var provenPeer: Result<NodeID, any Error> {
        switch caller {
        case .peer(let peer): .success(peer.node)
        case .refused(let reason): .failure(WireError(reason))
        case .stranger, .user, .local:
            .failure(WireError("it showed no certificate of a node; only nodes of the pool may connect"))
        }
    }
}
