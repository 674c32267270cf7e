package import Frames
package import Resources
internal import Synchronization

/// Where a node is reached.
package struct NodeEndpoint: Hashable, Sendable {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) { (self.host, self.port) = (host, port) }
}

/// Connections to other nodes, made when they are needed.
package final class NodePools: Sendable {
    private let identity: any FrameIdentity
    private let options: FramePool.Options
    private let reach: @Sendable (NodeID) -> NodeEndpoint?
    private let pools = Mutex<[NodeID: FramePool]>([:])

    /// - Parameter reach: where a node is reached now; `nil` when that is not known. Must not block.
    package init(
        as identity: any FrameIdentity, _ options: FramePool.Options, reach: @escaping @Sendable (NodeID) -> NodeEndpoint?
    ) {
        (self.identity, self.options, self.reach) = (identity, options, reach)
    }

    /// - Returns: `nil` when it is not known where the node is.
    package func pool(to node: NodeID) -> FramePool? { reach(node).map { pool(to: node, at: $0) } }

    package func pool(to node: NodeID, at place: NodeEndpoint) -> FramePool {
        pools.withLock { pools in
            if let known = pools[node], known.host == place.host, known.port == place.port { return known }
            let new = FramePool(to: node, host: place.host, port: place.port, as: identity, options)
            pools[node] = new
            return new
        }
    }
}
