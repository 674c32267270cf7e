internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import NIOPosix
package import Resources

/// The clients of this node's peers, one for each peer and address. Connections are made at the first call and closed after
/// five minutes without calls.
package actor PeerClients {
    package typealias Client = Surplus_V1_Peer.Client<PeerTransport>

    private struct Entry {
        var endpoint: Endpoint
        var grpc: GRPCClient<PeerTransport>
        var running: Task<Void, Never>
    }

    private let gatekeeper: any Gatekeeper
    private let dialer: Dialer
    private let contexts = TLSContexts()
    private var entries: [NodeID: Entry] = [:]
    private var isClosed = false

    package init(gatekeeper: any Gatekeeper, eventLoopGroup: MultiThreadedEventLoopGroup = .singleton) {
        self.gatekeeper = gatekeeper
        dialer = Dialer(eventLoopGroup: eventLoopGroup)
    }

    /// The client of `node`, which listens at `endpoint`. A server there that cannot prove to be that node gets no call.
    package func client(of node: NodeID, at endpoint: Endpoint) throws(WireError) -> Client {
        guard !isClosed else { throw WireError("failed to call \(node): the agent is stopping") }
        if let entry = entries[node] {
            if entry.endpoint == endpoint { return Client(wrapping: entry.grpc) }
            // It moved: calls under way end where they are, new ones go to the new place.
            entry.grpc.beginGracefulShutdown()
        }
        let transport = PeerTransport { [gatekeeper, dialer, contexts] idleTime in
            let tls = try contexts.client(gatekeeper.credentials)
            return try await dialer.dial(endpoint, tls: tls, idleTime: idleTime) { chain in
                let peer = try gatekeeper.identify(chain)
                guard peer.node == node else {
                    throw WireError("node \(peer.node) answered where \(node) was expected: its address may have changed")
                }
                try gatekeeper.admit(peer)
            }
        }
        let grpc = GRPCClient(transport: transport)
        let running = Task { _ = try? await grpc.runConnections() }
        entries[node] = Entry(endpoint: endpoint, grpc: grpc, running: running)
        return Client(wrapping: grpc)
    }

    /// Ends all calls to a peer that is not wanted any more, and its connection.
    package func close(_ node: NodeID) { entries.removeValue(forKey: node)?.running.cancel() }

    /// Lets calls end for as long as `grace`, then ends them, and closes all connections; there are no new clients after that.
    package func shutDown(grace: Duration = .seconds(2)) async {
        isClosed = true
        let closing = Array(entries.values)
        entries = [:]
        for entry in closing { entry.grpc.beginGracefulShutdown() }
        let impatience = Task {
            try await Task.sleep(for: grace)
            for entry in closing { entry.running.cancel() }
        }
        for entry in closing { await entry.running.value }
        impatience.cancel()
    }
}
