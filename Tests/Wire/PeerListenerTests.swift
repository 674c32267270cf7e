import FoundationEssentials
import GRPCCore
import Identity
import Resources
import Testing
import Wire

@Suite("Peer connections")
struct PeerListenerTests {
    @Test("Handlers see the node in the caller's certificate, whatever the caller writes into its headers")
    func caller() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node("server"), try pool.node("client"))
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                #expect(try await rpc.hello(.with { $0.software = "x" }).node == client.node.description)
                for forged in ["1", "2", "99", "rubbish"] {
                    let reply = try await rpc.hello(Surplus_V1_PeerHello(), metadata: ["surplus-connection": "\(forged)"])
                    #expect(reply.node == client.node.description)
                }
            }
        }
        #expect(service.callers.count == 5)
    }

    @Test("Two peers on one listener are told apart")
    func twoCallers() async throws {
        let pool = try TestPool()
        let (server, a, b) = (try pool.node(), try pool.node(), try pool.node())
        try await withPeerListener(of: server) { listener, endpoint in
            try await withClients(of: a) { clientsOfA in
                try await withClients(of: b) { clientsOfB in
                    let (rpcA, rpcB) = (
                        try await clientsOfA.client(of: server.node, at: endpoint),
                        try await clientsOfB.client(of: server.node, at: endpoint)
                    )
                    for _ in 0..<20 {
                        async let helloA = rpcA.hello(Surplus_V1_PeerHello())
                        async let helloB = rpcB.hello(Surplus_V1_PeerHello())
                        #expect(try await helloA.node == a.node.description)
                        #expect(try await helloB.node == b.node.description)
                    }
                    #expect(listener.connectionCount == 2)
                }
            }
        }
    }

    @Test("A caller of another pool is told so, and a server of another pool gets no call")
    func otherPool() async throws {
        let (ours, theirs) = (try TestPool(seed: 1), try TestPool(seed: 2))
        let (server, stranger) = (try ours.node(), try theirs.node())
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            try await withClients(of: stranger) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains("is of pool \(ours.founding.authority.pool)") == true)
            }
            // A caller that does not look at the server's certificate, as ours does, is told on its first call.
            try await withClients(of: Gullible(stranger, expecting: server.node)) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.code == .unauthenticated)
                #expect(error?.message.contains("is of pool \(theirs.founding.authority.pool), not of pool") == true)
            }
        }
        #expect(service.callers.isEmpty)
    }

    @Test("A caller whose certificate expired is told when it did and what helps")
    func expired() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { _, endpoint in
            server.renew(try pool.certify(server.node, at: TestPool.start + .hours(20)))
            server.set(TestPool.start + .hours(25))
            client.set(TestPool.start + .hours(20))
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.code == .unauthenticated)
                #expect(error?.message.contains("the certificate of node \(client.node) expired at 2027-01-16T08:00:00Z") == true)
            }
        }
    }

    @Test("A certificate that expires during a connection ends the calls on it")
    func expiresLater() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                server.set(TestPool.start + .hours(25))
                #expect(await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }?.code == .unauthenticated)
            }
        }
    }

    @Test("A server whose certificate expired gets no call")
    func expiredServer() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        client.set(TestPool.start + .hours(25))
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.message.contains("expired at") == true)
            }
        }
        #expect(service.callers.isEmpty)
    }

    @Test("A revoked caller is refused at its next call")
    func revoked() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { listener, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                try server.merge(try pool.revocation(of: client.node))
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.code == .unauthenticated)
                #expect(error?.message.contains("node \(client.node) was revoked") == true)
            }
        }
    }

    @Test("Cutting a peer's connections ends its calls and nobody else's")
    func disconnect() async throws {
        let pool = try TestPool()
        let (server, client, other) = (try pool.node(), try pool.node(), try pool.node())
        try await withPeerListener(of: server) { listener, endpoint in
            try await withClients(of: client) { clients in
                try await withClients(of: other) { others in
                    let rpc = try await clients.client(of: server.node, at: endpoint)
                    let bystander = try await others.client(of: server.node, at: endpoint)
                    let reply = try await bystander.stageInputs { writer in
                        let cut = await rpcError {
                            _ = try await rpc.stageInputs { writer in
                                try await writer.write(Surplus_V1_StagePart())
                                listener.disconnect(client.node)
                                while listener.connectionCount > 1 { await Task.yield() }
                            }
                        }
                        #expect(cut != nil)
                        try await writer.write(.with { $0.file.data = Data(count: 5) })
                    }
                    #expect(reply.bytes == 5)
                }
            }
        }
    }

    @Test("A revoked server gets no call")
    func revokedServer() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try client.merge(try pool.revocation(of: server.node))
        try await withPeerListener(of: server) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.message.contains("node \(server.node) was revoked") == true)
            }
        }
    }

    @Test("A server that is another node than expected gets no call")
    func otherNode() async throws {
        let pool = try TestPool()
        let (server, client, third) = (try pool.node(), try pool.node(), try pool.node())
        let service = TestService()
        try await withPeerListener(of: server, service: service) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: third.node, at: endpoint)
                let error = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
                #expect(error?.message.contains("node \(server.node) answered where \(third.node) was expected") == true)
            }
        }
        #expect(service.callers.isEmpty)
    }

    @Test("A renewed certificate is used for the next connection, without a restart")
    func renewal() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { _, endpoint in
            let later = TestPool.start + .hours(30)
            for gatekeeper in [server, client] {
                gatekeeper.renew(try pool.certify(gatekeeper.node, at: later))
                gatekeeper.set(later)
            }
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                #expect(try await rpc.hello(Surplus_V1_PeerHello()).node == client.node.description)
            }
        }
    }

    @Test("A message over 4 MiB ends its call and nothing else, one just below is taken")
    func messageSize() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                func send(_ count: Int) async throws -> Int64 {
                    try await rpc.stageInputs { writer in
                        try await writer.write(.with { $0.file.data = Data(repeating: 7, count: count) })
                    }.bytes
                }
                #expect(try await send((4 << 20) - 64) == (4 << 20) - 64)
                for size in [4 << 20, 8 << 20] { #expect(await rpcError { _ = try await send(size) } != nil) }
                #expect(try await send(1) == 1)
            }
        }
    }

    @Test("Calls that move much data have a connection of their own")
    func bulk() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { listener, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                #expect(listener.connectionCount == 1)
                for _ in 0..<2 {
                    let reply = try await rpc.stageInputs { try await $0.write(.with { $0.file.data = Data(count: 7) }) }
                    #expect(reply.bytes == 7)
                }
                #expect(listener.connectionCount == 2)
            }
        }
    }

    @Test("A call ends, whenever its connection is cut", .timeLimit(.minutes(5)))
    func cutAtAnyTime() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withPeerListener(of: server) { listener, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                for round in 0..<200 {
                    async let call = rpcError { _ = try await rpc.stageInputs { try await $0.write(Surplus_V1_StagePart()) } }
                    for _ in 0..<round % 97 { await Task.yield() }
                    listener.disconnect(client.node)
                    _ = await call
                }
            }
        }
    }

    @Test("More connections than allowed are closed, those that are open stay")
    func connectionLimit() async throws {
        let pool = try TestPool()
        let (server, client, late) = (try pool.node(), try pool.node(), try pool.node())
        let limits = ListenerLimits(connections: 1, streams: 8, message: 1 << 20)
        try await withPeerListener(of: server, limits: limits) { _, endpoint in
            try await withClients(of: client) { clients in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                try await withClients(of: late) { others in
                    let other = try await others.client(of: server.node, at: endpoint)
                    #expect(await rpcError { _ = try await other.hello(Surplus_V1_PeerHello()) }?.code == .unavailable)
                }
                _ = try await rpc.hello(Surplus_V1_PeerHello())
            }
        }
    }

    @Test("A client finds its way back when the peer was restarted")
    func restart() async throws {
        let pool = try TestPool()
        let (server, client) = (try pool.node(), try pool.node())
        try await withClients(of: client) { clients in
            let (rpc, endpoint) = try await withPeerListener(of: server) { _, endpoint in
                let rpc = try await clients.client(of: server.node, at: endpoint)
                _ = try await rpc.hello(Surplus_V1_PeerHello())
                return (rpc, endpoint)
            }
            let down = await rpcError { _ = try await rpc.hello(Surplus_V1_PeerHello()) }
            #expect(down?.code == .unavailable)
            #expect(down?.message.contains("failed to connect to \(endpoint)") == true)
            try await withPeerListener(of: server, port: endpoint.port) { _, _ in
                _ = try await rpc.hello(Surplus_V1_PeerHello())
            }
        }
    }

    @Test("Whoever has no certificate may enrol and nothing else; the server must prove its pool")
    func enrolment() async throws {
        let pool = try TestPool()
        let server = try pool.node()
        let root = try pool.founding.authority.root
        try await withPeerListener(of: server) { _, endpoint in
            let request = Surplus_V1_EnrolRequest.with { $0.name = "newcomer" }
            let reply = try await EnrolmentClient().enrol(request, at: endpoint) { chain in
                guard chain.last == root else { throw WireError("another pool") }
            }
            #expect(reply.poolName == "newcomer")
            await #expect(throws: WireError("failed to connect to \(endpoint): this token is of another pool")) {
                _ = try await EnrolmentClient().enrol(request, at: endpoint) { _ in
                    throw WireError("this token is of another pool")
                }
            }
        }
    }
}
