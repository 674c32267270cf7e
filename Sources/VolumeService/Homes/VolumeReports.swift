package import Resources
package import Volumes

/// A volume that this node keeps the metadata of, in a line.
package struct VolumeSummary: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        /// - Parameter isReady: whether all its sessions have come back, and it may tell what it has.
        case home(isReady: Bool)
        case backup
        /// It was the home, and does not go on as that yet.
        case starting
        case failed(String)
    }

    package let volume: VolumeID
    package let name: String
    package let role: Role
    /// As far as is known here.
    package let home: NodeID?
    package let backups: [NodeID]
    /// The highest that is promised here; one more with each takeover.
    package let epoch: UInt64
    package let copies: Int
    /// Of content, in bytes, without copies.
    package let capacity: UInt64
    package let used: UInt64
    package let inodes: UInt64
    package let inodeLimit: UInt64

    /// Who keeps the journal, as far as is known here.
    package var keepers: [NodeID] { (home.map { [$0] } ?? []) + backups }

    /// Whether this node is the home, and not only was.
    package var isHome: Bool { if case .home = role { true } else { false } }
}

/// How a volume is, as its home knows it.
package struct VolumeStatus: Hashable, Sendable {
    package struct Backup: Hashable, Sendable {
        package let node: NodeID
        /// Records that it has not synced yet.
        package let behind: UInt64
        package let isCopying: Bool
    }

    package struct Evacuation: Hashable, Sendable {
        package let node: NodeID
        package let isDone: Bool
        package let progress: EvacuationProgress?
    }

    package let summary: VolumeSummary
    package let blocks: KeeperStanding
    package let stores: [StoreReport]
    package let backups: [Backup]
    package let evacuations: [Evacuation]
    /// Whether copies could not be made lately for want of room.
    package let isOutOfRoom: Bool
    /// Blocks that were mended since all was well last.
    package let mended: UInt64
    /// Until all that is known to be wrong is mended; `nil` when that does not become less.
    package let timeLeft: Microseconds?
    package let sessions: [Session]
}

/// Why something that was asked for of a volume is not done; nothing has changed.
package enum VolumeRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case badName(String, String)
    case taken(String, VolumeID)
    case badSize(String)
    case badCopies(Int)
    case unknown(VolumeID)
    case notHome(VolumeID, home: NodeID?)
    case noStore(VolumeID, NodeID)
    case evacuation(EvacuationRefusal)
    case takeover(TakeoverRefusal)
    case notReady(VolumeID)
    /// It was asked for, and has not come to an end in time; it goes on.
    case slow(String)
    case inUse(VolumeID, [NodeID])
    case failed(String)

    package var description: String {
        switch self {
        case .badName(let name, let fault): "'\(name)' cannot be the name of a volume: \(fault)"
        case .taken(let name, let volume): "a volume named '\(name)' is here already (\(volume)); choose another name"
        case .badSize(let fault): fault
        case .badCopies(let copies): "a volume has 1 to \(VolumeTraits.mostCopies) copies of each block, not \(copies)"
        case .unknown(let volume): "\(volume) is not kept on this node; ask the node that is its home"
        case .notHome(let volume, let home):
            "this node is not the home of \(volume) now; ask \(home.map(\.description) ?? "the node that is its home")"
        case .noStore(let volume, let node): "\(node) lends no room to \(volume)"
        case .evacuation(let refusal): refusal.description
        case .takeover(let refusal): "failed to take over: \(refusal)"
        case .notReady(let volume): "the home of \(volume) waits for its sessions to come back; try again in a few seconds"
        case .slow(let what): "\(what) takes longer; it goes on, look at the volume's status"
        case .inUse(let volume, let nodes):
            "\(volume) is mounted on \(nodes.map(\.description).joined(separator: ", ")); unmount it there first"
        case .failed(let reason): reason
        }
    }
}
