internal import Volumes

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
