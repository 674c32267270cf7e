import Frames
import Glibc
import Identity
import Resources
import Synchronization

/// The identity of this machine's node, as it is in the agent's data directory. The agent renews its certificate there; to show the
/// new one it has to be read again in time.
final class NodeCredentials: FrameIdentity {
    private let store: IdentityStore
    private let current: Mutex<NodeIdentity>
    let node: NodeID

    /// - Parameter node: whose identity it must be.
    init(in dataDirectory: String, of node: NodeID) throws(MountFailure) {
        store = IdentityStore(dataDirectory: dataDirectory)
        let identity: NodeIdentity?
        do { identity = try store.identity() } catch {
            let remedy = geteuid() == 0 ? "" : "; mount as root, or as the user that runs the agent"
            throw MountFailure(geteuid() == 0 ? .failed : .usage, "\(error)\(remedy)")
        }
        guard let identity, identity.node == node else {
            throw MountFailure(.failed, "\(dataDirectory): there is no identity of \(node), as which the agent runs; see its log")
        }
        self.node = node
        current = Mutex(identity)
    }

    /// Reads a renewed certificate.
    ///
    /// - Returns: what is wrong with what there is, or `nil`.
    func refresh() -> String? {
        do {
            guard let identity = try store.identity(), identity.node == node else { return "the node has left its pool" }
            current.withLock { $0 = identity }
            return nil
        } catch { return "\(error)" }
    }

    var credentials: FrameCredentials {
        let identity = current.withLock { $0 }
        return FrameCredentials(chain: identity.presentedChain, privateKey: identity.privateKey)
    }

    func identify(_ chain: [[UInt8]]) throws -> NodeID {
        try current.withLock(\.verifier).verify(chain, at: Self.now).node
    }

    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
