internal import Frames
package import Resources
internal import Synchronization

/// Where the home of a volume is reached.
package struct HomeAddress: Hashable, Sendable {
    package let node: NodeID
    /// A name or an address.
    package let host: String
    package let port: Int

    package init(_ node: NodeID, host: String, port: Int) {
        (self.node, self.host, self.port) = (node, host, port)
    }
}

/// The connection to the home of a volume, wherever that is.
final class HomeLine: Sendable {
    private struct End {
        let address: HomeAddress
        let pool: FramePool
    }

    private let findHome: @Sendable () -> HomeAddress?
    private let dial: @Sendable (HomeAddress) -> FramePool
    private let end = Mutex<End?>(nil)
    private let finding = OwnThreads(label: "surplus.volume.finding")
    private let isFinding = Atomic(false)

    init(find: @escaping @Sendable () -> HomeAddress?, dial: @escaping @Sendable (HomeAddress) -> FramePool) {
        (findHome, self.dial) = (find, dial)
    }

    /// `nil` as long as the home was not found.
    var pool: FramePool? { end.withLock { $0?.pool } }

    /// As ``find()``, and comes back at once: whoever knows it may take long to answer, and where it was it may be back any moment.
    func findSoon() {
        guard !isFinding.exchange(true, ordering: .acquiringAndReleasing) else { return }
        finding.async { [self] in
            find()
            isFinding.store(false, ordering: .releasing)
        }
    }

    /// Finds out where the home is, and turns there. Where that is not known it stays where it is. One thread at a time.
    ///
    /// - Returns: whether it is elsewhere than before.
    @discardableResult
    func find() -> Bool {
        guard let address = findHome() else { return false }
        let before = end.withLock { $0 }
        guard before?.address != address else { return false }
        let pool = dial(address)
        end.withLock { $0 = End(address: address, pool: pool) }
        // What waits there is asked at the other place.
        if let before { Task { await before.pool.shutDown() } }
        return true
    }
}
