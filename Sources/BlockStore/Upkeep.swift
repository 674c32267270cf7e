import Resources

// What a store does for itself while nobody waits for it.

extension BlockStore {
    /// Lists the segments that do not grow any more in files beside them, so that the store opens quickly.
    ///
    /// - Throws: ``BlockStoreError/disk(file:_:)``.
    package func index() throws(BlockStoreError) {
        try synchronize()
        let sealed = state.withLock { state in
            state.segments.pairs.dropLast().filter { !$1.hasIndex && $1.writing == 0 && !$1.isDirty }.map { number, _ in
                (number, state.unlisted[number] ?? [])
            }
        }
        guard !sealed.isEmpty else { return }
        for (number, records) in sealed { try SegmentIndex.write(records, of: number, on: disk) }
        try disk.synchronizeNames()
        state.withLock { state in
            for (number, _) in sealed {
                state.segments[number]?.hasIndex = true
                state.unlisted[number] = nil
            }
        }
    }

    /// Reads all blocks and holds them against their checksums.
    ///
    /// - Parameter pause: is told how many bytes were read, after each block, and goes at the pace that the disk's owner allows.
    /// - Returns: those that are damaged.
    package func scrub(pause: (Int) -> Void = { _ in }) throws(BlockStoreError) -> [BlockKey] {
        let places = state.withLock { state in state.blocks.map { ($1.segment, $1.offset, $0) } }
        var damaged: [BlockKey] = []
        for (_, _, key) in places.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
            do throws(BlockStoreError) {
                pause(try verify(key).content.count)
            } catch .corrupted {
                damaged.append(key)
            } catch .unknown {
                continue
            }
        }
        return damaged
    }

    // MARK: Winning room back

    /// Copies what is left of the segment that has least left to the end, and removes it. Those of which nothing is left are first:
    /// a file system that is full has room for that.
    ///
    /// - Parameter share: the least part of the segment, in percent, that has to be dead.
    /// - Returns: what was won back; `nil` when no segment has so much.
    /// - Throws: ``BlockStoreError/full(needed:free:)`` where the file system has no room for copies.
    package func compact(atLeast share: Int64 = 50) throws(BlockStoreError) -> Bytes? {
        try ifThereIsRoom(index)
        try ifThereIsRoom(keepNext)
        var failure: BlockStoreError?
        for (number, isEmpty) in state.withLock({ Self.emptiest($0, share) }) {
            do throws(BlockStoreError) {
                return try winBack(number)
            } catch {
                failure = error
                // What another segment's notes have no room for another may not need.
                guard case .full = error, isEmpty else { throw error }
            }
        }
        if let failure { throw failure }
        return nil
    }

    private func keepNext() throws(BlockStoreError) {
        try withState { state throws(BlockStoreError) in
            if !state.segments.isEmpty { try keepNext(&state) }
        }
    }

    private func winBack(_ number: UInt32) throws(BlockStoreError) -> Bytes? {
        let before = state.withLock { $0.size }
        for record in try records(of: number) {
            guard try move(record, from: number) else { return nil }
        }
        try synchronize()
        let isEmpty = state.withLock { $0.segments[number]?.live == 0 }
        // What is damaged stays until it was written anew: parts of it may be good.
        guard isEmpty else { return nil }
        try remove(number)
        return state.withLock { Bytes(before - $0.size) }
    }

    /// Removes a segment of which nothing is needed any more.
    func remove(_ number: UInt32) throws(BlockStoreError) {
        try disk.remove(Segment.indexName(number))
        try disk.remove(Segment.name(number))
        try disk.synchronizeNames()
        state.withLock { state in
            (state.segments[number], state.unlisted[number]) = (nil, nil)
            state.readFiles.close(number)
        }
        try ifThereIsRoom(keepNext)
    }

    /// Those that have so much that is dead: those first that have nothing else, then the one with most.
    private static func emptiest(_ state: StoreState, _ share: Int64) -> [(UInt32, isEmpty: Bool)] {
        let damaged = Set(state.damaged.compactMap { state.blocks[$0]?.segment })
        let first = state.segments.keys.first
        func dead(_ number: UInt32, _ segment: Segment) -> Int64 {
            // Deletions are needed as long as a segment before them may have what they delete.
            segment.end - segment.live - (number == first ? 0 : segment.notes)
        }
        let open = state.segments.pairs.dropLast().filter { number, segment in
            segment.writing == 0 && !damaged.contains(number) && dead(number, segment) * 100 >= segment.end * share
                && (dead(number, segment) > 0 || segment.end == 0)
        }
        let empty = open.filter { $1.live == 0 }.map { ($0.0, isEmpty: true) }
        return empty + (open.filter { $1.live > 0 }.max { dead($0.0, $0.1) < dead($1.0, $1.1) }.map { [($0.0, false)] } ?? [])
    }

    private func file(of number: UInt32) throws(BlockStoreError) -> any BlockFile {
        try withState { state throws(BlockStoreError) in try state.file(of: number, on: disk) }
    }

    private func records(of number: UInt32) throws(BlockStoreError) -> [PlacedRecord] {
        if let unlisted = state.withLock({ $0.unlisted[number] }) { return unlisted }
        let file = try file(of: number)
        let index = try disk.open(Segment.indexName(number), isNew: false)
        if let listed = try SegmentIndex.read(index, segmentSize: try file.size()) { return listed }
        return try Segment.scan(file)
    }

    /// Writes a record again at the end, if it still says something.
    ///
    /// - Returns: `false` when it has to wait for what is being written.
    private func move(_ record: PlacedRecord, from number: UInt32) throws(BlockStoreError) -> Bool {
        let (key, volume) = (record.header.key, record.header.key.volume)
        switch record.header.kind {
        case .block:
            let old = state.withLock { $0.location(of: record, in: number) }
            guard state.withLock({ $0.blocks[key] == old }) else { return true }
            do throws(BlockStoreError) {
                let (content, checksums) = try verify(key)
                try copy(key, content, checksums, from: old)
            } catch .corrupted {}
        case .deletion:
            guard state.withLock({ $0.segments.keys.first != number }) else { return true }
            for ids in try StoreState.deletions(record, try file(of: number)).portions(of: Self.mostNamed) {
                guard try noteAgain(ids, of: volume) else { return false }
            }
        case .epoch:
            if record.header.epoch == epoch(of: volume) { try appendNote(.epoch, volume) }
        }
        return true
    }

    /// Notes a deletion at the end, of those that were not written since: they are durable before what the note was about can be
    /// gone. Of one that is being written nobody knows that yet, and a note behind it would delete it.
    private func noteAgain(_ ids: [BlockID], of volume: VolumeID) throws(BlockStoreError) -> Bool {
        func key(_ id: BlockID) -> BlockKey { BlockKey(volume: volume, block: id) }
        while true {
            let gone = state.withLock { state in ids.filter { state.blocks[key($0)] == nil } }
            guard state.withLock({ state in gone.allSatisfy { state.arriving[key($0)] == nil } }) else { return false }
            if gone.isEmpty { return true }
            let isWritten = try note(deletion: gone, of: volume) { state in
                gone.allSatisfy { state.blocks[key($0)] == nil && state.arriving[key($0)] == nil }
            }
            if isWritten { return true }
        }
    }

    private func copy(
        _ key: BlockKey, _ content: [UInt8], _ checksums: [UInt32], from old: StoreState.Location
    ) throws(BlockStoreError) {
        var failure: BlockStoreError?
        content.withUnsafeBytes { buffer in
            do throws(BlockStoreError) {
                try append(.block, key, [buffer], checksums, movedFrom: old) { $0.blocks[key] == old }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
