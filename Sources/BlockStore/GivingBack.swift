import Resources

// How the disk's owner gets room back that was lent.

extension BlockStore {
    /// Deletes blocks, whoever needs them, until what is left takes no more than this: those first that were written first, for their
    /// segments are empty then. It is durable, and ``compact(atLeast:)`` frees what they took.
    ///
    /// - Returns: how many.
    package func evict(downTo size: Bytes) throws(BlockStoreError) -> Int {
        let chosen = state.withLock { state -> [BlockKey] in
            var live = state.segments.values.reduce(0) { $0 + $1.live }
            var chosen: [BlockKey] = []
            let blocks = state.blocks.sorted { ($0.value.segment, $0.value.offset) < ($1.value.segment, $1.value.offset) }
            for (key, place) in blocks where live > size.rawValue {
                live -= place.footprint
                chosen.append(key)
            }
            return chosen
        }
        for (volume, keys) in Dictionary(grouping: chosen, by: \.volume) {
            for portion in keys.map(\.block).portions(of: Self.mostNamed) { try note(deletion: portion, of: volume) }
        }
        if !chosen.isEmpty { try synchronize() }
        return chosen.count
    }

    /// Has what is written next go into another segment, so that ``compact(atLeast:)`` can free what the last one has.
    package func beginSegment() throws(BlockStoreError) {
        try withState { state throws(BlockStoreError) in
            if let failure = state.failure { throw failure }
            guard let last = state.segments.values.last, last.end > 0 else { return }
            try begin(last.number + 1, &state)
        }
    }

    /// Deletes all files. Nothing is there any more, and nothing is taken.
    ///
    /// Where the machine dies meanwhile some of them may be left, and ids that were deleted may be there again when they are opened:
    /// whoever removes a store remembers that it wants to.
    package func remove() throws(BlockStoreError) {
        state.withLock { state in
            state.failure = .removed
            (state.segments, state.unlisted, state.blocks, state.damaged) = (SortedMap(), [:], [:], [])
            state.granted = 0
        }
        try Self.removeFiles(on: disk)
    }

    /// Deletes all files of a store that is not open.
    package static func removeFiles(on disk: any BlockDisk) throws(BlockStoreError) {
        for name in try disk.names() where name.hasPrefix(Segment.prefix) { try disk.remove(name) }
        try disk.synchronizeNames()
    }
}
