import Resources

/// Where the metadata of a volume are: in memory in the simulator, a transaction of SQLite in the product.
///
/// Calls do not fail. A state whose storage fails says so to whoever made it, and nothing of the transaction in which that
/// happened may be kept; until then it answers as if nothing were there.
package protocol VolumeState: SendableMetatype {
    var header: VolumeHeader { get set }

    // MARK: Inodes
    func inode(_ number: InodeNumber) -> Inode?
    mutating func put(_ inode: Inode)
    mutating func removeInode(_ number: InodeNumber)
    /// In the order of their numbers.
    func inodes(after number: InodeNumber?, limit: Int) -> [Inode]
    /// The path in a symbolic link.
    func target(of link: InodeNumber) -> [UInt8]?
    mutating func put(target: [UInt8], of link: InodeNumber)
    /// Inodes that no entry leads to and that still have something, in order.
    func orphans(after number: InodeNumber?, limit: Int) -> [InodeNumber]

    // MARK: Directories
    func entry(_ name: FileName, in directory: InodeNumber) -> DirectoryEntry?
    mutating func put(_ entry: DirectoryEntry, in directory: InodeNumber)
    mutating func removeEntry(_ name: FileName, in directory: InodeNumber)
    /// In the order of their names.
    func entries(in directory: InodeNumber, after name: FileName?, limit: Int) -> [DirectoryEntry]

    // MARK: Extended attributes
    func attribute(_ name: [UInt8], of inode: InodeNumber) -> [UInt8]?
    func attributeNames(of inode: InodeNumber) -> [[UInt8]]
    /// - Parameter value: `nil` removes it.
    mutating func setAttribute(_ name: [UInt8], of inode: InodeNumber, to value: [UInt8]?)

    // MARK: Content
    /// Those that have a byte in the range, in order.
    func extents(of inode: InodeNumber, in range: Range<UInt64>, limit: Int) -> [Extent]
    mutating func put(_ extent: Extent, of inode: InodeNumber)
    mutating func removeExtent(at offset: UInt64, of inode: InodeNumber)
    func block(_ id: BlockID) -> Block?
    mutating func put(_ block: Block)
    mutating func removeBlock(_ id: BlockID)
    /// All blocks, in order.
    func blocks(after id: BlockID?, limit: Int) -> [Block]
    /// Blocks with a replica on a node, in order.
    func blocks(on node: NodeID, after id: BlockID?, limit: Int) -> [Block]
    /// Blocks that nothing refers to any more, in order.
    func deadBlocks(after id: BlockID?, limit: Int) -> [Block]

    // MARK: Sessions
    func session(_ id: SessionID) -> Session?
    mutating func put(_ session: Session)
    /// All of them, in order.
    var allSessions: [Session] { get }
    mutating func removeSession(_ id: SessionID)
    /// What a session was answered last in one of its slots.
    func answer(in slot: UInt16, of session: SessionID) -> SlotAnswer?
    mutating func put(_ answer: SlotAnswer, in slot: UInt16, of session: SessionID)
}

extension VolumeState {
    /// Changes an inode and marks it as changed.
    mutating func change(_ inode: Inode, at time: FileTime, _ body: (inout Inode) -> Void) {
        var changed = inode
        body(&changed)
        changed.changed = time
        changed.version += 1
        put(changed)
    }
}
