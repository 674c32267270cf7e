import Resources

extension Volume {
    /// The longest path in a symbolic link, in bytes (PATH_MAX without its NUL).
    private static var longestTarget: Int { 4095 }
    /// The most entries that lead to one inode, as in ext4.
    static var mostLinks: UInt32 { 65_000 }

    /// A directory that is still in the tree.
    ///
    /// - Throws: ``PosixError/stale``, ``PosixError/notDirectory``; ``PosixError/noEntry`` for one that was removed.
    func directory(_ number: InodeNumber) throws(PosixError) -> Inode {
        guard let inode = state.inode(number) else { throw .stale }
        guard inode.kind == .directory else { throw .notDirectory }
        guard inode.links > 0 else { throw .noEntry }
        return inode
    }

    func existing(_ number: InodeNumber) throws(PosixError) -> Inode {
        guard let inode = state.inode(number) else { throw .stale }
        return inode
    }

    func existing(_ name: FileName, in directory: InodeNumber) throws(PosixError) -> DirectoryEntry {
        guard let entry = state.entry(name, in: directory) else { throw .noEntry }
        return entry
    }

    mutating func make(_ new: NewInode, at time: FileTime) throws(PosixError) -> Reply {
        let parent = try directory(new.parent)
        guard state.entry(new.name, in: new.parent) == nil else { throw .exists }
        guard new.target.count <= Self.longestTarget else { throw .nameTooLong }
        guard (new.kind == .symbolicLink) != new.target.isEmpty else { throw new.target.isEmpty ? .noEntry : .invalid }
        guard new.kind != .directory || parent.links < Self.mostLinks else { throw .tooManyLinks }
        guard new.number >= state.header.nextInode else { throw .protocolFault }
        guard state.header.inodes < state.header.inodeLimit else { throw .noSpace }
        state.header.nextInode = InodeNumber(rawValue: new.number.rawValue + 1)
        state.header.inodes += 1
        var inode = Self.inode(new, in: parent, at: time)
        inode.size = UInt64(new.target.count)
        state.put(inode)
        if !new.target.isEmpty { state.put(target: new.target, of: new.number) }
        state.put(DirectoryEntry(name: new.name, inode: new.number, kind: new.kind), in: new.parent)
        touch(parent, at: time, links: new.kind == .directory ? 1 : 0)
        return .inode(inode)
    }

    /// In a directory with set-group-id new ones have its group, and directories the bit too (inode(7)).
    private static func inode(_ new: NewInode, in parent: Inode, at time: FileTime) -> Inode {
        let setGroupID: UInt16 = 0o2000
        let isInherited = parent.permissions & setGroupID != 0
        let permissions = new.permissions & 0o7777 | (isInherited && new.kind == .directory ? setGroupID : 0)
        return Inode(
            number: new.number, kind: new.kind, permissions: permissions, owner: new.owner,
            group: isInherited ? parent.group : new.group, links: new.kind == .directory ? 2 : 1, device: new.device, at: time,
            parent: new.parent)
    }

    mutating func link(
        _ number: InodeNumber, _ parent: InodeNumber, _ name: FileName, at time: FileTime
    ) throws(PosixError) -> Reply {
        let (inode, directory) = (try existing(number), try directory(parent))
        guard inode.kind != .directory else { throw .notPermitted }
        guard inode.links > 0 else { throw .noEntry }
        guard state.entry(name, in: parent) == nil else { throw .exists }
        guard inode.links < Self.mostLinks else { throw .tooManyLinks }
        state.change(inode, at: time) { $0.links += 1 }
        state.put(DirectoryEntry(name: name, inode: number, kind: inode.kind), in: parent)
        touch(directory, at: time)
        return .inode(try existing(number))
    }

    /// Notes that entries of a directory changed.
    ///
    /// - Parameter links: how many more or fewer directories it has.
    mutating func touch(_ directory: Inode, at time: FileTime, links: Int32 = 0) {
        state.change(directory, at: time) { inode in
            inode.modified = time
            inode.links = UInt32(Int64(inode.links) + Int64(links))
        }
    }
}
