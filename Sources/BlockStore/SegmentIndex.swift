/// The records of a segment that does not grow any more, listed in a file of their own, so that a store opens without reading all
/// blocks. It is made from the segment and can be made again: where it is missing or damaged, the segment is read.
enum SegmentIndex {
    /// The header as it is in the segment, and where.
    private static let entrySize = RecordHeader.size + 8

    static func write(_ records: [PlacedRecord], of number: UInt32, on disk: any BlockDisk) throws(BlockStoreError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.count * entrySize + 4)
        for record in records {
            bytes += record.header.bytes
            var writer = BigEndianWriter()
            writer.write(record.offset)
            bytes += writer.bytes
        }
        var writer = BigEndianWriter()
        writer.write(bytes.withUnsafeBytes(Checksum.crc32c))
        bytes += writer.bytes
        let name = Segment.indexName(number)
        try disk.remove(name + ".new")
        do throws(BlockStoreError) {
            let file = try disk.open(name + ".new", isNew: true)
            var failure: BlockStoreError?
            bytes.withUnsafeBytes { buffer in
                do throws(BlockStoreError) { try file.write([buffer], at: 0) } catch { failure = error }
            }
            if let failure { throw failure }
            try file.synchronize()
            try disk.rename(name + ".new", to: name)
        } catch {
            try disk.remove(name + ".new")
            throw error
        }
    }

    /// `nil` when it is damaged, or not that of a segment of this size.
    static func read(_ file: any BlockFile, segmentSize: Int64) throws(BlockStoreError) -> [PlacedRecord]? {
        let bytes = try file.read(Int(try file.size()), at: 0)
        guard bytes.count >= 4, (bytes.count - 4).isMultiple(of: entrySize) else { return nil }
        return bytes.withUnsafeBytes { buffer in
            let body = UnsafeRawBufferPointer(rebasing: buffer.dropLast(4))
            guard Checksum.crc32c(body) == BigEndianReader(buffer, at: buffer.count - 4).peek(UInt32.self) else { return nil }
            var records: [PlacedRecord] = []
            for start in stride(from: 0, to: body.count, by: entrySize) {
                let entry = UnsafeRawBufferPointer(rebasing: body[start..<(start + RecordHeader.size)])
                let offset: Int64 = BigEndianReader(body, at: start + RecordHeader.size).peek()
                guard let header = RecordHeader(entry), offset >= 0, offset <= segmentSize - header.content - Int64(header.length)
                else { return nil }
                records.append(PlacedRecord(header: header, offset: offset))
            }
            return records
        }
    }
}
