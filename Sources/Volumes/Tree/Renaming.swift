import Resources

extension Volume {
    mutating func rename(_ rename: Rename, at time: FileTime) throws(PosixError) -> Reply {
        let source = try directory(rename.parent)
        let target = try directory(rename.newParent)
        let entry = try existing(rename.name, in: rename.parent)
        let replaced = state.entry(rename.newName, in: rename.newParent)
        try check(rename, entry, source, target, replaced)
        // Two entries of one inode: nothing is to be done, and nothing is (rename(2)).
        if let replaced, replaced.inode == entry.inode {
            return .renamed(moved: try existing(entry.inode), replaced: nil)
        }
        if rename.mode == .exchange, let replaced { return try exchange(rename, entry, replaced, at: time) }
        return try move(rename, entry, replaced, at: time)
    }

    private func check(
        _ rename: Rename, _ entry: DirectoryEntry, _ source: Inode, _ target: Inode, _ replaced: DirectoryEntry?
    ) throws(PosixError) {
        if entry.kind == .directory { try checkLoop(entry.inode, into: target) }
        switch (rename.mode, replaced) {
        case (.exchange, nil): throw .noEntry
        case (.noReplace, .some): throw .exists
        case (.exchange, let replaced?):
            if replaced.kind == .directory { try checkLoop(replaced.inode, into: source) }
        case (.replace, let replaced?) where replaced.inode != entry.inode:
            guard entry.kind == .directory || replaced.kind != .directory else { throw .isDirectory }
            guard entry.kind != .directory || replaced.kind == .directory else { throw .notDirectory }
            guard replaced.kind != .directory || state.entries(in: replaced.inode, after: nil, limit: 1).isEmpty else {
                throw .notEmpty
            }
        default: break
        }
        let gains = entry.kind == .directory && source.number != target.number && replaced?.kind != .directory
        guard !gains || target.links < Self.mostLinks else { throw .tooManyLinks }
    }

    /// A directory cannot come to lie in itself.
    private func checkLoop(_ moved: InodeNumber, into target: Inode) throws(PosixError) {
        var place = target
        while place.number != moved {
            if place.number == .root { return }
            place = try existing(place.parent)
        }
        throw .invalid
    }

    private mutating func move(
        _ rename: Rename, _ entry: DirectoryEntry, _ replaced: DirectoryEntry?, at time: FileTime
    ) throws(PosixError) -> Reply {
        var last: Inode?
        if let replaced { last = unlinked(try existing(replaced.inode), isOpen: rename.isOpen, at: time) }
        state.removeEntry(rename.name, in: rename.parent)
        state.put(DirectoryEntry(name: rename.newName, inode: entry.inode, kind: entry.kind), in: rename.newParent)
        let isDirectory = entry.kind == .directory
        let lost: Int32 = replaced?.kind == .directory ? 1 : 0
        if rename.parent == rename.newParent {
            touch(try existing(rename.parent), at: time, links: -lost)
        } else {
            touch(try existing(rename.parent), at: time, links: isDirectory ? -1 : 0)
            touch(try existing(rename.newParent), at: time, links: (isDirectory ? 1 : 0) - lost)
        }
        try reparent(entry.inode, to: rename.newParent, at: time)
        return .renamed(moved: try existing(entry.inode), replaced: last)
    }

    private mutating func exchange(
        _ rename: Rename, _ entry: DirectoryEntry, _ other: DirectoryEntry, at time: FileTime
    ) throws(PosixError) -> Reply {
        state.put(DirectoryEntry(name: rename.name, inode: other.inode, kind: other.kind), in: rename.parent)
        state.put(DirectoryEntry(name: rename.newName, inode: entry.inode, kind: entry.kind), in: rename.newParent)
        let gained: Int32 = (other.kind == .directory ? 1 : 0) - (entry.kind == .directory ? 1 : 0)
        if rename.parent == rename.newParent {
            touch(try existing(rename.parent), at: time)
        } else {
            touch(try existing(rename.parent), at: time, links: gained)
            touch(try existing(rename.newParent), at: time, links: -gained)
        }
        try reparent(entry.inode, to: rename.newParent, at: time)
        try reparent(other.inode, to: rename.parent, at: time)
        return .renamed(moved: try existing(entry.inode), replaced: try existing(other.inode))
    }

    private mutating func reparent(_ number: InodeNumber, to parent: InodeNumber, at time: FileTime) throws(PosixError) {
        state.change(try existing(number), at: time) { $0.parent = parent }
    }
}
