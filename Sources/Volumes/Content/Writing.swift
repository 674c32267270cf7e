import Resources

extension Volume {
    mutating func write(
        _ files: [FileWrite], _ blocks: [NewBlock], _ promise: Promise, at time: FileTime
    ) throws(PosixError) -> Reply {
        let fresh = try checked(blocks)
        for file in files { try check(file, fresh) }
        // A file may have been removed while this was under way: what the others have is kept.
        let present = files.filter { state.inode($0.inode) != nil }
        try claim(growth(of: present), promise)
        for block in blocks {
            state.put(Block(id: block.id, length: block.length, checksum: block.checksum, replicas: block.replicas))
        }
        return .inodes(present.compactMap { put($0, at: time) })
    }

    private func checked(_ blocks: [NewBlock]) throws(PosixError) -> [BlockID: UInt32] {
        var lengths: [BlockID: UInt32] = [:]
        for block in blocks {
            guard (1...Block.largest).contains(block.length), !block.replicas.isEmpty, block.replicas.isStrictlyAscending,
                state.block(block.id) == nil, lengths.updateValue(block.length, forKey: block.id) == nil
            else { throw .invalid }
            // It may have been taken for one that nobody needs any more.
            guard block.id.generation >= state.header.oldestGeneration else { throw .canceled }
        }
        return lengths
    }

    private func check(_ file: FileWrite, _ fresh: [BlockID: UInt32]) throws(PosixError) {
        if let inode = state.inode(file.inode), inode.kind != .regular { throw .invalid }
        var place: UInt64 = 0
        for extent in file.extents {
            guard extent.length > 0, extent.offset >= place else { throw .invalid }
            guard extent.length <= Self.largestFile, extent.offset <= Self.largestFile - extent.length else {
                throw .fileTooLarge
            }
            place = extent.end
            guard case .block(let id, let start) = extent.source else { continue }
            guard let length = fresh[id] ?? state.block(id).flatMap({ $0.live > 0 ? $0.length : nil }),
                UInt64(start) + extent.length <= UInt64(length)
            else {
                throw .invalid
            }
        }
    }

    /// Bytes that a write adds to what is stored: what it replaces is not counted again.
    private func growth(of files: [FileWrite]) -> UInt64 {
        var growth: UInt64 = 0
        for file in files {
            for extent in file.extents {
                growth += holes(of: file.inode, in: extent.range).reduce(0) { $0 + UInt64($1.count) }
            }
        }
        return growth
    }

    private mutating func put(_ write: FileWrite, at time: FileTime) -> Inode? {
        for extent in write.extents {
            clear(extent.range, of: write.inode)
            insert(extent, into: write.inode)
        }
        guard let inode = state.inode(write.inode) else { return nil }
        if write.modified != nil { dropCapabilities(of: write.inode) }
        // It may have been written some time ago; but never later than now, and nothing is changed before it was changed last.
        let modified = write.modified.map { min($0.time(now: time), time) }
        state.change(inode, at: max(inode.changed, modified ?? time)) { inode in
            inode.size = max(inode.size, write.extents.last?.end ?? 0)
            inode.modified = modified ?? inode.modified
            if write.dropsPrivileges { inode.dropPrivileges() }
        }
        return state.inode(write.inode)
    }

    mutating func allocate(
        _ number: InodeNumber, _ range: Range<UInt64>, keepsSize: Bool, zeroes: Bool, at time: FileTime
    ) throws(PosixError) -> Reply {
        let inode = try regular(number, range)
        var holes = holes(of: number, in: range)
        try claim(holes.reduce(0) { $0 + UInt64($1.count) }, Promise())
        if zeroes {
            clear(range, of: number)
            holes = [range]
        }
        for hole in holes {
            insert(Extent(offset: hole.lowerBound, length: UInt64(hole.count), source: .zeros), into: number)
        }
        state.change(state.inode(number) ?? inode, at: time) { inode in
            inode.modified = time
            if !keepsSize { inode.size = max(inode.size, range.upperBound) }
        }
        return .inode(try existing(number))
    }

    mutating func punch(_ number: InodeNumber, _ range: Range<UInt64>, at time: FileTime) throws(PosixError) -> Reply {
        let inode = try regular(number, range)
        clear(range, of: number)
        state.change(state.inode(number) ?? inode, at: time) { $0.modified = time }
        return .inode(try existing(number))
    }

    private func regular(_ number: InodeNumber, _ range: Range<UInt64>) throws(PosixError) -> Inode {
        let inode = try existing(number)
        guard inode.kind == .regular else { throw .noSuchDevice }
        guard !range.isEmpty else { throw .invalid }
        guard range.upperBound <= Self.largestFile else { throw .fileTooLarge }
        return inode
    }
}

extension Collection where Element: Comparable {
    var isStrictlyAscending: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}
