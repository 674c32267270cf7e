import Resources

// How the disk's owner gets room back that was lent.

extension BlockStore {
    /// Deletes blocks, whoever needs them, until what is left takes no more than this: those first that were written first, for their
    /// segments are empty then. It is durable. Segments of which nothing is left are gone, for which a file system that is full has
    /// room; ``compact(atLeast:)`` frees what the others took.
    ///
    /// - Returns: how many.
    package func evict(downTo size: Bytes) throws(BlockStoreError) -> Int {
        let chosen = state.withLock { Self.oldest($0, beyond: size) }
        guard !chosen.isEmpty else { return 0 }
        if chosen.count == state.withLock({ $0.blocks.count }) { try ifThereIsRoom(beginSegment) }
        let keys = Dictionary(grouping: chosen, by: \.place.segment)
        let whole = state.withLock { Self.whole($0, keys.mapValues { $0.reduce(0) { $0 + $1.place.footprint } }) }
        if !whole.isEmpty { try rememberEpochs() }
        for number in whole {
            state.withLock { state in
                for (key, place) in keys[number] ?? [] where state.blocks[key] == place { state.forget(key) }
            }
            try remove(number)
        }
        let left = chosen.filter { !whole.contains($0.place.segment) }.map(\.key)
        for (volume, keys) in Dictionary(grouping: left, by: \.volume) {
            for portion in keys.map(\.block).portions(of: Self.mostNamed) { try note(deletion: portion, of: volume) }
        }
        try synchronize()
        return chosen.count
    }

    private static func oldest(_ state: StoreState, beyond size: Bytes) -> [(key: BlockKey, place: StoreState.Location)] {
        var live = state.segments.values.reduce(0) { $0 + $1.live }
        let blocks = state.blocks.sorted { ($0.value.segment, $0.value.offset) < ($1.value.segment, $1.value.offset) }
        return blocks.prefix { _, place in
            defer { live -= place.footprint }
            return live > size.rawValue
        }.map { ($0.key, $0.value) }
    }

    /// Those segments at the beginning of which nothing else is left. What they tell of deletions is about themselves.
    private static func whole(_ state: StoreState, _ chosen: [UInt32: Int64]) -> [UInt32] {
        state.segments.pairs.dropLast().prefix { $1.writing == 0 && $1.live == chosen[$0] ?? 0 }.map(\.0)
    }

    /// Says in the last segment, durably, at which epochs volumes are.
    private func rememberEpochs() throws(BlockStoreError) {
        let untold = state.withLock { state in
            let told = state.segments.values.last?.epochs ?? [:]
            return state.epochs.filter { volume, epoch in epoch > told[volume] ?? 0 }
        }
        for volume in untold.keys.sorted() { try appendNote(.epoch, volume) }
        try synchronize()
    }

    /// Has what is written next go into another segment, so that ``compact(atLeast:)`` can free what the last one has.
    package func beginSegment() throws(BlockStoreError) {
        try withState { state throws(BlockStoreError) in
            if let failure = state.failure { throw failure }
            guard let last = state.segments.values.last, last.end > 0 else { return }
            try begin(&state)
        }
    }

    /// Deletes all files. Nothing is there any more, and nothing is taken.
    ///
    /// Where the machine dies meanwhile some of them may be left, and ids that were deleted may be there again when they are opened:
    /// whoever removes a store remembers that it wants to.
    package func remove() throws(BlockStoreError) {
        state.withLock { state in
            state.failure = .removed
            (state.segments, state.next, state.unlisted, state.blocks, state.damaged) = (SortedMap(), nil, [:], [:], [])
            (state.granted, state.readFiles) = (0, ReadFiles())
        }
        try Self.removeFiles(on: disk)
    }

    /// Deletes all files of a store that is not open.
    package static func removeFiles(on disk: any BlockDisk) throws(BlockStoreError) {
        for name in try disk.names() where name.hasPrefix(Segment.prefix) { try disk.remove(name) }
        try disk.synchronizeNames()
    }
}
