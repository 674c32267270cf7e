internal import Dispatch
internal import Resources
internal import Synchronization
internal import VolumeStore
internal import Volumes

/// The state of a volume on a backup: records are carried out once they are durable, some time later.
final class BackupState: Sendable {
    /// So many records are carried out at once; fewer after a while.
    private static let most: UInt64 = 1024
    private static let pause = DispatchTimeInterval.milliseconds(500)

    private let database: Mutex<VolumeDatabase>
    private let isPlanned = Atomic(false)
    private let applied: Atomic<UInt64>
    private let queue = DispatchQueue(label: "surplus.volume.backup")
    private let onEnd: @Sendable (VolumeStoreError) -> Void

    init(
        _ directory: VolumeDirectory, _ volume: VolumeID, _ journal: ReplicatedJournal, _ options: VolumeDatabase.Options,
        onEnd: @escaping @Sendable (VolumeStoreError) -> Void
    ) throws(VolumeStoreError) {
        let state = try SQLiteState(path: directory.state, options: options.state)
        let database = try VolumeDatabase(state: state, journal: journal, volume: volume, options: options)
        applied = Atomic(database.applied)
        self.database = Mutex(database)
        self.onEnd = onEnd
    }

    /// Records up to this one are durable.
    func reach(_ record: UInt64) {
        if record >= applied.load(ordering: .relaxed) + Self.most { return queue.async { self.apply() } }
        guard !isPlanned.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.asyncAfter(deadline: .now() + Self.pause) { [weak self] in
            self?.isPlanned.store(false, ordering: .releasing)
            self?.apply()
        }
    }

    private func apply() {
        let result = database.withLock { database -> Result<UInt64, VolumeStoreError> in
            do throws(VolumeStoreError) {
                try database.catchUp()
                try database.tend()
                return .success(database.applied)
            } catch { return .failure(error) }
        }
        switch result {
        case .success(let index): applied.store(index, ordering: .relaxed)
        case .failure(.closed): break
        case .failure(let error): onEnd(error)
        }
    }

    var header: VolumeHeader { database.withLock { $0.header } }

    func close() { database.withLock { $0.close() } }
}
