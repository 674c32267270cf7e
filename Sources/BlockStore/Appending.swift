import Resources

// Records are written side by side: each gets its place under the lock, and is written without it.

extension BlockStore {
    static func header(
        _ kind: RecordHeader.Kind, _ key: BlockKey, _ length: Int, _ checksums: [UInt32], _ state: StoreState,
        epoch: UInt64 = 0
    ) -> RecordHeader {
        RecordHeader(
            kind: kind, key: key, epoch: max(epoch, state.epochs[key.volume] ?? 0), length: length,
            tableChecksum: Checksum.summary(checksums))
    }

    private static func table(_ checksums: [UInt32]) -> [UInt8] {
        var writer = BigEndianWriter()
        for checksum in checksums { writer.write(checksum) }
        return writer.bytes
    }

    /// What is told behind the blocks it is about. The owner's limit is not for it, and where the file system has no room it takes
    /// what was kept for it.
    ///
    /// - Parameters:
    ///   - epoch: to remember, where it is higher than what is known.
    ///   - admit: decides, in the same instant in which it gets its place, whether it is to be written.
    /// - Returns: whether it was.
    @discardableResult
    func appendNote(
        _ kind: RecordHeader.Kind, _ volume: VolumeID, _ content: [UInt8] = [], deleted: [BlockID] = [], epoch: UInt64 = 0,
        if admit: (StoreState) -> Bool = { _ in true }
    ) throws(BlockStoreError) -> Bool {
        var (isWritten, failure) = (false, BlockStoreError?.none)
        content.withUnsafeBytes { buffer in
            let key = BlockKey(volume: volume, block: BlockID(high: 0, low: 0))
            func append() throws(BlockStoreError) {
                isWritten = try self.append(kind, key, [buffer], Checksum.all(buffer), deleted: deleted, epoch: epoch) {
                    admit($0)
                }
            }
            let last = state.withLock { $0.segments.keys.last }
            do throws(BlockStoreError) {
                do throws(BlockStoreError) { try append() } catch {
                    guard case .full = error else { throw error }
                    // Others may have gone on to what was kept meanwhile.
                    try withState { state throws(BlockStoreError) in
                        if state.segments.keys.last == last { try begin(&state) }
                    }
                    try append()
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return isWritten
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
        deleted: [BlockID] = [], epoch: UInt64 = 0, movedFrom old: StoreState.Location? = nil,
        _ admit: (inout StoreState) throws(BlockStoreError) -> Bool
    ) throws(BlockStoreError) -> Bool {
        let place = try withState { state throws(BlockStoreError) -> (UInt32, PlacedRecord, any BlockFile)? in
            if let failure = state.failure { throw failure }
            guard try admit(&state) else { return nil }
            let header = Self.header(kind, key, content.reduce(0) { $0 + $1.count }, checksums, state, epoch: epoch)
            let place = try allot(header, &state)
            if kind == .block { state.expect(key) }
            return place
        }
        guard let (number, record, file) = place else { return false }
        do throws(BlockStoreError) {
            try Self.write(record, content, Self.table(checksums), to: file)
        } catch {
            state.withLock { state in
                state.segments[number]?.writing -= 1
                if kind == .block { state.settle(key) }
                if case .full = error { takeBack(record, in: number, &state) } else { state.failure = error }
            }
            throw error
        }
        state.withLock { state in
            state.segments[number]?.writing -= 1
            if kind == .block { state.settle(key) }
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
        if last.map({ $0.end > 0 && $0.end + header.footprint > options.segmentSize(in: state) }) ?? true {
            do throws(BlockStoreError) { try begin(&state) } catch {
                // A note goes where there may be room for it, also where there is enough already.
                guard case .full = error, header.kind != .block, last != nil else { throw error }
            }
        }
        // The last segment may be the one that was kept for notes: blocks do not get there before the next one is.
        if header.kind == .block { try keepNext(&state) }
        guard let segment = state.segments.values.last, let file = segment.file else { preconditionFailure("a segment was made") }
        state.segments[segment.number]?.end += header.footprint
        state.segments[segment.number]?.writing += 1
        return (segment.number, PlacedRecord(header: header, offset: segment.end), file)
    }

    /// What had no room on the file system leaves a gap, which is passed over, where something stands behind it already.
    private func takeBack(_ record: PlacedRecord, in number: UInt32, _ state: inout StoreState) {
        guard var segment = state.segments[number] else { return }
        segment.gaps[record.offset + record.header.footprint] = record.offset
        while let start = segment.gaps.removeValue(forKey: segment.end) { segment.end = start }
        state.segments[number] = segment
        // Part of it may have been written. Where no other segment is kept this gives up room of notes, too.
        guard segment.writing == 0, state.next != nil else { return }
        try? segment.file?.truncate(to: segment.end)
    }

    // MARK: Segments

    /// Has what is written next go into another segment.
    func begin(_ state: inout StoreState) throws(BlockStoreError) {
        let segment = if let next = state.next { next } else { try make(after: state.segments.keys.last) }
        (state.segments[segment.number], state.next) = (segment, nil)
    }

    /// Sees to it that the next segment is there, with room for notes, so that on a file system that is full blocks can be deleted.
    func keepNext(_ state: inout StoreState) throws(BlockStoreError) {
        guard state.next == nil else { return }
        let segment = try make(after: state.segments.keys.last)
        do throws(BlockStoreError) {
            try segment.file?.reserve(options.noteRoom(in: state))
        } catch {
            try disk.remove(Segment.name(segment.number))
            throw error
        }
        state.next = segment
    }

    private func make(after last: UInt32?) throws(BlockStoreError) -> Segment {
        let number = (last ?? 0) + 1
        let file = try disk.open(Segment.name(number), isNew: true)
        try disk.synchronizeNames()
        return Segment(number: number, file: file, end: 0)
    }
}
