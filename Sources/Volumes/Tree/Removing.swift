import Resources

extension Volume {
    /// A file with more extents than this is removed in steps.
    private static var discardStep: Int { 256 }

    mutating func unlink(
        _ parent: InodeNumber, _ name: FileName, _ isOpen: Bool, at time: FileTime
    ) throws(PosixError) -> Reply {
        let (directory, entry) = (try directory(parent), try existing(name, in: parent))
        guard entry.kind != .directory else { throw .isDirectory }
        let inode = try existing(entry.inode)
        state.removeEntry(name, in: parent)
        touch(directory, at: time)
        return .removed(unlinked(inode, isOpen: isOpen, at: time))
    }

    mutating func removeDirectory(
        _ parent: InodeNumber, _ name: FileName, _ isOpen: Bool, at time: FileTime
    ) throws(PosixError) -> Reply {
        let (directory, entry) = (try directory(parent), try existing(name, in: parent))
        guard entry.kind == .directory else { throw .notDirectory }
        guard state.entries(in: entry.inode, after: nil, limit: 1).isEmpty else { throw .notEmpty }
        let inode = try existing(entry.inode)
        state.removeEntry(name, in: parent)
        touch(directory, at: time, links: -1)
        return .removed(unlinked(inode, isOpen: isOpen, at: time))
    }

    /// Takes one entry from what leads to an inode; one that has none left is removed, or becomes an orphan for the time that it is
    /// open or has too much to be removed at once.
    ///
    /// - Returns: how it is or was last.
    mutating func unlinked(_ inode: Inode, isOpen: Bool, at time: FileTime) -> Inode {
        state.change(inode, at: time) { $0.links = $0.kind == .directory ? 0 : $0.links - 1 }
        guard let changed = state.inode(inode.number) else { return inode }
        if changed.links == 0, !isOpen { discardStep(of: changed) }
        return changed
    }

    mutating func discard(_ number: InodeNumber) throws(PosixError) -> Reply {
        let inode = try existing(number)
        guard inode.links == 0 else { throw .busy }
        return .left(!discardStep(of: inode))
    }

    /// - Returns: whether nothing is left of it.
    @discardableResult
    private mutating func discardStep(of inode: Inode) -> Bool {
        let extents = state.extents(of: inode.number, in: 0..<UInt64.max, limit: Self.discardStep + 1)
        for extent in extents.prefix(Self.discardStep) { remove(extent, of: inode.number) }
        let removed = extents.prefix(Self.discardStep).reduce(0) { $0 + $1.length }
        guard extents.count <= Self.discardStep else {
            var rest = inode
            rest.allocated -= removed
            state.put(rest)
            return false
        }
        for name in state.attributeNames(of: inode.number) { state.setAttribute(name, of: inode.number, to: nil) }
        state.removeInode(inode.number)
        state.header.inodes -= 1
        return true
    }
}
