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
    /// Hold a block against its checksums.
    case verify(BlockID)
    /// How the room is used.
    case usage

    /// The most blocks in one request.
    package static let mostPut = 256
    package static let mostDeleted = 2048
    package static let mostListed = 2048

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

// MARK: - Fields

extension BlockRequest {
    fileprivate func write(into writer: inout MessageWriter) {
        switch self {
        case .put(let puts, let isDurable):
            writer.write(isDurable)
            writer.write(puts) { $1.write(into: &$0) }
        case .read(let block, let offset, let length):
            writer.write(block)
            writer.write(UInt32(offset))
            writer.write(UInt32(length))
        case .readWhole(let block), .verify(let block): writer.write(block)
        case .delete(let blocks, let epoch):
            writer.write(epoch)
            writer.write(blocks) { $0.write($1) }
        case .raise(let epoch): writer.write(epoch)
        case .grant(let bytes), .release(let bytes): writer.write(bytes)
        case .releaseAll(let node): writer.write(node)
        case .list(let block, let limit):
            writer.write(block != nil)
            writer.write(block ?? BlockID(high: 0, low: 0))
            writer.write(UInt16(limit))
        case .synchronize, .usage: break
        }
    }

    fileprivate init(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) {
        switch code {
        case 0x0101:
            let isDurable = try reader.bool()
            let puts = try reader.items(atMost: Self.mostPut) { reader throws(MalformedMessage) in try BlockPut(&reader) }
            self = .put(puts, isDurable: isDurable)
        case 0x0102: self = .synchronize
        case 0x0103:
            self = .read(try reader.identifier(), offset: try Self.size(&reader), length: try Self.size(&reader))
        case 0x0104: self = .readWhole(try reader.identifier())
        case 0x0105:
            let epoch = try reader.integer(UInt64.self)
            let blocks = try reader.items(atMost: Self.mostDeleted) { reader throws(MalformedMessage) in
                try reader.identifier(BlockID.self)
            }
            self = .delete(blocks, epoch: epoch)
        case 0x0106: self = .raise(epoch: try reader.integer())
        case 0x0107: self = .grant(try reader.byteCount())
        case 0x0108: self = .release(try reader.byteCount())
        case 0x0109: self = try Self.list(&reader)
        case 0x010a: self = .verify(try reader.identifier())
        case 0x010b: self = .usage
        case 0x010c: self = .releaseAll(of: try reader.identifier())
        default: throw MalformedMessage("there is no request \(code)")
        }
    }

    private static func size(_ reader: inout MessageReader) throws(MalformedMessage) -> Int {
        let size = Int(try reader.integer(UInt32.self))
        guard size <= BlockLayout.largest else { throw MalformedMessage("\(size) bytes of a block") }
        return size
    }

    private static func list(_ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        let hasStart = try reader.bool()
        let block = try reader.identifier(BlockID.self)
        let limit = Int(try reader.integer(UInt16.self))
        guard (1...mostListed).contains(limit) else { throw MalformedMessage("a list of \(limit) blocks") }
        guard hasStart || block == BlockID(high: 0, low: 0) else { throw MalformedMessage("a beginning that is not one") }
        return .list(after: hasStart ? block : nil, limit: limit)
    }
}

extension BlockPut {
    fileprivate func write(into writer: inout MessageWriter) {
        writer.write(block)
        writer.write(UInt32(length))
        writer.write(isGranted)
        for checksum in checksums { writer.write(checksum) }
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let block = try reader.identifier(BlockID.self)
        let length = Int(try reader.integer(UInt32.self))
        guard (1...BlockLayout.largest).contains(length) else { throw MalformedMessage("a block of \(length) bytes") }
        let isGranted = try reader.bool()
        var checksums: [UInt32] = []
        for _ in 0..<BlockLayout.checksumCount(length) { checksums.append(try reader.integer()) }
        self.init(block, length: length, checksums: checksums, isGranted: isGranted)
    }
}
