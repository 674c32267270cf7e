package import GRPCCore
package import Resources

/// A member of the pool whose certificate verified when its connection began.
package struct AuthenticatedPeer: Hashable, Sendable {
    package let node: NodeID
    /// Who certified it, and when: what is needed to look again whether it is still wanted.
    package let issuer: NodeID
    package let issuedAt: Timestamp
    package let expiresAt: Timestamp

    package init(node: NodeID, issuer: NodeID, issuedAt: Timestamp, expiresAt: Timestamp) {
        self.node = node
        self.issuer = issuer
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// A user of the pool whose certificate verified when its connection began.
package struct AuthenticatedUser: Hashable, Sendable {
    package let user: UserID
    /// The public key of the certificate, to look again whether it is still the user's.
    package let key: Digest
    package let expiresAt: Timestamp

    package init(user: UserID, key: Digest, expiresAt: Timestamp) {
        self.user = user
        self.key = key
        self.expiresAt = expiresAt
    }
}

/// A local user, as the kernel knows it (SO_PEERCRED): who it was when it connected.
package struct LocalCaller: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    package let pid: Int32

    package init(uid: UInt32, gid: UInt32, pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
    }
}

/// Who is on the other end of an accepted connection.
package enum Caller: Hashable, Sendable {
    /// Not known yet, or came without a certificate.
    case stranger
    case peer(AuthenticatedPeer)
    case user(AuthenticatedUser)
    /// Came with a certificate that is not accepted, for the reason given.
    case refused(String)
    case local(LocalCaller)

    /// Whether it is known who this is, and that it may call.
    var isProven: Bool {
        switch self {
        case .peer, .user, .local: true
        case .stranger, .refused: false
        }
    }
}

/// Carries the ``Caller`` to the handlers of a call.
private struct CallerContext: ServerContext.TransportSpecific {
    let caller: Caller
}

extension ServerContext {
    /// Who made the call.
    package var caller: Caller {
        get { (transportSpecific as? CallerContext)?.caller ?? .stranger }
        set { transportSpecific = CallerContext(caller: newValue) }
    }

    /// The member of the pool that calls.
    ///
    /// - Throws: `unauthenticated` when the caller is none.
    package func callingPeer() throws(RPCError) -> NodeID {
        switch caller {
        case .peer(let peer): return peer.node
        case .refused(let reason): throw RPCError(code: .unauthenticated, message: reason)
        case .stranger, .user, .local:
            throw RPCError(code: .unauthenticated, message: "this call needs the certificate of a node")
        }
    }
}
