internal import Dispatch
internal import Glibc
internal import Mounts
internal import Resources
internal import Synchronization
internal import Volumes

/// What goes out without anybody asking for it: what has waited for long, and all when there is much of it. As with the pages of a
/// local disk, a file that stays open for long is not lost as a whole with the machine, and memory is bounded.
final class Writeback: Sendable {
    /// What was written longer ago goes out.
    let age: Microseconds
    let queue = DispatchQueue(label: "surplus.volume.writeback")
    /// Whether all that waits is on its way out.
    let isFlushing = Atomic(false)
    /// Files that nobody has open any more and that wait to be stored.
    let closed = Atomic<Int>(0)

    init(age: Microseconds) { self.age = age }
}

extension VolumeFileSystem {
    /// Bytes that are written and not stored: beyond, all that waits goes out, and whoever writes waits with twice as many.
    static let mostWaiting: UInt64 = 96 << 20
    /// Closed files that wait; whoever writes waits with more.
    private static let mostClosed = 16_384
    /// So often it is looked whether less waits.
    private static let attention: useconds_t = 20_000

    /// Waits until there is less to be stored than there may be.
    ///
    /// - Throws: ``PosixError/inputOutput`` when that takes too long, ``PosixError/interrupted`` when the call is.
    func awaitRoom() throws(PosixError) {
        let patience = home.options.patience.microseconds
        let deadline = Instant.now + patience
        guard room.wait(timeout: .now() + .microseconds(Int(patience.rawValue))) == .success else { throw .inputOutput }
        room.signal()
        while isTooMuchWaiting {
            flushAll()
            guard Instant.now < deadline else { throw .inputOutput }
            usleep(Self.attention)
            if Mount.isCallInterrupted { throw .interrupted }
        }
    }

    private var isTooMuchWaiting: Bool {
        blocks.promised > 2 * Self.mostWaiting || writeback.closed.load(ordering: .relaxed) > Self.mostClosed
    }

    /// Has all that waits go out when there is much of it.
    func flushIfMuch() { if blocks.promised > Self.mostWaiting { flushAll() } }

    /// Sends all that waits on its way, no faster than it gets out. Comes back at once.
    private func flushAll() {
        guard !writeback.isFlushing.exchange(true, ordering: .acquiringAndReleasing) else { return }
        flights.async { [self] in
            for file in allFiles where file.state.withLock({ !$0.dirty.isEmpty }) {
                room.wait()
                room.signal()
                launch(file, onlyFull: false)
            }
            writeback.isFlushing.store(false, ordering: .releasing)
        }
    }

    /// Sends what waits of a file on its way once it is old.
    func launchLater(_ file: ClientFile) {
        writeback.queue.asyncAfter(deadline: .now() + .microseconds(Int(writeback.age.rawValue))) { [weak self] in
            file.state.withLock { $0.isAgeing = false }
            self?.launch(file, onlyFull: false)
        }
    }
}
