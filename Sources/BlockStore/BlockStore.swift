import Resources
import Synchronization

/// Blocks of volumes on one lender's disk.
///
/// Blocks never change and are appended to segment files, with their checksums; what is deleted is noted behind them, and its room
/// won back by copying what is left of a segment elsewhere. Where each block stands is kept in memory and found in the segments
/// again (a log-structured store with its index in memory, as J. Sheehy and D. Smith, "Bitcask", 2010).
///
/// All calls block and may come from many threads. What was written is durable after ``synchronize()``, and only then may it be
/// acknowledged. After a failed write or synchronization nothing is written until the store is opened anew, for what the disk
/// then has is unknown.
package final class BlockStore: Sendable {
    package struct Options: Sendable {
        /// The most that its files take, in bytes, until ``BlockStore/resize(to:)`` says otherwise. A segment's worth of it is kept
        /// for winning room back.
        package var capacity: Bytes
        /// At which size of a segment the next one begins; earlier in a small store.
        package var segmentSize: Bytes

        package init(capacity: Bytes, segmentSize: Bytes = .mebibytes(256)) {
            self.capacity = capacity
            self.segmentSize = segmentSize
        }

        /// So small no store makes its segments because it is small.
        private static let smallest = Bytes.kibibytes(64)

        /// An eighth of the capacity at most.
        func segmentSize(of capacity: Bytes) -> Int64 {
            min(segmentSize, max(Self.smallest, Bytes(capacity.rawValue / 8))).rawValue
        }

        /// The same of a store that may have more than its capacity: what is given back is not cut into small pieces meanwhile.
        func segmentSize(in state: StoreState) -> Int64 { segmentSize(of: max(state.capacity, Bytes(state.size))) }

        /// What is kept on the file system for notes, so that blocks can be deleted when it is full: some thousands of them. It comes
        /// out of what is kept for winning room back.
        func noteRoom(in state: StoreState) -> Int64 { min(1 << 20, segmentSize(in: state)) }
    }

    let disk: any BlockDisk
    let options: Options
    let state = Mutex(StoreState())
    private let synchronizing = Mutex(())

    /// Opens the store in a directory, or makes one in an empty directory.
    ///
    /// - Throws: ``BlockStoreError/disk(file:_:)``.
    package init(on disk: any BlockDisk, _ options: Options) throws(BlockStoreError) {
        self.disk = disk
        self.options = options
        var found = try StoreState(on: disk)
        found.capacity = options.capacity
        try found.keepAgain(options.noteRoom(in: found))
        state.withLock { [found] in $0 = found }
    }

    // MARK: Room

    /// How the room is used, in bytes of files.
    package struct Usage: Hashable, Sendable {
        package let capacity: Bytes
        /// Of blocks that are there.
        package let live: Bytes
        /// Of what was deleted or moved and is not won back yet.
        package let dead: Bytes
        package let granted: Bytes
        /// For new blocks; nothing where the disk has failed.
        package let free: Bytes
    }

    package var usage: Usage {
        state.withLock { state in
            let live = state.segments.values.reduce(0) { $0 + $1.live }
            return Usage(
                capacity: state.capacity, live: Bytes(live), dead: Bytes(state.size - live), granted: Bytes(state.granted),
                free: Bytes(state.failure == nil ? max(0, room(state) - state.granted) : 0))
        }
    }

    /// What new blocks may take, that was granted included; less than nothing when more is used than there is capacity.
    private func room(_ state: StoreState) -> Int64 {
        state.capacity.rawValue - options.segmentSize(of: state.capacity) - state.size
    }

    /// Changes the capacity. What is there stays when it is more than that, and nothing new is taken until it is less, also where
    /// room was granted.
    package func resize(to capacity: Bytes) { state.withLock { $0.capacity = capacity } }

    /// What a block of so many bytes takes.
    package static func footprint(_ length: Int) -> Bytes { Bytes(RecordHeader.footprint(length)) }

    /// Promises room to a writer, so that it learns when it writes that there is none, and not when it synchronizes.
    ///
    /// - Throws: ``BlockStoreError/full(needed:free:)``.
    package func grant(_ bytes: Bytes) throws(BlockStoreError) {
        try withState { state throws(BlockStoreError) in
            let free = max(0, room(state) - state.granted)
            guard bytes.rawValue <= free else { throw .full(needed: bytes, free: Bytes(free)) }
            state.granted += bytes.rawValue
        }
    }

    /// Takes back what was granted and not used.
    package func release(_ bytes: Bytes) {
        state.withLock { $0.granted = max(0, $0.granted - bytes.rawValue) }
    }

    func withState<Value: Sendable>(
        _ body: (inout StoreState) throws(BlockStoreError) -> Value
    ) throws(BlockStoreError) -> Value {
        let result = state.withLock { state -> Result<Value, BlockStoreError> in
            do throws(BlockStoreError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    // MARK: Blocks

    /// Writes a block; ``synchronize()`` makes it durable. One that is there already is left as it is; one that is damaged is
    /// written anew.
    ///
    /// - Parameters:
    ///   - checksums: one for each ``Checksum/unit``, as whoever made the block has them.
    ///   - isGranted: whether its ``footprint(_:)`` comes out of what was granted.
    /// - Throws: ``BlockStoreError/malformed(_:_:)``, ``BlockStoreError/conflict(_:)``, ``BlockStoreError/full(needed:free:)``.
    package func put(
        _ key: BlockKey, _ content: UnsafeRawBufferPointer, checksums: [UInt32], isGranted: Bool = false
    ) throws(BlockStoreError) {
        _ = try insert(key, [content], checksums: checksums, isGranted: isGranted)
    }

    /// As ``put(_:_:checksums:isGranted:)``.
    ///
    /// - Parameter content: in pieces, none of which has to be copied.
    /// - Returns: whether it was written; not when it was there already, and nothing of what was granted is used then.
    package func insert(
        _ key: BlockKey, _ content: [UnsafeRawBufferPointer], checksums: [UInt32], isGranted: Bool
    ) throws(BlockStoreError) -> Bool {
        let length = content.reduce(0) { $0 + $1.count }
        guard (1...BlockKey.largest).contains(length) else {
            throw .malformed(key, "it has \(length) bytes; a block has 1 to \(BlockKey.largest)")
        }
        guard Checksum.all(content) == checksums else { throw .malformed(key, "its checksums are those of other content") }
        return try append(.block, key, content, checksums) { state throws(BlockStoreError) in
            let head = Self.header(.block, key, length, checksums, state)
            if let known = state.blocks[key], !state.damaged.contains(key) {
                guard known.length == length, known.tableChecksum == head.tableChecksum else { throw .conflict(key) }
                return false
            }
            // What was granted finds its room also while what is copied to win room back is there twice.
            let free = isGranted ? state.capacity.rawValue - state.size : room(state) - state.granted
            let needed = head.footprint
            guard needed <= free else { throw .full(needed: Bytes(needed), free: Bytes(max(0, free))) }
            if isGranted { state.granted = max(0, state.granted - needed) }
            return true
        }
    }

    /// Deletes blocks of a volume; ids that are not there are passed over.
    ///
    /// - Parameter epoch: of the volume, as whoever asks knows it; a higher one than before is remembered.
    /// - Throws: ``BlockStoreError/deposed(_:epoch:current:)``.
    package func delete(_ ids: [BlockID], of volume: VolumeID, epoch: UInt64) throws(BlockStoreError) {
        try raise(epoch, of: volume)
        for portion in ids.portions(of: Self.mostNamed) {
            let there = state.withLock { state in portion.filter { state.blocks[BlockKey(volume: volume, block: $0)] != nil } }
            if !there.isEmpty { try note(deletion: there, of: volume) }
        }
    }

    /// How many ids one note has at most: few enough that what is kept for notes is enough for some.
    static let mostNamed = 1024

    /// As ``appendNote(_:_:_:deleted:epoch:if:)``.
    @discardableResult
    func note(
        deletion ids: [BlockID], of volume: VolumeID, if admit: (StoreState) -> Bool = { _ in true }
    ) throws(BlockStoreError) -> Bool {
        var writer = BigEndianWriter()
        for id in ids {
            writer.write(id.high)
            writer.write(id.low)
        }
        return try appendNote(.deletion, volume, writer.bytes, deleted: ids, if: admit)
    }

    /// Remembers that a volume is at an epoch.
    ///
    /// - Throws: ``BlockStoreError/deposed(_:epoch:current:)`` when it is at a later one.
    package func raise(_ epoch: UInt64, of volume: VolumeID) throws(BlockStoreError) {
        let current = state.withLock { $0.epochs[volume] ?? 0 }
        guard epoch >= current else { throw .deposed(volume, epoch: epoch, current: current) }
        guard epoch > current else { return }
        try appendNote(.epoch, volume, epoch: epoch)
    }

    package func epoch(of volume: VolumeID) -> UInt64 { state.withLock { $0.epochs[volume] ?? 0 } }

    // MARK: Durability

    /// Makes all that was written before the call durable. Callers that wait at the same time share one synchronization.
    package func synchronize() throws(BlockStoreError) {
        let ticket = try withState { state throws(BlockStoreError) in
            if let failure = state.failure { throw failure }
            return state.written
        }
        let result = synchronizing.withLock { _ -> Result<Void, BlockStoreError> in
            do throws(BlockStoreError) {
                try synchronize(upTo: ticket)
                return .success(())
            } catch {
                state.withLock { $0.failure = error }
                return .failure(error)
            }
        }
        try result.get()
    }

    private func synchronize(upTo ticket: UInt64) throws(BlockStoreError) {
        let work = try withState { state throws(BlockStoreError) -> (UInt64, [any BlockFile])? in
            if let failure = state.failure { throw failure }
            guard state.durable < ticket else { return nil }
            var files: [any BlockFile] = []
            for (number, segment) in state.segments.pairs where segment.isDirty {
                if let file = segment.file { files.append(file) }
                state.segments[number]?.isDirty = false
            }
            return (state.written, files)
        }
        guard let (written, files) = work else { return }
        for file in files { try file.synchronize() }
        state.withLock { state in
            state.durable = max(state.durable, written)
            state.closeSealed()
        }
    }
}

/// Does what can as well be done later, when the file system has room.
func ifThereIsRoom(_ body: () throws(BlockStoreError) -> Void) throws(BlockStoreError) {
    do throws(BlockStoreError) { try body() } catch {
        guard case .full = error else { throw error }
    }
}

extension Array {
    /// In pieces of so many, and the rest.
    func portions(of count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}
