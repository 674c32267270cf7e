import Resources

/// Why a block server does not do what it was asked to, in the terms of its store.
package enum BlockFault: Error, Hashable, Sendable {
    /// There is no such block.
    case unknown(BlockID, of: VolumeID)
    /// There is a block of that id with other content.
    case conflict(BlockID, of: VolumeID)
    /// What came is not what its checksums say, or no block can be that long.
    case malformed(BlockID, of: VolumeID, String)
    /// What is stored is not what its checksums say, from this byte on.
    case corrupted(BlockID, of: VolumeID, offset: Int)
    /// Part of the range lies beyond the block.
    case outOfRange(BlockID, of: VolumeID, length: Int)
    /// The owner lends no more than this.
    case full(needed: Bytes, free: Bytes)
    /// Whoever asks was deposed: the volume is at a later epoch.
    case deposed(VolumeID, epoch: UInt64, current: UInt64)
    /// The disk failed; the store takes no more writes until it is opened anew.
    case disk(file: String, String)
    /// A file is not one of a block store, or of a newer one.
    case foreign(file: String, String)
    /// The owner wants back what the volume has here: what is there can be read until it is elsewhere, and nothing new is taken.
    case leaving(VolumeID)
    /// This node lends nothing to the volume, or does not any more.
    case notLent(VolumeID)
    /// Room that was borrowed cannot be used for what is asked.
    case lease(LeaseID, String)
}

extension BlockFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknown(let block, let volume): "there is no \(block) of \(volume)"
        case .conflict(let block, let volume): "\(block) of \(volume) is there with other content; choose another id"
        case .malformed(let block, let volume, let fault): "\(block) of \(volume) is not taken: \(fault)"
        case .corrupted(let block, let volume, let offset): "\(block) of \(volume) is damaged on disk at byte \(offset)"
        case .outOfRange(let block, let volume, let length): "\(block) of \(volume) has only \(length) bytes"
        case .full(let needed, let free): "no room for \(needed.rawValue) bytes, \(free.rawValue) are free"
        case .deposed(let volume, let epoch, let current): "\(volume) is at epoch \(current), epoch \(epoch) has no say any more"
        case .disk(let file, let reason), .foreign(let file, let reason): "\(file): \(reason)"
        case .leaving(let volume): "the owner wants back what \(volume) has here; store it elsewhere"
        case .notLent(let volume): "this node lends no room to \(volume)"
        case .lease(let lease, let reason): "\(lease) \(reason)"
        }
    }
}

extension BlockFault {
    func write(into writer: inout MessageWriter) {
        switch self {
        case .unknown(let block, let volume): Self.write(1, block, volume, into: &writer)
        case .conflict(let block, let volume): Self.write(2, block, volume, into: &writer)
        case .malformed(let block, let volume, let fault):
            Self.write(3, block, volume, into: &writer)
            writer.write(fault)
        case .corrupted(let block, let volume, let offset):
            Self.write(4, block, volume, into: &writer)
            writer.write(UInt32(offset))
        case .outOfRange(let block, let volume, let length):
            Self.write(5, block, volume, into: &writer)
            writer.write(UInt32(length))
        case .full(let needed, let free):
            writer.write(UInt8(6))
            writer.write(needed)
            writer.write(free)
        case .deposed(let volume, let epoch, let current):
            writer.write(UInt8(7))
            writer.write(volume)
            writer.write(epoch)
            writer.write(current)
        case .disk(let file, let reason), .foreign(let file, let reason):
            writer.write(UInt8(isForeign ? 9 : 8))
            writer.write(file)
            writer.write(reason)
        case .leaving(let volume):
            writer.write(UInt8(10))
            writer.write(volume)
        case .notLent(let volume):
            writer.write(UInt8(11))
            writer.write(volume)
        case .lease(let lease, let reason):
            writer.write(UInt8(12))
            writer.write(lease)
            writer.write(reason)
        }
    }

    private var isForeign: Bool { if case .foreign = self { true } else { false } }

    private static func write(_ kind: UInt8, _ block: BlockID, _ volume: VolumeID, into writer: inout MessageWriter) {
        writer.write(kind)
        writer.write(block)
        writer.write(volume)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        switch try reader.integer(UInt8.self) {
        case 1: self = .unknown(try reader.identifier(), of: try reader.identifier())
        case 2: self = .conflict(try reader.identifier(), of: try reader.identifier())
        case 3: self = .malformed(try reader.identifier(), of: try reader.identifier(), try reader.text())
        case 4:
            self = .corrupted(try reader.identifier(), of: try reader.identifier(), offset: Int(try reader.integer(UInt32.self)))
        case 5:
            self = .outOfRange(try reader.identifier(), of: try reader.identifier(), length: Int(try reader.integer(UInt32.self)))
        case 6: self = .full(needed: try reader.byteCount(), free: try reader.byteCount())
        case 7: self = .deposed(try reader.identifier(), epoch: try reader.integer(), current: try reader.integer())
        case 8: self = .disk(file: try reader.text(), try reader.text())
        case 9: self = .foreign(file: try reader.text(), try reader.text())
        case 10: self = .leaving(try reader.identifier())
        case 11: self = .notLent(try reader.identifier())
        case 12: self = .lease(try reader.identifier(), try reader.text())
        case let kind: throw MalformedMessage("there is no fault \(kind)")
        }
    }
}
