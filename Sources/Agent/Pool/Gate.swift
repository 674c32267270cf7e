import Identity
import Resources
import Synchronization
import Wire

/// Decides at the door: which credentials this node shows, and who of those that call is a member in good standing.
final class Gate: Gatekeeper {
    private let identity: Mutex<NodeIdentity>
    private let roster: MemberRoster
    private let clock: @Sendable () -> Timestamp

    init(identity: NodeIdentity, roster: MemberRoster, clock: @escaping @Sendable () -> Timestamp) {
        self.identity = Mutex(identity)
        self.roster = roster
        self.clock = clock
    }

    var current: NodeIdentity { identity.withLock { $0 } }

    /// Shows a renewed certificate from the next connection on.
    func renew(_ identity: NodeIdentity) { self.identity.withLock { $0 = identity } }

    var credentials: TransportCredentials {
        let identity = current
        return TransportCredentials(chain: identity.presentedChain, privateKey: identity.privateKey)
    }

    func identify(_ chain: [[UInt8]]) throws -> AuthenticatedPeer {
        try authenticate(try current.verifier.verify(chain, at: clock()))
    }

    func recognise(_ chain: [[UInt8]]) throws -> Caller {
        switch try current.verifier.identify(chain, at: clock()) {
        case .node(let peer): return .peer(try authenticate(peer))
        case .user(let user):
            _ = try roster.admit(user)
            return .user(AuthenticatedUser(user: user.user, key: user.key, expiresAt: user.expiresAt))
        }
    }

    private func authenticate(_ peer: VerifiedPeer) throws -> AuthenticatedPeer {
        try roster.admit(peer)
        return AuthenticatedPeer(node: peer.node, issuer: peer.issuer, issuedAt: peer.issuedAt, expiresAt: peer.expiresAt)
    }

    func admit(_ peer: AuthenticatedPeer) throws {
        guard clock() < peer.expiresAt else {
            throw IdentityError(
                "the certificate of \(peer.node) expired at \(peer.expiresAt.text): connect again with a renewed one")
        }
        let name = roster[peer.node]?.name ?? ""
        try roster.admit(
            VerifiedPeer(
                node: peer.node, name: name, issuer: peer.issuer, issuedAt: peer.issuedAt, expiresAt: peer.expiresAt))
    }

    func admit(_ user: AuthenticatedUser) throws {
        let admitted = try roster.admit(
            VerifiedUser(user: user.user, name: "", key: user.key, expiresAt: user.expiresAt))
        guard clock() < user.expiresAt else {
            throw CertificateRefusal.userExpired(name: admitted.name, at: user.expiresAt)
        }
    }
}
