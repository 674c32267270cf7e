internal import Volumes

// What a change means for directories that it is not about but that have other entries afterwards.

extension Operation {
    /// Directories of which it changes entries.
    var directories: [InodeNumber] {
        switch self {
        case .make(let new): [new.parent]
        case .link(_, let parent, _), .unlink(let parent, _, _), .removeDirectory(let parent, _, _): [parent]
        case .rename(let rename): [rename.parent, rename.newParent]
        default: []
        }
    }
}

extension Reply {
    /// When the record was written that it came of, as far as can be told from it.
    var time: FileTime? {
        switch self {
        case .inode(let inode), .removed(let inode): inode.changed
        case .inodes(let inodes): inodes.first?.changed
        case .renamed(let moved, _): moved.changed
        case .done, .left: nil
        }
    }
}
