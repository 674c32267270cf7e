package import Frames
package import Identity
package import Resources
import Synchronization

/// A pool in memory whose nodes have real certificates.
package final class FramePeers: Sendable {
    package static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private let time: Timestamp
    private let founding: PoolFounding
    private let random: Mutex<SeededGenerator>

    /// - Parameter time: at which their certificates are made and looked at.
    package init(seed: UInt64 = 1, at time: Timestamp = start) throws {
        self.time = time
        var random = SeededGenerator(seed: seed)
        founding = try PoolFounding(
            pool: PoolID(at: time, using: &random), name: "lab", node: NodeID(at: time, using: &random),
            nodeName: "founder", address: "127.0.0.1:0", at: time)
        self.random = Mutex(random)
    }

    package func node(_ name: String = "node") throws -> FramePeer {
        let node = random.withLock { NodeID(at: time, using: &$0) }
        let keys = NodeKeys()
        let chain = try founding.issuing.certify(node, name: name, request: try keys.request(), at: time)
        let identity = try NodeIdentity(keys: keys, chain: chain, root: try founding.authority.root)
        return FramePeer(identity: identity, time: time)
    }
}

/// A node of such a pool.
package struct FramePeer: FrameIdentity {
    package let identity: NodeIdentity
    let time: Timestamp

    package var node: NodeID { identity.node }

    package var credentials: FrameCredentials {
        FrameCredentials(chain: identity.presentedChain, privateKey: identity.privateKey)
    }

    package func identify(_ chain: [[UInt8]]) throws -> NodeID {
        try identity.verifier.verify(chain, at: time).node
    }
}
