internal import Dispatch
internal import Frames
package import Resources
internal import Synchronization
package import VolumeStore
package import Volumes

@testable package import VolumeService

/// The metadata home of one volume, on the files of its volume on this node, without backups.
///
/// Each start begins an epoch of its own, durably, before anything is answered, and goes on with what the journal has; sessions that
/// were there before tell the rest (``VolumeHome``).
package final class HomeService: Sendable {
    package struct Options: Sendable {
        package var home = VolumeHome<SQLiteState>.Options()
        package var database = VolumeDatabase.Options()

        package init() {}
    }

    /// Answers requests; to be given to a ``FrameServer``.
    package let server: HomeServer<SQLiteState>
    package let epoch: UInt64
    private let durability: Durability
    private let clockwork = Clockwork()

    /// Opens the files of a volume and begins.
    ///
    /// - Parameters:
    ///   - directory: as ``VolumeDatabase/create(directory:volume:_:capacity:inodeLimit:owner:group:permissions:at:home:)`` made it.
    ///   - rule: which nodes may use the volume.
    ///   - onEnd: is told when the home ends because its files fail, and why; once, on any thread, where it must not block or stop it.
    ///   - onLeft: is told of each node whose last session is over, on any thread, where it must not block: stores have to give back
    ///     the room that it was granted (``BlockRequest/releaseAll(of:)``).
    /// - Throws: ``VolumeStoreError``; nothing has changed then, but that an epoch may be used up.
    package init(
        directory: String, volume: VolumeID, options: Options = Options(), rule: @escaping VolumeRule,
        clock: @escaping @Sendable () -> Moment, onEnd: @escaping @Sendable (VolumeStoreError) -> Void = { _ in },
        onLeft: @escaping @Sendable (NodeID) -> Void = { _ in }
    ) throws(VolumeStoreError) {
        let durability = Durability()
        let database = try VolumeDatabase(directory: directory, volume: volume, options: options.database) {
            durability.reached($0)
        }
        epoch = max(database.journal.standing.epoch, database.header.epoch) + 1
        try database.journal.begin(epoch: epoch)
        let home = VolumeHome(database.volume, epoch: epoch, options.home, at: clock())
        var listeners = HomeListeners()
        (listeners.ended, listeners.left) = (onEnd, onLeft)
        server = HomeServer(KeptHome(home, database), of: volume, rule: rule, clock: clock, listeners)
        self.durability = durability
        durability.tell(server)
        clockwork.start { [server] in server.tick() }
    }

    /// Why it has ended by itself; `nil` while it goes on, and after ``stop()``.
    package var failure: VolumeStoreError? { server.failure }

    /// Makes durable what was carried out, answers those who wait for that, and closes the files. Blocks. Sessions can go on when it
    /// is started again.
    package func stop() {
        clockwork.stop()
        server.stop()
        durability.end()
    }

    deinit {
        clockwork.stop()
        durability.end()
    }
}

/// Tells a home what its journal has made durable, on a thread that may wait for the home: the journal's must not, for the home may be
/// waiting for the journal.
private final class Durability: Sendable {
    private struct State {
        var last: UInt64 = 0
        var isUnderWay = false
        var server: HomeServer<SQLiteState>?
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "surplus.volume.durability")

    func tell(_ server: HomeServer<SQLiteState>) { state.withLock { $0.server = server } }
    func end() { state.withLock { $0.server = nil } }

    func reached(_ record: UInt64) {
        let isFirst = state.withLock { state in
            state.last = record
            defer { state.isUnderWay = true }
            return !state.isUnderWay
        }
        guard isFirst else { return }
        queue.async { [self] in
            let (server, last) = state.withLock { state in
                state.isUnderWay = false
                return (state.server, state.last)
            }
            server?.becameDurable(last)
        }
    }
}
