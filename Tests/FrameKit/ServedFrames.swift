package import Frames
package import Resources

/// A server on loopback, and what it takes to call it.
package struct ServedFrames: Sendable {
    package let peers: FramePeers
    package let identity: FramePeer
    package let listener: FrameListener

    package var node: NodeID { identity.node }
    package var server: FrameServer { listener.server }

    /// Serves while the body runs.
    package static func serving<Value: Sendable>(
        _ services: [any FrameService], of peers: FramePeers? = nil, limits: FrameLimits = FrameLimits(),
        times: FrameTimes = .patient, threads: Int = 16, _ body: (ServedFrames) async throws -> Value
    ) async throws -> Value {
        let peers = if let peers { peers } else { try FramePeers() }
        let identity = try peers.node("server")
        let server = FrameServer(services, as: identity.node, limits: limits, times: times, threads: threads)
        let listener = try await FrameListener(server, host: "127.0.0.1", port: 0, as: identity)
        let served = ServedFrames(peers: peers, identity: identity, listener: listener)
        let result = await Result { () async throws in try await body(served) }
        await listener.shutDown()
        return try result.get()
    }

    /// Calls as a node while the body runs; as a new one unless told otherwise.
    package func calling<Value: Sendable>(
        as client: FramePeer? = nil, _ options: FramePool.Options = .patient, at port: Int? = nil,
        onNotice: @escaping @Sendable (FrameMessage) -> Void = { _ in }, _ body: (FramePool) async throws -> Value
    ) async throws -> Value {
        let client = if let client { client } else { try peers.node("client") }
        let pool = FramePool(
            to: node, host: "127.0.0.1", port: port ?? listener.port, as: client, options, onNotice: onNotice)
        let result = await Result { () async throws in try await body(pool) }
        await pool.shutDown()
        return try result.get()
    }
}

extension Result where Failure == any Error {
    package init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
