import Resources

/// What blocks are like, for all who speak of them.
package enum BlockLayout {
    /// The most bytes of one: 4 MiB of content, and what encrypting it adds.
    package static let largest = (4 << 20) + (64 << 10)
    /// How many bytes one of its checksums (CRC-32C) covers; the last may cover less.
    package static let checksumUnit = 64 << 10

    /// How many checksums so many bytes have.
    package static func checksumCount(_ length: Int) -> Int { (length + checksumUnit - 1) / checksumUnit }
}

/// A block to be stored. Its content is not in the message but goes with it, behind that of the blocks before it.
package struct BlockPut: Hashable, Sendable {
    package let block: BlockID
    /// In bytes: 1 to ``BlockLayout/largest``.
    package let length: Int
    /// One for each ``BlockLayout/checksumUnit``.
    package let checksums: [UInt32]
    /// Whether its room comes out of what was granted.
    package let isGranted: Bool

    /// - Precondition: there is one checksum for each unit.
    package init(_ block: BlockID, length: Int, checksums: [UInt32], isGranted: Bool = false) {
        precondition(checksums.count == BlockLayout.checksumCount(length), "\(checksums.count) checksums for \(length) bytes")
        self.block = block
        self.length = length
        self.checksums = checksums
        self.isGranted = isGranted
    }
}

/// What a block server is asked to do, for one volume.
package enum BlockRequest: Hashable, Sendable {
    /// Store blocks, whose contents go with the message in this order. If asked for they are durable when it is answered; otherwise
    /// none is for certain.
    case put([BlockPut], isDurable: Bool)
    /// Make durable what was stored before.
    case synchronize
    /// Read part of a block.
    case read(BlockID, offset: Int, length: Int)
    /// Read all of a block, with its checksums.
    case readWhole(BlockID)
    /// Delete blocks for good; ids that are not there are passed over. The epoch is that of whoever asks.
    case delete([BlockID], epoch: UInt64)
    /// Remember for good that the volume is at an epoch.
    case raise(epoch: UInt64)
    /// Promise room for blocks, in bytes of what they take in the store.
    case grant(Bytes)
    /// Give back what was granted.
    case release(Bytes)
    /// A node has no session with the volume any more: what it was granted and has not used is free.
    case releaseAll(of: NodeID)
    /// The blocks in order of their ids, from the one behind this on.
    case list(after: BlockID?, limit: Int)
    /// Hold a block, as it is on the disk, against the checksum that the metadata have of it.
    case verify(BlockID, checksum: UInt32)
    /// How the room is used.
    case usage
    /// Room that the caller has borrowed is for this volume.
    case bind(LeaseID)
    /// These nodes may use the volume, and none but them and who has borrowed room for it.
    ///
    /// - Parameters:
    ///   - heirs: those that may borrow room for it too and then do with it what its home does, as whoever takes it over has to.
    ///   - epoch: as for ``delete(_:epoch:)``.
    case admit([NodeID], heirs: [NodeID], epoch: UInt64)
    /// Delete all blocks. Room that was borrowed for the volume can be bound to another one.
    case drop(epoch: UInt64)

    /// The most blocks in one request.
    package static let mostPut = 256
    package static let mostDeleted = 2048
    package static let mostListed = 2048
    /// The most nodes that use a volume.
    package static let mostAdmitted = 1024
    package static let mostHeirs = 64

    /// The codes of all requests.
    package static let codes: ClosedRange<UInt16> = 0x0100...0x01ff

    package var code: UInt16 {
        switch self {
        case .put: 0x0101
        case .synchronize: 0x0102
        case .read: 0x0103
        case .readWhole: 0x0104
        case .delete: 0x0105
        case .raise: 0x0106
        case .grant: 0x0107
        case .release: 0x0108
        case .list: 0x0109
        case .verify: 0x010a
        case .usage: 0x010b
        case .releaseAll: 0x010c
        case .bind: 0x010d
        case .admit: 0x010e
        case .drop: 0x010f
        }
    }
}

/// A request and the volume that it is about.
package struct BlockMessage: Hashable, Sendable {
    package let volume: VolumeID
    package let request: BlockRequest

    package init(_ request: BlockRequest, of volume: VolumeID) {
        self.volume = volume
        self.request = request
    }

    package var head: [UInt8] {
        var writer = MessageWriter()
        writer.write(volume)
        request.write(into: &writer)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``, also where a number is beyond its bounds.
    package init(code: UInt16, head: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(head)
        volume = try reader.identifier()
        request = try BlockRequest(code, &reader)
        try reader.finish()
    }
}
