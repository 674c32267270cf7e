import Resources

/// A block that is there.
package struct BlockEntry: Hashable, Sendable {
    package let block: BlockID
    /// In bytes.
    package let length: Int

    package init(_ block: BlockID, length: Int) {
        self.block = block
        self.length = length
    }
}

/// How the room of a block server is used, in bytes of files.
package struct BlockUsage: Hashable, Sendable {
    package let capacity: Bytes
    /// Of blocks that are there.
    package let live: Bytes
    /// Of what was deleted or moved and is not won back yet.
    package let dead: Bytes
    /// Promised to writers, and to whoever asks.
    package let granted: Bytes
    package let grantedToCaller: Bytes
    /// For new blocks.
    package let free: Bytes
    /// The highest that was seen of the volume.
    package let epoch: UInt64
    /// Whether the owner wants it back. Once that was said nothing new is stored, and nothing is on its way to the disk.
    package let isLeaving: Bool
    /// Bytes a second that the owner allows for copying blocks from here and to here; `nil` is without limit.
    package let copyRate: Bytes?

    package init(
        capacity: Bytes, live: Bytes, dead: Bytes, granted: Bytes, grantedToCaller: Bytes, free: Bytes, epoch: UInt64,
        isLeaving: Bool = false, copyRate: Bytes? = nil
    ) {
        self.isLeaving = isLeaving
        self.copyRate = copyRate
        self.capacity = capacity
        self.live = live
        self.dead = dead
        self.granted = granted
        self.grantedToCaller = grantedToCaller
        self.free = free
        self.epoch = epoch
    }
}

/// What a block server answers.
package enum BlockReply: Hashable, Sendable {
    /// It was done.
    case done
    /// The blocks were stored, but for these, by their place in the request.
    case stored(failures: [UInt16: BlockFault])
    /// What was read goes with the message.
    case content
    /// As ``content``, with the checksums of all of the block.
    case whole(checksums: [UInt32])
    /// Blocks in order of their ids; more follow unless they are the last.
    case blocks([BlockEntry], areLast: Bool)
    case usage(BlockUsage)
    /// Nothing was done.
    case failed(BlockFault)

    package var code: UInt16 {
        switch self {
        case .done: 1
        case .stored: 2
        case .content: 3
        case .whole: 4
        case .blocks: 5
        case .usage: 6
        case .failed: 7
        }
    }

    package var head: [UInt8] {
        var writer = MessageWriter()
        switch self {
        case .done, .content: break
        case .stored(let failures):
            writer.write(failures.sorted { $0.key < $1.key }) { writer, failure in
                writer.write(failure.key)
                failure.value.write(into: &writer)
            }
        case .whole(let checksums): writer.write(checksums) { $0.write($1) }
        case .blocks(let blocks, let areLast):
            writer.write(areLast)
            writer.write(blocks) { writer, entry in
                writer.write(entry.block)
                writer.write(UInt32(entry.length))
            }
        case .usage(let usage): usage.write(into: &writer)
        case .failed(let fault): fault.write(into: &writer)
        }
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``, also where a number is beyond its bounds.
    package init(code: UInt16, head: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(head)
        switch code {
        case 1: self = .done
        case 2: self = .stored(failures: try Self.failures(&reader))
        case 3: self = .content
        case 4:
            let most = BlockLayout.checksumCount(BlockLayout.largest)
            self = .whole(checksums: try reader.items(atMost: most) { reader throws(MalformedMessage) in try reader.integer() })
        case 5: self = try Self.blocks(&reader)
        case 6: self = .usage(try BlockUsage(&reader))
        case 7: self = .failed(try BlockFault(&reader))
        default: throw MalformedMessage("there is no answer \(code)")
        }
        try reader.finish()
    }

    private static func failures(_ reader: inout MessageReader) throws(MalformedMessage) -> [UInt16: BlockFault] {
        let failures = try reader.items(atMost: BlockRequest.mostPut) { reader throws(MalformedMessage) in
            (try reader.integer(UInt16.self), try BlockFault(&reader))
        }
        return Dictionary(failures) { first, _ in first }
    }

    private static func blocks(_ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        let areLast = try reader.bool()
        let blocks = try reader.items(atMost: BlockRequest.mostListed) { reader throws(MalformedMessage) in
            BlockEntry(try reader.identifier(), length: Int(try reader.integer(UInt32.self)))
        }
        return .blocks(blocks, areLast: areLast)
    }
}

extension BlockUsage {
    fileprivate func write(into writer: inout MessageWriter) {
        for bytes in [capacity, live, dead, granted, grantedToCaller, free] { writer.write(bytes) }
        writer.write(epoch)
        writer.write(isLeaving)
        writer.write(optional: copyRate) { $0.write($1) }
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            capacity: try reader.byteCount(), live: try reader.byteCount(), dead: try reader.byteCount(),
            granted: try reader.byteCount(), grantedToCaller: try reader.byteCount(), free: try reader.byteCount(),
            epoch: try reader.integer(), isLeaving: try reader.bool(),
            copyRate: try reader.optional { reader throws(MalformedMessage) in try reader.byteCount() })
    }
}
