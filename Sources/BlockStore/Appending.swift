import Resources

// Records are written side by side: each gets its place under the lock, and is written without it.

extension BlockStore {
    static func header(
        _ kind: RecordHeader.Kind, _ key: BlockKey, _ length: Int, _ checksums: [UInt32], _ state: StoreState
    ) -> RecordHeader {
        RecordHeader(
            kind: kind, key: key, epoch: state.epochs[key.volume] ?? 0, length: length,
            tableChecksum: Checksum.summary(checksums))
    }

    private static func table(_ checksums: [UInt32]) -> [UInt8] {
        var writer = BigEndianWriter()
        for checksum in checksums { writer.write(checksum) }
        return writer.bytes
    }

    /// What is told behind the blocks it is about. There is always room for it.
    func appendNote(
        _ kind: RecordHeader.Kind, _ volume: VolumeID, _ content: [UInt8], deleted: [BlockID]
    ) throws(BlockStoreError) {
        var failure: BlockStoreError?
        content.withUnsafeBytes { buffer in
            do throws(BlockStoreError) {
                let key = BlockKey(volume: volume, block: BlockID(high: 0, low: 0))
                try append(kind, key, [buffer], Checksum.all(buffer), deleted: deleted) { _ in true }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Writes a record.
    ///
    /// - Parameters:
    ///   - old: where the block was, when this is a copy of it: the copy counts only if the block is still there.
    ///   - admit: decides, in the same instant in which the record gets its place, whether it is to be written.
    /// - Returns: whether it was.
    @discardableResult
    func append(
        _ kind: RecordHeader.Kind, _ key: BlockKey, _ content: [UnsafeRawBufferPointer], _ checksums: [UInt32],
        deleted: [BlockID] = [], movedFrom old: StoreState.Location? = nil,
        _ admit: (inout StoreState) throws(BlockStoreError) -> Bool
    ) throws(BlockStoreError) -> Bool {
        let place = try withState { state throws(BlockStoreError) -> (UInt32, PlacedRecord, any BlockFile)? in
            if let failure = state.failure { throw failure }
            guard try admit(&state) else { return nil }
            let header = Self.header(kind, key, content.reduce(0) { $0 + $1.count }, checksums, state)
            return try allot(header, &state)
        }
        guard let (number, record, file) = place else { return false }
        do throws(BlockStoreError) {
            try Self.write(record, content, Self.table(checksums), to: file)
        } catch {
            state.withLock { state in
                state.segments[number]?.writing -= 1
                // What has no room on the file system leaves a gap, which is passed over.
                if case .full = error { return }
                state.failure = error
            }
            throw error
        }
        state.withLock { state in
            state.segments[number]?.writing -= 1
            state.segments[number]?.isDirty = true
            state.unlisted[number, default: []].append(record)
            state.written += 1
            guard old == nil || state.blocks[key] == old else { return }
            state.enter(record, in: number, deleted: deleted)
        }
        return true
    }

    private static func write(
        _ record: PlacedRecord, _ content: [UnsafeRawBufferPointer], _ table: [UInt8], to file: any BlockFile
    ) throws(BlockStoreError) {
        var failure: BlockStoreError?
        (record.header.bytes + table).withUnsafeBytes { head in
            do throws(BlockStoreError) { try file.write([head] + content, at: record.offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// The place for a record at the end of the last segment, or in a new one.
    private func allot(
        _ header: RecordHeader, _ state: inout StoreState
    ) throws(BlockStoreError) -> (UInt32, PlacedRecord, any BlockFile) {
        let last = state.segments.values.last
        if last.map({ $0.end > 0 && $0.end + header.footprint > options.segmentSize(of: state.capacity) }) ?? true {
            try begin((last?.number ?? 0) + 1, &state)
        }
        guard let segment = state.segments.values.last else { preconditionFailure("a segment was made") }
        state.segments[segment.number]?.end += header.footprint
        state.segments[segment.number]?.writing += 1
        return (segment.number, PlacedRecord(header: header, offset: segment.end), segment.file)
    }

    func begin(_ number: UInt32, _ state: inout StoreState) throws(BlockStoreError) {
        let file = try disk.open(Segment.name(number), isNew: true)
        try disk.synchronizeNames()
        state.segments[number] = Segment(number: number, file: file, end: 0)
    }
}
