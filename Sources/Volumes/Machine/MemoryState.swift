import Resources

/// The metadata of a volume in memory, for simulations and tests.
package struct MemoryState: VolumeState {
    package var header: VolumeHeader
    private var inodes = SortedMap<InodeNumber, Inode>()
    private var targets: [InodeNumber: [UInt8]] = [:]
    private var directories: [InodeNumber: SortedMap<FileName, DirectoryEntry>] = [:]
    private var attributes: [InodeNumber: SortedMap<Bytes, [UInt8]>] = [:]
    private var files: [InodeNumber: SortedMap<UInt64, Extent>] = [:]
    private var blocks = SortedMap<BlockID, Block>()
    private var sessions = SortedMap<SessionID, Session>()
    private var answers: [SessionID: [UInt16: SlotAnswer]] = [:]

    private struct Bytes: Comparable {
        let bytes: [UInt8]
        static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
    }

    package init() { header = VolumeHeader(capacity: 0, inodeLimit: 0, at: FileTime(rawValue: 0)) }

    // MARK: Inodes

    package func inode(_ number: InodeNumber) -> Inode? { inodes[number] }
    package mutating func put(_ inode: Inode) { inodes[inode.number] = inode }

    package mutating func removeInode(_ number: InodeNumber) {
        inodes[number] = nil
        (targets[number], directories[number], attributes[number], files[number]) = (nil, nil, nil, nil)
    }

    package func inodes(after number: InodeNumber?, limit: Int) -> [Inode] {
        Array(inodes.values.lazy.filter { inode in number.map { inode.number > $0 } ?? true }.prefix(limit))
    }

    package func target(of link: InodeNumber) -> [UInt8]? { targets[link] }
    package mutating func put(target: [UInt8], of link: InodeNumber) { targets[link] = target }

    package func orphans(after number: InodeNumber?, limit: Int) -> [InodeNumber] {
        let rest = inodes.values.lazy.filter { inode in inode.links == 0 && number.map { inode.number > $0 } ?? true }
        return rest.prefix(limit).map(\.number)
    }

    // MARK: Directories

    package func entry(_ name: FileName, in directory: InodeNumber) -> DirectoryEntry? { directories[directory]?[name] }

    package mutating func put(_ entry: DirectoryEntry, in directory: InodeNumber) {
        directories[directory, default: SortedMap()][entry.name] = entry
    }

    package mutating func removeEntry(_ name: FileName, in directory: InodeNumber) { directories[directory]?[name] = nil }

    package func entries(in directory: InodeNumber, after name: FileName?, limit: Int) -> [DirectoryEntry] {
        guard let all = directories[directory]?.values else { return [] }
        return Array(all.lazy.drop { entry in name.map { entry.name <= $0 } ?? false }.prefix(limit))
    }

    // MARK: Extended attributes

    package func attribute(_ name: [UInt8], of inode: InodeNumber) -> [UInt8]? { attributes[inode]?[Bytes(bytes: name)] }
    package func attributeNames(of inode: InodeNumber) -> [[UInt8]] { attributes[inode]?.keys.map(\.bytes) ?? [] }

    package mutating func setAttribute(_ name: [UInt8], of inode: InodeNumber, to value: [UInt8]?) {
        attributes[inode, default: SortedMap()][Bytes(bytes: name)] = value
    }

    // MARK: Content

    package func extents(of inode: InodeNumber, in range: Range<UInt64>, limit: Int) -> [Extent] {
        guard let all = files[inode]?.values else { return [] }
        let found = all.lazy.drop { $0.end <= range.lowerBound }.prefix { $0.offset < range.upperBound }
        return Array(found.prefix(limit))
    }

    package mutating func put(_ extent: Extent, of inode: InodeNumber) {
        files[inode, default: SortedMap()][extent.offset] = extent
    }

    package mutating func removeExtent(at offset: UInt64, of inode: InodeNumber) { files[inode]?[offset] = nil }
    package func block(_ id: BlockID) -> Block? { blocks[id] }
    package mutating func put(_ block: Block) { blocks[block.id] = block }
    package mutating func removeBlock(_ id: BlockID) { blocks[id] = nil }

    package func blocks(after id: BlockID?, limit: Int) -> [Block] { blocks(after: id, limit: limit) { _ in true } }

    package func blocks(on node: NodeID, after id: BlockID?, limit: Int) -> [Block] {
        blocks(after: id, limit: limit) { $0.replicas.contains(node) }
    }

    package func deadBlocks(after id: BlockID?, limit: Int) -> [Block] { blocks(after: id, limit: limit) { $0.live == 0 } }

    private func blocks(after id: BlockID?, limit: Int, where isWanted: (Block) -> Bool) -> [Block] {
        Array(blocks.values.lazy.filter { block in id.map { block.id > $0 } ?? true }.filter(isWanted).prefix(limit))
    }

    // MARK: Sessions

    package var allSessions: [Session] { sessions.values }
    package func session(_ id: SessionID) -> Session? { sessions[id] }
    package mutating func put(_ session: Session) { sessions[session.id] = session }

    package mutating func removeSession(_ id: SessionID) {
        sessions[id] = nil
        answers[id] = nil
    }

    package func answer(in slot: UInt16, of session: SessionID) -> SlotAnswer? { answers[session]?[slot] }

    package mutating func put(_ answer: SlotAnswer, in slot: UInt16, of session: SessionID) {
        answers[session, default: [:]][slot] = answer
    }
}
