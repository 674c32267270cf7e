import Resources
import Synchronization

/// Volumes whose lenders the new home is asking: which are asked now, and when that was last.
final class Adoptions: Sendable {
    private struct State {
        var underway: Set<VolumeID> = []
        var last: [VolumeID: Instant] = [:]
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

    /// The volume is not held any more.
    func forget(_ volume: VolumeID) { state.withLock { $0.last[volume] = nil } }
}
