import Resources
import Synchronization

/// Volumes whose lenders the new home is asking: which are asked now, when that was last, and who has something and does not lend.
final class Adoptions: Sendable {
    private struct State {
        var underway: Set<VolumeID> = []
        var last: [VolumeID: Instant] = [:]
        /// Whether they give room to somebody for it.
        var found: [VolumeID: [NodeID: Bool]] = [:]
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

    /// A node has something of a volume, and does not lend to this one.
    ///
    /// - Parameter givesRoom: whether it lends to another one; it has what is left of before otherwise.
    func found(_ volume: VolumeID, on node: NodeID, givesRoom: Bool) {
        state.withLock { $0.found[volume, default: [:]][node] = givesRoom }
    }
    func lost(_ volume: VolumeID, on node: NodeID) { state.withLock { $0.found[volume]?[node] = nil } }
    /// The volume is not held any more.
    func forget(_ volume: VolumeID) {
        state.withLock { state in
            (state.last[volume], state.found[volume]) = (nil, nil)
        }
    }

    func nodes(with volume: VolumeID) -> [NodeID] { state.withLock { $0.found[volume]?.keys.sorted() ?? [] } }
    /// Whether a node is known to have only what is left of before.
    func hasOnlyRemains(_ volume: VolumeID, on node: NodeID) -> Bool { state.withLock { $0.found[volume]?[node] == false } }
}
