internal import BlockStore
internal import Frames
internal import NIOCore
internal import Resources
internal import Volumes

/// One request, which its caller may make, carried out on the store. Blocks.
struct Work {
    let store: BlockStore
    let grants: GrantBook
    let node: NodeID
    let volume: VolumeID
    /// Whether the caller is who decides about the volume.
    let isAdministrator: Bool
    var isLeaving = false
    var copyRate: Bytes?
    /// What the file system has for what is granted; `nil` is enough.
    var roomOnDisk: Bytes?

    /// - Parameter body: in pieces.
    func reply(to request: BlockRequest, _ body: [ByteBuffer]) -> FrameMessage {
        do throws(BlockStoreError) { return try answer(request, body) } catch {
            return FrameMessage(.failed(BlockFault(error, of: volume)))
        }
    }

    private func answer(_ request: BlockRequest, _ body: [ByteBuffer]) throws(BlockStoreError) -> FrameMessage {
        switch request {
        case .put(let puts, let isDurable): return try put(puts, body, isDurable)
        case .synchronize: try store.synchronize()
        case .read(let block, let offset, let length): return try read(block, offset, length)
        case .readWhole(let block): return try readWhole(block)
        case .delete(let blocks, let epoch):
            try store.delete(blocks, of: volume, epoch: epoch)
            try store.synchronize()
        case .raise(let epoch):
            try store.raise(epoch, of: volume)
            try store.synchronize()
        case .grant(let bytes):
            if let roomOnDisk, bytes > roomOnDisk { throw .full(needed: bytes, free: max(.zero, roomOnDisk)) }
            try store.grant(bytes)
            grants.add(bytes, to: node, volume)
        case .release(let bytes): store.release(grants.takeUp(to: bytes, from: node, volume))
        case .releaseAll(let node): store.release(grants.takeAll(from: node, volume))
        case .list(let start, let limit): return list(behind: start, limit)
        case .verify(let block, let checksum):
            try store.verify(key(block), summary: checksum, isBinding: isAdministrator)
        case .usage: return FrameMessage(.usage(usage))
        // Only who lends to several volumes has leases to tell them apart by.
        case .bind, .admit, .drop: return FrameMessage(.failed(.notLent(volume)))
        }
        return FrameMessage(.done)
    }

    private func key(_ block: BlockID) -> BlockKey { BlockKey(volume: volume, block: block) }

    // MARK: Storing

    /// Stores each block for itself: what is wrong with one does not hold up the others. A disk that fails does.
    private func put(_ puts: [BlockPut], _ body: [ByteBuffer], _ isDurable: Bool) throws(BlockStoreError) -> FrameMessage {
        let (size, found) = (puts.reduce(0) { $0 + $1.length }, body.byteCount)
        if size != found, let first = puts.first {
            throw .malformed(key(first.block), "\(found) bytes came for blocks of \(size)")
        }
        var (failures, rest) = ([UInt16: BlockFault](), body)
        for (place, put) in puts.enumerated() {
            let content = rest.removeFirst(bytes: put.length)
            do throws(BlockStoreError) {
                try store(put, content)
            } catch {
                switch error {
                case .disk, .foreign, .removed: throw error
                default: failures[UInt16(place)] = BlockFault(error, of: volume)
                }
            }
        }
        if isDurable { try store.synchronize() }
        return FrameMessage(.stored(failures: failures))
    }

    private func store(_ put: BlockPut, _ content: [ByteBuffer]) throws(BlockStoreError) {
        let footprint = BlockStore.footprint(put.length)
        let isGranted = put.isGranted && grants.take(footprint, from: node, volume)
        var isUsed = false
        // What was granted stays so when the block was there already, or is not taken.
        defer { if isGranted, !isUsed { grants.add(footprint, to: node, volume) } }
        isUsed = try content[...].withBytes { bytes throws(BlockStoreError) in
            try store.insert(key(put.block), bytes, checksums: put.checksums, isGranted: isGranted)
        }
    }

    // MARK: Reading

    private func read(_ block: BlockID, _ offset: Int, _ length: Int) throws(BlockStoreError) -> FrameMessage {
        let key = key(block)
        // Before memory is taken for it.
        guard let size = store.length(of: key) else { throw .unknown(key) }
        guard length <= size - offset else { throw .outOfRange(key, length: size) }
        return FrameMessage(.content, try content(key, offset, length))
    }

    /// The checksums are those of what was read, which was held against those stored with it.
    private func readWhole(_ block: BlockID) throws(BlockStoreError) -> FrameMessage {
        let key = key(block)
        guard let size = store.length(of: key) else { throw .unknown(key) }
        let content = try content(key, 0, size)
        return FrameMessage(.whole(checksums: content.withUnsafeReadableBytes(Checksum.all)), content)
    }

    private func content(_ key: BlockKey, _ offset: Int, _ length: Int) throws(BlockStoreError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: length)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { bytes throws(BlockStoreError) in
            try store.read(key, at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<length]))
            return length
        }
        return buffer
    }

    // MARK: Looking

    private func list(behind start: BlockID?, _ limit: Int) -> FrameMessage {
        let blocks = store.blocks(of: volume).drop { block in start.map { block <= $0 } ?? false }
        let entries = blocks.prefix(limit).compactMap { block in
            store.length(of: key(block)).map { BlockEntry(block, length: $0) }
        }
        return FrameMessage(.blocks(entries, areLast: blocks.count <= limit))
    }

    private var usage: BlockUsage {
        let usage = store.usage
        return BlockUsage(
            capacity: usage.capacity, live: usage.live, dead: usage.dead, granted: usage.granted,
            grantedToCaller: grants.held(by: node, volume), free: min(usage.free, max(.zero, roomOnDisk ?? usage.free)),
            epoch: store.epoch(of: volume), isLeaving: isLeaving,
            copyRate: copyRate)
    }
}

extension ArraySlice<ByteBuffer> {
    fileprivate func withBytes<Value>(
        behind before: [UnsafeRawBufferPointer] = [],
        _ body: ([UnsafeRawBufferPointer]) throws(BlockStoreError) -> Value
    ) throws(BlockStoreError) -> Value {
        guard let first else { return try body(before) }
        let result = first.withUnsafeReadableBytes { bytes -> Result<Value, BlockStoreError> in
            do throws(BlockStoreError) { return .success(try dropFirst().withBytes(behind: before + [bytes], body)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
