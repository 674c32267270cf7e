import Resources

extension Volume {
    /// The most bytes of one file: offsets stay far from what a signed 64-bit number holds.
    package static var largestFile: UInt64 { 1 << 53 }

    mutating func setAttributes(
        _ number: InodeNumber, _ changes: AttributeChanges, at time: FileTime
    ) throws(PosixError) -> Reply {
        let inode = try existing(number)
        if let size = changes.size {
            guard inode.kind != .directory else { throw .isDirectory }
            guard inode.kind == .regular else { throw .invalid }
            guard size <= Self.largestFile else { throw .fileTooLarge }
            if size < inode.size { clear(size..<UInt64.max, of: number) }
        }
        if changes.size != nil || changes.owner != nil || changes.group != nil { dropCapabilities(of: number) }
        state.change(try existing(number), at: time) { inode in
            if let size = changes.size, size != inode.size { inode.modified = time }
            inode.size = changes.size ?? inode.size
            inode.owner = changes.owner ?? inode.owner
            inode.group = changes.group ?? inode.group
            if let permissions = changes.permissions { inode.permissions = permissions & 0o7777 }
            if changes.dropsPrivileges { inode.dropPrivileges() }
            if let accessed = changes.accessed { inode.accessed = accessed.time(now: time) }
            if let modified = changes.modified { inode.modified = modified.time(now: time) }
        }
        return .inode(try existing(number))
    }
}

extension AttributeChanges.Instant {
    func time(now: FileTime) -> FileTime {
        switch self {
        case .now: now
        case .at(let time): time
        }
    }
}

extension Inode {
    /// Set-group-id without permission for the group to execute means mandatory locking, and stays (inode(7)).
    mutating func dropPrivileges() {
        guard kind == .regular else { return }
        permissions &= ~0o4000
        if permissions & 0o010 != 0 { permissions &= ~0o2000 }
    }
}
