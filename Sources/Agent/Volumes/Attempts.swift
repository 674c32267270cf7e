import Resources
import Synchronization
import Volumes

/// Work on volumes that depends on others, one piece at a time for each volume: what was in vain is tried again later and later.
final class Attempts: Sendable {
    private struct Pause {
        var length: Microseconds
        var end: Instant
    }

    private static let shortest = Microseconds.seconds(15)
    private static let longest = Microseconds.minutes(10)

    private let state = Mutex<(underway: Set<VolumeID>, pauses: [VolumeID: Pause])>(([], [:]))

    /// Whether it is time to try.
    func isDue(_ volume: VolumeID, at now: Instant) -> Bool {
        state.withLock { $0.pauses[volume].map { now >= $0.end } ?? true }
    }

    /// - Returns: `false` when somebody is at it.
    func begin(_ volume: VolumeID) -> Bool { state.withLock { $0.underway.insert(volume).inserted } }

    /// - Parameter isDone: whether nothing is left to be tried.
    func end(_ volume: VolumeID, isDone: Bool, at now: Instant) {
        state.withLock { state in
            state.underway.remove(volume)
            let length = state.pauses[volume].map { min(Self.longest, $0.length + $0.length) } ?? Self.shortest
            state.pauses[volume] = isDone ? nil : Pause(length: length, end: now + length)
        }
    }

    /// What is wanted next is tried at once.
    func forget(_ volume: VolumeID) { state.withLock { $0.pauses[volume] = nil } }
}
