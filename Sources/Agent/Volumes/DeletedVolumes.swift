import LedgerStore
import Resources
import Synchronization
import Wire

/// A volume that was deleted.
struct DeletedVolume: Codable, Hashable, Sendable {
    var volume: VolumeID
    /// In which its home was when it deleted it.
    var epoch: UInt64
    var at: Timestamp
    /// Lenders that were not heard of then and may have blocks of it still, with the fence under which they delete them; `nil` for none.
    var owing: [NodeID: UInt64]?
}

/// Volumes that this node has deleted as their home, so that nodes that were away then can learn of it.
final class DeletedVolumes: Sendable {
    /// So many are remembered, the last ones.
    static let most = 1000

    private let store: LedgerStore
    private let known: Mutex<[VolumeID: DeletedVolume]>

    init(in store: LedgerStore) throws {
        self.store = store
        let states = try store.states(.deletedVolume, as: DeletedVolume.self)
        known = Mutex(Dictionary(states.map { ($0.volume, $0) }, uniquingKeysWith: { $1 }))
    }

    /// Those of which a lender may have blocks still.
    var unfinished: [DeletedVolume] { all.filter { $0.owing?.isEmpty == false } }

    /// Whether a volume was deleted by a home of this epoch or a later one.
    func has(_ volume: VolumeID, since epoch: UInt64) -> Bool { known.withLock { $0[volume].map { $0.epoch >= epoch } ?? false } }

    /// These lenders have nothing of a volume any more.
    func settle(_ volume: VolumeID, on nodes: [NodeID]) async throws {
        let settled = known.withLock { known in
            for node in nodes { known[volume]?.owing?[node] = nil }
            return known[volume]
        }
        guard let settled else { return }
        try await store.commit([.state(.deletedVolume, id: volume.description, settled)])
    }

    /// The last first.
    var all: [DeletedVolume] { known.withLock { $0.values.sorted { ($0.at, $0.volume) > ($1.at, $1.volume) } } }

    func add(_ deleted: DeletedVolume) async throws {
        let forgotten = known.withLock { known in
            known[deleted.volume] = deleted
            return known.count <= Self.most ? nil : known.values.min { ($0.at, $0.volume) < ($1.at, $1.volume) }
        }
        try await store.commit([.state(.deletedVolume, id: deleted.volume.description, deleted)])
        guard let forgotten else { return }
        known.withLock { $0[forgotten.volume] = nil }
        try await store.commit([.state(.deletedVolume, id: forgotten.volume.description, nil as DeletedVolume?)])
    }
}

extension Surplus_V1_DeletedVolume {
    init(_ deleted: DeletedVolume) { self = .with { ($0.volume, $0.epoch) = (deleted.volume.description, deleted.epoch) } }
}
