import Resources
import Synchronization

/// Volumes whose lenders the new home is asking: which are asked now, when that was last, and who has something and has not lent yet.
final class Adoptions: Sendable {
    private struct State {
        var underway: Set<VolumeID> = []
        var last: [VolumeID: Instant] = [:]
        var found: [VolumeID: Set<NodeID>] = [:]
    }

    /// Between two rounds.
    private static let pause = Microseconds.seconds(15)

    private let state = Mutex(State())

    func isDue(_ volume: VolumeID, at now: Instant) -> Bool {
        state.withLock { state in state.last[volume].map { now - $0 >= Self.pause } ?? true }
    }

    /// - Returns: `false` when a round is under way.
    func begin(_ volume: VolumeID) -> Bool { state.withLock { $0.underway.insert(volume).inserted } }

    func end(_ volume: VolumeID, at now: Instant) {
        state.withLock { state in
            state.underway.remove(volume)
            state.last[volume] = now
        }
    }

    /// These nodes have something of a volume, and do not lend to this one.
    func found(_ volume: VolumeID, on nodes: [NodeID]) { state.withLock { $0.found[volume] = Set(nodes) } }
    func lost(_ volume: VolumeID, on node: NodeID) { state.withLock { _ = $0.found[volume]?.remove(node) } }
    /// The volume is not held any more.
    func forget(_ volume: VolumeID) {
        state.withLock { state in
            (state.last[volume], state.found[volume]) = (nil, nil)
        }
    }

    func nodes(with volume: VolumeID) -> [NodeID] { state.withLock { $0.found[volume]?.sorted() ?? [] } }
}
