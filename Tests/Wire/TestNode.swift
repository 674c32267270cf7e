import GRPCCore
import Identity
import Logging
import Resources
import Synchronization
import Wire

/// A pool in memory with a clock that stands still, and the gatekeepers of its nodes.
final class TestPool: Sendable {
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    let founding: PoolFounding
    private let random: Mutex<SeededGenerator>

    init(seed: UInt64 = 1) throws {
        var random = SeededGenerator(seed: seed)
        founding = try PoolFounding(
            pool: PoolID(at: Self.start, using: &random), name: "lab", node: NodeID(at: Self.start, using: &random),
            nodeName: "founder", address: "127.0.0.1:0", at: Self.start)
        self.random = Mutex(random)
    }

    /// A new member with a certificate issued at `time`.
    func node(_ name: String = "node", at time: Timestamp = start) throws -> TestGatekeeper {
        let node = random.withLock { NodeID(at: Self.start, using: &$0) }
        return TestGatekeeper(try certify(node, name: name, at: time), at: Self.start)
    }

    func certify(_ node: NodeID, name: String = "node", at time: Timestamp = start) throws -> NodeIdentity {
        let keys = NodeKeys()
        let chain = try founding.issuing.certify(node, name: name, request: try keys.request(), at: time)
        return try NodeIdentity(keys: keys, chain: chain, root: try founding.authority.root)
    }

    /// A user with a certificate and, in a record, a role.
    func user(
        _ name: String = "anna", for span: Microseconds = .days(90), at time: Timestamp = start
    ) throws -> (identity: UserIdentity, user: PoolUser) {
        let id = random.withLock { UserID(at: Self.start, using: &$0) }
        let key = UserKey()
        let certified = try founding.issuing.certify(id, name: name, request: try key.request(), for: span, at: time)
        let identity = try UserIdentity(
            key: key, chain: certified.chain, root: try founding.authority.root, address: "127.0.0.1:1")
        let user = PoolUser(
            pool: founding.authority.pool, user: id, name: name, role: .borrower, key: certified.key,
            expiresAt: certified.expiresAt, at: time)
        return (identity, user)
    }

    func revocation(of node: NodeID) throws -> MemberRecord {
        try founding.issuing.sign(
            Member(
                pool: founding.authority.pool, node: node, name: "node", address: "", receiptKeys: [NodeKeys().receiptPublicKey],
                status: .revoked, version: 2, at: Self.start))
    }
}

/// The gatekeeper as an agent would have it: the identity, the roster, a clock.
final class TestGatekeeper: Gatekeeper {
    private struct State {
        var identity: NodeIdentity
        var roster: Roster
        var now: Timestamp
    }

    private let state: Mutex<State>

    init(_ identity: NodeIdentity, at now: Timestamp) {
        state = Mutex(State(identity: identity, roster: Roster(verifier: identity.verifier), now: now))
    }

    var node: NodeID { state.withLock { $0.identity.node } }

    var credentials: TransportCredentials {
        state.withLock { TransportCredentials(chain: $0.identity.presentedChain, privateKey: $0.identity.privateKey) }
    }

    func renew(_ identity: NodeIdentity) { state.withLock { $0.identity = identity } }
    func set(_ now: Timestamp) { state.withLock { $0.now = now } }
    func merge(_ record: MemberRecord) throws { try state.withLock { _ = try $0.roster.merge(record) } }

    func identify(_ chain: [[UInt8]]) throws -> AuthenticatedPeer {
        let peer = try state.withLock { try $0.identity.verifier.verify(chain, at: $0.now) }
        return AuthenticatedPeer(node: peer.node, issuer: peer.issuer, issuedAt: peer.issuedAt, expiresAt: peer.expiresAt)
    }

    func merge(user record: UserRecord) throws { try state.withLock { _ = try $0.roster.merge(user: record) } }

    func recognise(_ chain: [[UInt8]]) throws -> Caller {
        switch try state.withLock({ try $0.identity.verifier.identify(chain, at: $0.now) }) {
        case .node: .peer(try identify(chain))
        case .user(let user): .user(AuthenticatedUser(user: user.user, key: user.key, expiresAt: user.expiresAt))
        }
    }

    func admit(_ user: AuthenticatedUser) throws {
        let verified = VerifiedUser(user: user.user, name: "", key: user.key, expiresAt: user.expiresAt)
        _ = try state.withLock { try $0.roster.users.admit(verified) }
    }

    func admit(_ peer: AuthenticatedPeer) throws {
        try state.withLock {
            guard $0.now <= peer.expiresAt else {
                throw CertificateRefusal.expired(what: "the certificate of node \(peer.node)", at: peer.expiresAt)
            }
            try $0.roster.admit(
                VerifiedPeer(node: peer.node, name: "", issuer: peer.issuer, issuedAt: peer.issuedAt, expiresAt: peer.expiresAt))
        }
    }
}

/// A gatekeeper that takes every server for the one it expects.
struct Gullible: Gatekeeper {
    let inner: TestGatekeeper
    let expected: NodeID

    init(_ inner: TestGatekeeper, expecting expected: NodeID) {
        self.inner = inner
        self.expected = expected
    }

    var credentials: TransportCredentials { inner.credentials }
    func admit(_ peer: AuthenticatedPeer) {}
    func admit(_ user: AuthenticatedUser) {}
    func recognise(_ chain: [[UInt8]]) -> Caller { .peer(identify(chain)) }

    func identify(_ chain: [[UInt8]]) -> AuthenticatedPeer {
        AuthenticatedPeer(node: expected, issuer: expected, issuedAt: TestPool.start, expiresAt: TestPool.start)
    }
}
