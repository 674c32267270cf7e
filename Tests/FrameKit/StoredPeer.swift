package import Frames
internal import Identity
package import Resources

/// A node's certificates and key as they go to another process.
package struct StoredPeer: FrameIdentity, Codable {
    package let node: NodeID
    private let chain: [[UInt8]]
    private let root: [UInt8]
    private let privateKey: [UInt8]

    package init(_ peer: FramePeer) {
        node = peer.node
        chain = peer.identity.presentedChain
        root = peer.identity.root
        privateKey = peer.identity.privateKey
    }

    package var credentials: FrameCredentials { FrameCredentials(chain: chain, privateKey: privateKey) }

    package func identify(_ chain: [[UInt8]]) throws -> NodeID {
        try PeerVerifier(root: root).verify(chain, at: FramePeers.start).node
    }
}
