import GRPCCore
import Identity
import Resources
import Testing
import Wire

@Suite("Users who call over mutual TLS", .timeLimit(.minutes(2)))
struct UserCallTests {
    private func status(
        of endpoint: Endpoint, as identity: UserIdentity
    ) async throws -> Surplus_V1_StatusReply {
        try await connect(to: endpoint, as: identity) { try await $0.getStatus(.init()) }
    }

    private func connect<T: Sendable>(
        to endpoint: Endpoint, as identity: UserIdentity, _ body: (ControlClient.Client) async throws -> T
    ) async throws -> T {
        let credentials = TransportCredentials(chain: identity.presentedChain, privateKey: identity.privateKey)
        let verifier = identity.verifier
        return try await ControlClient.connect(
            to: endpoint, with: credentials, verify: { _ = try verifier.verify($0, at: TestPool.start) }, body)
    }

    @Test("A user of the pool is known by its certificate, and may call the control API")
    func known() async throws {
        let pool = try TestPool()
        let server = try pool.node()
        let (identity, user) = try pool.user()
        try server.merge(user: try pool.founding.issuing.sign(user))
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            let name = try await status(of: endpoint, as: identity).name
            #expect(name == user.user.description)
        }
        #expect(service.callers == [.user(AuthenticatedUser(user: user.user, key: user.key, expiresAt: user.expiresAt))])
    }

    @Test("A user may not call what is for nodes")
    func peerCalls() async throws {
        let pool = try TestPool()
        let server = try pool.node()
        let (identity, user) = try pool.user()
        try server.merge(user: try pool.founding.issuing.sign(user))
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            let credentials = TransportCredentials(chain: identity.presentedChain, privateKey: identity.privateKey)
            let clients = PeerClients(gatekeeper: Disguised(server, as: credentials))
            let client = try await clients.client(of: server.node, at: endpoint)
            let error = await rpcError { _ = try await client.hello(.init()) }
            #expect(error?.code == .permissionDenied)
            #expect(error?.message.contains("for the nodes of the pool") == true)
            await clients.shutDown()
        }
        #expect(service.callers.isEmpty)
    }

    @Test("A user without a record, or one that was revoked while connected, is refused by name")
    func refused() async throws {
        let pool = try TestPool()
        let server = try pool.node()
        let (identity, user) = try pool.user()
        let issuing = pool.founding.issuing
        try await withPeerListener(of: server) { _, endpoint in
            try await connect(to: endpoint, as: identity) { client in
                let unknown = await rpcError { _ = try await client.getStatus(.init()) }
                #expect(unknown?.code == .unauthenticated)
                #expect(unknown?.message.contains("no record of user \(user.user)") == true)
                try server.merge(user: try issuing.sign(user))
                _ = try await client.getStatus(.init())
                try server.merge(user: try issuing.sign(user.changed(at: TestPool.start) { $0.status = .revoked }))
                let revoked = await rpcError { _ = try await client.getStatus(.init()) }
                #expect(revoked?.code == .unauthenticated)
                #expect(revoked?.message.contains("user anna was revoked") == true)
            }
        }
    }

    @Test("A user of another pool is refused, and does not talk to a node of another pool")
    func otherPool() async throws {
        let (pool, other) = (try TestPool(seed: 1), try TestPool(seed: 2))
        let server = try pool.node()
        let stranger = try other.user().identity
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            let credentials = TransportCredentials(chain: stranger.presentedChain, privateKey: stranger.privateKey)
            let error = await rpcError {
                try await ControlClient.connect(to: endpoint, with: credentials, verify: { _ in }) {
                    _ = try await $0.getStatus(.init())
                }
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.message.contains("not of pool \(pool.founding.authority.pool)") == true)
            let refused = await #expect(throws: WireError.self) { _ = try await status(of: endpoint, as: stranger) }
            #expect(refused?.description.contains("not of pool \(other.founding.authority.pool)") == true)
        }
        #expect(service.callers.isEmpty)
    }

    @Test("Cutting a user's connections leaves those of others alone")
    func disconnect() async throws {
        let pool = try TestPool()
        let server = try pool.node()
        let (anna, berta) = (try pool.user("anna"), try pool.user("berta"))
        for user in [anna.user, berta.user] { try server.merge(user: try pool.founding.issuing.sign(user)) }
        try await withPeerListener(of: server) { listener, endpoint in
            try await connect(to: endpoint, as: anna.identity) { first in
                try await connect(to: endpoint, as: berta.identity) { second in
                    _ = try await first.getStatus(.init())
                    _ = try await second.getStatus(.init())
                    #expect(listener.connectionCount == 2)
                    listener.disconnect(anna.user.user)
                    while listener.connectionCount > 1 { try await Task.sleep(for: .milliseconds(2)) }
                    _ = try await second.getStatus(.init())
                }
            }
        }
    }
}

/// Shows other credentials than its node's.
private struct Disguised: Gatekeeper {
    let inner: TestGatekeeper
    let credentials: TransportCredentials

    init(_ inner: TestGatekeeper, as credentials: TransportCredentials) {
        self.inner = inner
        self.credentials = credentials
    }

    func identify(_ chain: [[UInt8]]) throws -> AuthenticatedPeer { try inner.identify(chain) }
    func recognise(_ chain: [[UInt8]]) throws -> Caller { try inner.recognise(chain) }
    func admit(_ peer: AuthenticatedPeer) throws { try inner.admit(peer) }
    func admit(_ user: AuthenticatedUser) throws { try inner.admit(user) }
}
