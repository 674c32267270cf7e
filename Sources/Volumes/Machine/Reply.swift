/// What came of an operation that was carried out.
package enum Reply: Hashable, Sendable {
    case done
    /// How what it was about is now.
    case inode(Inode)
    /// How those are now that are still there, in the order of the operation.
    case inodes([Inode])
    /// An entry is gone.
    case removed(Inode)
    case renamed(moved: Inode, replaced: Inode?)
    /// Whether something of it is left to be discarded.
    case left(Bool)
}
