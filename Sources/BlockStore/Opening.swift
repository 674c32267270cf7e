import Resources

extension StoreState {
    /// Finds out what is in a directory. What was being written when the machine died is cut off the last segment that has something.
    init(on disk: any BlockDisk) throws(BlockStoreError) {
        let names = try disk.names()
        for name in names where name.hasPrefix(Segment.prefix) && name.hasSuffix(".new") { try disk.remove(name) }
        let numbers = names.compactMap(Segment.number).sorted()
        for number in numbers {
            let file = try disk.open(Segment.name(number), isNew: false)
            var segment = Segment(number: number, end: 0)
            let size = try file.size()
            let hasIndex = number != numbers.last && names.contains(Segment.indexName(number))
            let listed = hasIndex ? try Self.listed(number, size, on: disk) : nil
            // They are listed in the order in which their writing ended.
            let records = if let listed { listed.sorted { $0.offset < $1.offset } } else { try Segment.scan(file) }
            segment.end = records.map { $0.offset + $0.header.footprint }.max() ?? 0
            segment.hasIndex = listed != nil
            segments[number] = segment
            if listed == nil { unlisted[number] = records }
            for record in records { enter(record, in: number, deleted: try Self.deletions(record, file)) }
        }
        try cutOff(on: disk)
        // One that is listed does not grow any more: what comes after it is not the next one, though there is nothing in it.
        let before = segments.keys.dropLast().last
        guard let last = segments.values.last, last.end == 0, before.map({ !names.contains(Segment.indexName($0)) }) ?? true
        else { return }
        (segments[last.number], next) = (nil, last)
    }

    /// Opens the segments where something will be written. Nothing that was not written whole is left there.
    private mutating func cutOff(on disk: any BlockDisk) throws(BlockStoreError) {
        for segment in segments.values.reversed() {
            let file = try disk.open(Segment.name(segment.number), isNew: false)
            if try file.size() > segment.end {
                try file.truncate(to: segment.end)
                try file.synchronize()
            }
            segments[segment.number]?.file = file
            guard segment.end == 0 else { return }
        }
    }

    /// Keeps room for notes, so many bytes, where they are written next: what was kept before was cut off.
    mutating func keepAgain(_ room: Int64) throws(BlockStoreError) {
        guard let last = next ?? segments.values.last else { return }
        do throws(BlockStoreError) { try last.file?.reserve(last.end + room) } catch {
            guard case .full = error else { throw error }
            if next != nil { (segments[last.number], next) = (last, nil) }
        }
    }

    private static func listed(
        _ number: UInt32, _ size: Int64, on disk: any BlockDisk
    ) throws(BlockStoreError) -> [PlacedRecord]? {
        try SegmentIndex.read(try disk.open(Segment.indexName(number), isNew: false), segmentSize: size)
    }

    /// The ids that a deletion names; none where it is damaged.
    static func deletions(_ record: PlacedRecord, _ file: any BlockFile) throws(BlockStoreError) -> [BlockID] {
        guard record.header.kind == .deletion else { return [] }
        let bytes = try file.read(record.header.length, at: record.offset + record.header.content)
        guard bytes.count == record.header.length else { return [] }
        return bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count - 15, by: 16).map { place in
                var reader = BigEndianReader(buffer, at: place)
                return BlockID(high: reader.read(), low: reader.read())
            }
        }
    }
}
