internal import Dispatch
package import Resources
internal import Volumes

/// Has servers free the room that a node was granted which has no session with a volume any more.
package struct GrantReturn: Sendable {
    private static let attempts = 6
    private static let shortestPause = 500
    private static let queue = DispatchQueue(label: "surplus.volume.grants")

    private let volume: VolumeID
    private let peers: [BlockPeer]

    /// - Parameter peers: called as the volume's home, which alone may ask for it.
    package init(_ volume: VolumeID, on peers: [BlockPeer]) {
        self.volume = volume
        self.peers = peers
    }

    /// Comes back at once. A server that is not reached is asked again for half a minute; grants do not outlive a server's process.
    package func begin(for node: NodeID) {
        for peer in peers { ask(peer, node, attempt: 0) }
    }

    private func ask(_ peer: BlockPeer, _ node: NodeID, attempt: Int) {
        peer.start(.releaseAll(of: node, of: volume)) { result in
            guard case .failure = result, attempt + 1 < Self.attempts else { return }
            Self.queue.asyncAfter(deadline: .now() + .milliseconds(Self.shortestPause << attempt)) {
                ask(peer, node, attempt: attempt + 1)
            }
        }
    }
}
