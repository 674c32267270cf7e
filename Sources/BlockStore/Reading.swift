import Resources

extension BlockStore {
    /// The length of a block; `nil` when there is none.
    package func length(of key: BlockKey) -> Int? { state.withLock { $0.blocks[key]?.length } }

    /// The blocks of a volume, in order.
    package func blocks(of volume: VolumeID) -> [BlockID] {
        // There may be many: others need not wait while they are sorted.
        state.withLock { state in state.blocks.keys.filter { $0.volume == volume }.map(\.block) }.sorted()
    }

    private func find(_ key: BlockKey) throws(BlockStoreError) -> (StoreState.Location, any BlockFile) {
        try withState { state throws(BlockStoreError) in
            guard let location = state.blocks[key] else { throw .unknown(key) }
            return (location, try state.file(of: location.segment, on: disk))
        }
    }

    /// Reads part of a block.
    ///
    /// The units that are read whole are held against their checksums. What covers a unit in part is not: whoever encrypted the
    /// block can tell, and ``verify(_:)`` looks at all of it.
    ///
    /// - Parameters:
    ///   - offset: where to begin, in bytes.
    ///   - buffer: is filled.
    /// - Throws: ``BlockStoreError/unknown(_:)``, ``BlockStoreError/outOfRange(_:length:)``,
    ///   ``BlockStoreError/corrupted(_:offset:)``.
    package func read(
        _ key: BlockKey, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(BlockStoreError) {
        let (location, file) = try find(key)
        guard offset >= 0, buffer.count <= location.length - offset else { throw .outOfRange(key, length: location.length) }
        let count = try file.read(into: buffer, at: location.content + Int64(offset))
        guard count == buffer.count else { throw damaged(key, location, at: offset + count) }
        let first = Checksum.count(offset)
        let isToTheEnd = offset + buffer.count == location.length
        let last = isToTheEnd ? Checksum.count(location.length) : (offset + buffer.count) / Checksum.unit
        guard first < last else { return }
        let table = try file.read(4 * (last - first), at: location.offset + Int64(RecordHeader.size + 4 * first))
        for (unit, expected) in zip(first..<last, table.withUnsafeBytes(Segment.checksums)) {
            let start = unit * Checksum.unit - offset
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + Checksum.unit, buffer.count)])
            guard Checksum.crc32c(bytes) == expected else { throw damaged(key, location, at: unit * Checksum.unit) }
        }
    }

    /// Reads a whole block and holds it against its checksums, and those against their own.
    ///
    /// - Throws: as ``read(_:at:into:)``.
    @discardableResult
    package func verify(_ key: BlockKey) throws(BlockStoreError) -> (content: [UInt8], checksums: [UInt32]) {
        let (location, file) = try find(key)
        let size = 4 * Checksum.count(location.length)
        let table = try file.read(size, at: location.offset + Int64(RecordHeader.size))
        guard table.count == size, table.withUnsafeBytes(Checksum.crc32c) == location.tableChecksum else {
            throw damaged(key, location, at: 0)
        }
        let checksums = table.withUnsafeBytes(Segment.checksums)
        let content = try file.read(location.length, at: location.content)
        let found = content.withUnsafeBytes(Checksum.all)
        guard content.count == location.length, found == checksums else {
            let unit = zip(found, checksums).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
            throw damaged(key, location, at: unit * Checksum.unit)
        }
        return (content, checksums)
    }

    /// Reads a whole block and holds it against what others know of it.
    ///
    /// - Parameters:
    ///   - summary: the checksum of its checksums (``Checksum/summary(_:)``).
    ///   - isBinding: whether a block with another one is damaged, so that it can be written anew. What it has may be whole, and
    ///     another block's.
    /// - Throws: as ``read(_:at:into:)``.
    package func verify(_ key: BlockKey, summary: UInt32, isBinding: Bool) throws(BlockStoreError) {
        let (location, _) = try find(key)
        try verify(key)
        guard location.tableChecksum != summary else { return }
        throw isBinding ? damaged(key, location, at: 0) : .corrupted(key, offset: 0)
    }

    /// Notes that a block has to come from another replica, unless it was written anew meanwhile.
    private func damaged(_ key: BlockKey, _ location: StoreState.Location, at offset: Int) -> BlockStoreError {
        state.withLock { state in
            if state.blocks[key] == location { state.damaged.insert(key) }
        }
        return .corrupted(key, offset: offset)
    }

    /// Known to be damaged and not written anew yet, in order.
    package var damagedBlocks: [BlockKey] { state.withLock { $0.damaged.sorted() } }
}
