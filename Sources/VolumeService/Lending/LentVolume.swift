internal import BlockStore
internal import Resources
internal import Synchronization

/// The blocks of one volume on a lender.
final class LentVolume: Sendable {
    private struct Gate {
        /// Whether the owner wants room back that is used.
        var isClosed = false
        /// Requests that may store something.
        var underWay = 0
    }

    let volume: VolumeID
    let store: BlockStore
    let grants = GrantBook()
    private let gate = Mutex(Gate())
    private let wanted = Mutex(Bytes.zero)

    init(_ volume: VolumeID, _ store: BlockStore) {
        self.volume = volume
        self.store = store
    }

    /// What its files take.
    var used: Bytes {
        let usage = store.usage
        return usage.live + usage.dead
    }

    // MARK: Room

    /// Somebody wants room.
    ///
    /// - Returns: whether there is not so much, and some can be won back.
    func want(_ bytes: Bytes) -> Bool {
        let usage = store.usage
        guard bytes > usage.free, usage.dead > .zero else { return false }
        wanted.withLock { $0 = max($0, bytes) }
        return true
    }

    var isWanted: Bool { wanted.withLock { $0 > .zero } }

    /// The most that was wanted since this was asked last and was not there.
    func takeWanted() -> Bytes {
        wanted.withLock { wanted in
            defer { wanted = .zero }
            return wanted
        }
    }

    // MARK: Leaving

    /// Sets what it may take, and takes nothing new while it has more.
    func settle(capacity: Bytes) {
        gate.withLock { gate in
            store.resize(to: capacity)
            gate.isClosed = store.usage.live > capacity
        }
    }

    /// Whether it takes nothing new, and nothing is on its way to the disk that came before: what is there now is all that will be.
    var isLeaving: Bool { gate.withLock { $0.isClosed && $0.underWay == 0 } }

    /// Carries out something that stores blocks or promises to.
    ///
    /// - Returns: `nil` when nothing new is taken.
    func takingNew<Value>(_ body: () -> Value) -> Value? {
        let isOpen = gate.withLock { gate in
            guard !gate.isClosed else { return false }
            gate.underWay += 1
            return true
        }
        guard isOpen else { return nil }
        defer { gate.withLock { $0.underWay -= 1 } }
        return body()
    }
}
