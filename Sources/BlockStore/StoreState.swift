import Resources

/// What a block store knows of its files; guarded by the store.
struct StoreState: Sendable {
    /// Where a block stands.
    struct Location: Hashable, Sendable {
        let segment: UInt32
        let offset: Int64
        let length: Int
        let tableChecksum: UInt32

        var content: Int64 { offset + RecordHeader.footprintOfHead(length) }
        var footprint: Int64 { RecordHeader.footprint(length) }
    }

    /// The most that all segments may take.
    var capacity = Bytes.zero
    var segments = SortedMap<UInt32, Segment>()
    /// The one that comes after them, with nothing in it but room that is kept for notes.
    var next: Segment?
    var readFiles = ReadFiles()
    /// The records of segments without an index.
    var unlisted: [UInt32: [PlacedRecord]] = [:]
    var blocks: [BlockKey: Location] = [:]
    /// Being written, and how often: they have their places, and may yet fail.
    var arriving: [BlockKey: Int] = [:]
    /// Known to be damaged on disk.
    var damaged: Set<BlockKey> = []
    /// The highest that was seen of each volume.
    var epochs: [VolumeID: UInt64] = [:]
    /// What was promised to writers, in bytes of segments.
    var granted: Int64 = 0
    /// How many records were written, and how many of them at least are durable.
    var written: UInt64 = 0
    var durable: UInt64 = 0
    /// Why nothing is written any more.
    var failure: BlockStoreError?

    /// What all segments take.
    var size: Int64 { segments.values.reduce(0) { $0 + $1.end } }

    func location(of record: PlacedRecord, in segment: UInt32) -> Location {
        Location(
            segment: segment, offset: record.offset, length: record.header.length, tableChecksum: record.header.tableChecksum)
    }

    // MARK: Files

    /// The file of a segment that is there, to read it.
    mutating func file(of number: UInt32, on disk: any BlockDisk) throws(BlockStoreError) -> any BlockFile {
        if let file = segments[number]?.file { return file }
        return try readFiles.file(of: number) { () throws(BlockStoreError) in
            try disk.open(Segment.name(number), isNew: false)
        }
    }

    /// Closes files that nothing is written to any more.
    mutating func closeSealed() {
        for (number, segment) in segments.pairs.dropLast() where segment.file != nil && segment.writing == 0 && !segment.isDirty {
            segments[number]?.file = nil
        }
    }

    // MARK: Records that are there

    /// Notes a record that was written or found, after those before it.
    ///
    /// - Parameter deleted: the ids that a deletion names.
    mutating func enter(_ record: PlacedRecord, in number: UInt32, deleted: [BlockID]) {
        let (header, key) = (record.header, record.header.key)
        epochs[key.volume] = max(epochs[key.volume] ?? 0, header.epoch)
        segments[number]?.tell(header.epoch, of: key.volume)
        switch header.kind {
        case .block:
            forget(key)
            blocks[key] = location(of: record, in: number)
            segments[number]?.live += header.footprint
            damaged.remove(key)
        case .deletion:
            segments[number]?.notes += header.footprint
            for block in deleted {
                let key = BlockKey(volume: key.volume, block: block)
                // What stands behind it was written since.
                guard let there = blocks[key], (there.segment, there.offset) < (number, record.offset) else { continue }
                forget(key)
            }
        case .epoch: segments[number]?.notes += header.footprint
        }
    }

    /// A block has its place, and will be there when it is written.
    mutating func expect(_ key: BlockKey) { arriving[key, default: 0] += 1 }

    /// It was written, or failed.
    mutating func settle(_ key: BlockKey) {
        let left = (arriving[key] ?? 0) - 1
        arriving[key] = left > 0 ? left : nil
    }

    /// A block is not there any more, or elsewhere.
    mutating func forget(_ key: BlockKey) {
        guard let old = blocks.removeValue(forKey: key) else { return }
        segments[old.segment]?.live -= old.footprint
        damaged.remove(key)
    }
}

extension RecordHeader {
    /// Where the content of so many bytes begins in its record.
    static func footprintOfHead(_ length: Int) -> Int64 {
        Int64(size + Checksum.count(length) * MemoryLayout<UInt32>.size)
    }
}
