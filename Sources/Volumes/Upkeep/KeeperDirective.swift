import Resources

/// What a block store knows as an epoch: that of the home, and how often it was not known what had become of a deletion on that store.
package struct BlockFence: Hashable, Comparable, Sendable {
    /// As block stores compare it.
    package let rawValue: UInt64

    /// The highest that there can be.
    package static let lastEpoch: UInt64 = (1 << 44) - 1

    /// - Parameters:
    ///   - epoch: of the home, ``lastEpoch`` at most.
    ///   - term: 20 bits at most.
    package init(epoch: UInt64, term: UInt64 = 0) { rawValue = epoch << 20 | min(term, (1 << 20) - 1) }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What a keeper asks of a store, or of two. Each is answered once, and with ``StoreAnswer/failed(_:)`` when no answer came in time; it
/// may be carried out later all the same.
package enum StoreRequest: Hashable, Sendable {
    /// Remember a fence, so that nothing is deleted any more by what comes from before it.
    case raise(on: NodeID, BlockFence)
    /// Read all of a block, hold it against its checksum, and store it, durably; in place of a damaged copy where there is one.
    case copy(BlockID, length: UInt32, checksum: UInt32, from: NodeID, to: NodeID)
    /// Read all of a block from the disk and hold it against its checksum in the metadata.
    case verify(BlockID, checksum: UInt32, on: NodeID)
    /// Delete blocks, unless a later fence is known there.
    case delete([BlockID], on: NodeID, BlockFence)
    /// The blocks that are there, in order.
    case list(on: NodeID, after: BlockID?, limit: Int)
}

/// What came of it; with the node that it is about, where it may be either.
package enum StoreAnswer: Hashable, Sendable {
    case done
    case listed([BlockID], areLast: Bool)
    /// A block is not there.
    case absent(NodeID)
    /// A block is there, and is not what its checksum says.
    case damaged(NodeID)
    /// There is no room.
    case full(NodeID)
    /// It is not known what came of it, or it will not do.
    case failed(NodeID)
}

/// Something that a keeper is told.
package enum KeeperEvent: Hashable, Sendable {
    /// How the stores are; those that are left out are gone for good, and what they had with them.
    case stores([StoreCondition])
    /// Somebody found that a copy is not what it should be, or not there.
    case damaged(BlockID, on: NodeID)
    /// Blocks that a writer has put into files; those with too few copies are not left to the next survey.
    case written([BlockID])
    case answered(step: UInt64, StoreAnswer)
    /// All records up to this one are durable.
    case durable(UInt64)
    case tick
}

/// What a keeper wants to be done, in this order.
package enum KeeperDirective: Hashable, Sendable {
    case ask(step: UInt64, StoreRequest)
    /// Write a record, before the keeper is told anything more.
    case write(Operation)
    case report(KeeperNotice)
    /// Tell it ``KeeperEvent/tick`` then.
    case wake(at: Instant)
}

/// Something for people.
package enum KeeperNotice: Hashable, Sendable {
    /// A copy is not what it should be; it is replaced from another one.
    case damaged(BlockID, on: NodeID)
    case replaced(BlockID, on: NodeID)
    /// No good copy is left where anything is heard of: bring those nodes back that have one.
    case unreachable(BlockID, on: [NodeID])
    /// Copies are missing and no store has room.
    case noRoom(BlockID, needed: UInt64)
    /// A store that is left has nothing of the volume any more, and never will.
    case evacuated(NodeID)
}
