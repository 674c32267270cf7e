import Resources

/// What stands before each record of a segment: 64 bytes, big-endian, the last four a checksum of the others.
///
/// A record is this, the checksums of its content's units, and the content; it begins at a multiple of ``alignment``, so that the next
/// whole one can be found behind one that is not.
struct RecordHeader: Hashable, Sendable {
    enum Kind: UInt16, Sendable {
        /// A block, which is the content.
        case block = 1
        /// Blocks are gone; their ids are the content.
        case deletion = 2
        /// The volume is at an epoch; no content.
        case epoch = 3
    }

    static let size = 64
    static let alignment: Int64 = 512
    /// "SurplusB" in ASCII.
    private static let magic: UInt64 = 0x5375_7270_6c75_7342

    let kind: Kind
    let key: BlockKey
    /// Of the volume, as far as this record knows.
    var epoch: UInt64
    /// Of the content, in bytes.
    var length = 0
    /// Of the checksums of its units.
    var tableChecksum: UInt32 = 0

    var tableSize: Int { Checksum.count(length) * MemoryLayout<UInt32>.size }
    /// Where the content begins, counted from the record's beginning.
    var content: Int64 { Int64(Self.size + tableSize) }
    /// How much of the segment it takes.
    var footprint: Int64 { Self.footprint(length) }

    /// How much of a segment so many bytes of content take.
    static func footprint(_ length: Int) -> Int64 {
        let size = Int64(Self.size + Checksum.count(length) * MemoryLayout<UInt32>.size + length)
        return (size + alignment - 1) / alignment * alignment
    }
}

extension RecordHeader {
    var bytes: [UInt8] {
        var writer = BigEndianWriter()
        writer.write(Self.magic)
        writer.write(kind.rawValue)
        writer.write(UInt16.zero)
        writer.write(tableChecksum)
        for part in [key.volume.high, key.volume.low, key.block.high, key.block.low, epoch] { writer.write(part) }
        writer.write(UInt32(length))
        writer.write(writer.bytes.withUnsafeBytes(Checksum.crc32c))
        return writer.bytes
    }

    /// `nil` when the bytes are no header.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.size else { return nil }
        var reader = BigEndianReader(bytes)
        guard reader.read(UInt64.self) == Self.magic,
            Checksum.crc32c(.init(rebasing: bytes[..<(Self.size - 4)]))
                == BigEndianReader(bytes, at: Self.size - 4).peek(UInt32.self),
            let kind = Kind(rawValue: reader.read())
        else { return nil }
        _ = reader.read(UInt16.self)
        let tableChecksum: UInt32 = reader.read()
        let volume = VolumeID(high: reader.read(), low: reader.read())
        let block = BlockID(high: reader.read(), low: reader.read())
        self.init(
            kind: kind, key: BlockKey(volume: volume, block: block), epoch: reader.read(), length: Int(reader.read(UInt32.self)),
            tableChecksum: tableChecksum)
        guard length <= BlockKey.largest, kind != .epoch || length == 0 else { return nil }
    }
}

/// Numbers one after the other, the most significant byte first.
struct BigEndianWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

struct BigEndianReader {
    private let bytes: UnsafeRawBufferPointer
    private var place: Int

    init(_ bytes: UnsafeRawBufferPointer, at place: Int = 0) { (self.bytes, self.place) = (bytes, place) }

    func peek<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value {
        Value(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: Value.self))
    }

    mutating func read<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value {
        defer { place += MemoryLayout<Value>.size }
        return peek()
    }
}
