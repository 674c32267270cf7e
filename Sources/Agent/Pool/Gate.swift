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
        let peer = try current.verifier.verify(chain, at: clock())
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
}
