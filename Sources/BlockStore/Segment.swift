import Resources

/// A file of records, one behind the other. Only the last one of a store grows.
struct Segment: Sendable {
    let number: UInt32
    /// Open while something is written to it that may not be durable yet, and of the last one; else it is opened when it is read.
    var file: (any BlockFile)?
    /// Where the next record begins.
    var end: Int64
    /// What blocks that are still there take.
    var live: Int64 = 0
    /// What deletions and epochs take.
    var notes: Int64 = 0
    /// Where nothing was written for want of room, and something behind it: from where, by where it ends.
    var gaps: [Int64: Int64] = [:]
    /// The highest that its records tell.
    var epochs: [VolumeID: UInt64] = [:]
    /// How many records are being written.
    var writing = 0
    /// Whether something was written since it was last synchronized.
    var isDirty = false
    /// Whether what it has is listed in a file beside it.
    var hasIndex = false

    mutating func tell(_ epoch: UInt64, of volume: VolumeID) { epochs[volume] = max(epochs[volume] ?? 0, epoch) }

    /// Of the names of all files of a store.
    static let prefix = "segment-"

    static func name(_ number: UInt32) -> String { prefix + digits(number) + ".blocks" }
    static func indexName(_ number: UInt32) -> String { prefix + digits(number) + ".index" }

    /// Its number, when the name is one of a segment.
    static func number(_ name: String) -> UInt32? {
        guard name.hasPrefix(prefix), name.hasSuffix(".blocks") else { return nil }
        return UInt32(name.dropFirst(prefix.count).dropLast(7)).flatMap { Self.name($0) == name ? $0 : nil }
    }

    private static func digits(_ number: UInt32) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 10 - text.count)) + text
    }
}

/// A record and where it stands in its segment.
struct PlacedRecord: Hashable, Sendable {
    let header: RecordHeader
    let offset: Int64
}

// MARK: - Finding records

extension Segment {
    /// How much is looked through at once for the next record behind one that is not whole.
    private static let window = 1 << 20

    /// All whole records of a file, in order, found in the file itself.
    ///
    /// What was being written when the machine died may be missing in part, also before records that are whole. The checksums of
    /// contents and their own are checked, so that a record is whole or none.
    static func scan(_ file: any BlockFile) throws(BlockStoreError) -> [PlacedRecord] {
        let size = try file.size()
        var (records, place) = ([PlacedRecord](), Int64(0))
        while let next = try nextHeader(file, from: place, size) {
            if try isWhole(next, file, size) {
                records.append(next)
                place = next.offset + next.header.footprint
            } else {
                place = next.offset + RecordHeader.alignment
            }
        }
        return records
    }

    /// The first place at or behind this one with what looks like a header.
    private static func nextHeader(_ file: any BlockFile, from start: Int64, _ size: Int64) throws(BlockStoreError)
        -> PlacedRecord?
    {
        var place = start
        // The next record follows at once, as a rule.
        var window = Int(RecordHeader.alignment)
        while place + Int64(RecordHeader.size) <= size {
            let bytes = try file.read(window, at: place)
            for offset in stride(from: 0, through: bytes.count - RecordHeader.size, by: Int(RecordHeader.alignment)) {
                let header = bytes.withUnsafeBytes { RecordHeader(.init(rebasing: $0[offset..<(offset + RecordHeader.size)])) }
                if let header { return PlacedRecord(header: header, offset: place + Int64(offset)) }
            }
            place += Int64(window)
            window = Self.window
        }
        return nil
    }

    private static func isWhole(_ record: PlacedRecord, _ file: any BlockFile, _ size: Int64) throws(BlockStoreError) -> Bool {
        guard record.header.length > 0 else { return true }
        guard record.offset + record.header.content + Int64(record.header.length) <= size else { return false }
        let body = try file.read(record.header.tableSize + record.header.length, at: record.offset + Int64(RecordHeader.size))
        return body.withUnsafeBytes { body in
            let table = UnsafeRawBufferPointer(rebasing: body.prefix(record.header.tableSize))
            guard Checksum.crc32c(table) == record.header.tableChecksum else { return false }
            let found = Checksum.all(.init(rebasing: body.dropFirst(record.header.tableSize)))
            return found == Self.checksums(table)
        }
    }

    /// The checksums that stand before a content.
    static func checksums(_ table: UnsafeRawBufferPointer) -> [UInt32] {
        stride(from: 0, to: table.count, by: 4).map { BigEndianReader(table, at: $0).peek() }
    }
}
