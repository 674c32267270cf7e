import Resources
import Volumes

/// Statements on extents and blocks.
struct ContentStatements {
    fileprivate let path: String
    fileprivate let listExtents: PreparedStatement
    fileprivate let writeExtent: PreparedStatement
    fileprivate let deleteExtent: PreparedStatement
    fileprivate let readBlock: PreparedStatement
    fileprivate let writeBlock: PreparedStatement
    fileprivate let deleteBlock: PreparedStatement
    fileprivate let writeReplica: PreparedStatement
    fileprivate let deleteReplica: PreparedStatement
    fileprivate let listBlocks: PreparedStatement
    fileprivate let listBlocksOnNode: PreparedStatement
    fileprivate let listDeadBlocks: PreparedStatement

    init(_ connection: Connection) throws(VolumeStoreError) {
        func prepare(_ sql: String) throws(VolumeStoreError) -> PreparedStatement { try PreparedStatement(connection, sql) }
        path = connection.path
        // Extents do not overlap: of those that begin before the range only the last can reach into it.
        listExtents = try prepare(
            """
            SELECT start, length, block, block_start FROM extents
            WHERE inode = ?1 AND start < ?3
                AND start >= coalesce((SELECT max(start) FROM extents WHERE inode = ?1 AND start <= ?2), ?2)
            ORDER BY start LIMIT ?4
            """)
        writeExtent = try prepare(
            "INSERT OR REPLACE INTO extents (inode, start, length, block, block_start) VALUES (?, ?, ?, ?, ?)")
        deleteExtent = try prepare("DELETE FROM extents WHERE inode = ? AND start = ?")
        let columns = "id, length, checksum, live, replicas"
        readBlock = try prepare("SELECT \(columns) FROM blocks WHERE id = ?")
        writeBlock = try prepare("INSERT OR REPLACE INTO blocks (\(columns)) VALUES (?, ?, ?, ?, ?)")
        deleteBlock = try prepare("DELETE FROM blocks WHERE id = ?")
        writeReplica = try prepare("INSERT OR REPLACE INTO replicas (node, block) VALUES (?, ?)")
        deleteReplica = try prepare("DELETE FROM replicas WHERE node = ? AND block = ?")
        listBlocks = try prepare("SELECT \(columns) FROM blocks WHERE id > ? ORDER BY id LIMIT ?")
        listBlocksOnNode = try prepare(
            """
            SELECT \(columns) FROM replicas CROSS JOIN blocks ON id = block
            WHERE node = ? AND block > ? ORDER BY block LIMIT ?
            """)
        listDeadBlocks = try prepare("SELECT \(columns) FROM blocks WHERE live = 0 AND id > ? ORDER BY id LIMIT ?")
    }
}

extension StateTables {
    // MARK: Extents

    func extents(of inode: InodeNumber, in range: Range<UInt64>, limit: Int) throws(VolumeStoreError) -> [Extent] {
        // No file reaches so far that a bound would not fit.
        let (start, end) = (Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound))
        // One more, for the first may end before the range.
        let most = limit == .max ? limit : limit + 1
        let found = try content.listExtents.all(inode, start, end, most, row: Extent.init(row:))
        let isOutside = found.first.map { $0.end <= range.lowerBound } ?? false
        return Array(found.dropFirst(isOutside ? 1 : 0).prefix(limit))
    }

    func write(_ extent: Extent, of inode: InodeNumber) throws(VolumeStoreError) {
        switch extent.source {
        case .zeros: try content.writeExtent.run(inode, extent.offset, extent.length, BlockID?.none, Int64(0))
        case .block(let block, let start): try content.writeExtent.run(inode, extent.offset, extent.length, block, start)
        }
    }

    func removeExtent(at offset: UInt64, of inode: InodeNumber) throws(VolumeStoreError) {
        try content.deleteExtent.run(inode, offset)
    }

    // MARK: Blocks

    func block(_ id: BlockID) throws(VolumeStoreError) -> Block? { try content.readBlock.first(id, row: Block.init(row:)) }

    /// - Parameter stored: what stands there.
    func write(_ block: Block?, _ id: BlockID, instead stored: Block?) throws(VolumeStoreError) {
        if block?.replicas != stored?.replicas {
            let (before, after) = (stored?.replicas ?? [], block?.replicas ?? [])
            for node in before where !after.contains(node) { try content.deleteReplica.run(node, id) }
            for node in after where !before.contains(node) { try content.writeReplica.run(node, id) }
        }
        guard let block else { return try content.deleteBlock.run(id) }
        try content.writeBlock.run(id, block.length, block.checksum, block.live, block.replicas.flatMap(\.bigEndianBytes))
    }

    func blocks(after id: BlockID?, limit: Int) throws(VolumeStoreError) -> [Block] {
        try content.listBlocks.all(id?.bigEndianBytes ?? [], limit, row: Block.init(row:))
    }

    func blocks(on node: NodeID, after id: BlockID?, limit: Int) throws(VolumeStoreError) -> [Block] {
        try content.listBlocksOnNode.all(node, id?.bigEndianBytes ?? [], limit, row: Block.init(row:))
    }

    func deadBlocks(after id: BlockID?, limit: Int) throws(VolumeStoreError) -> [Block] {
        try content.listDeadBlocks.all(id?.bigEndianBytes ?? [], limit, row: Block.init(row:))
    }
}

extension Extent {
    fileprivate init(row: PreparedStatement) throws(VolumeStoreError) {
        let (offset, length) = (try row.unsigned(0), try row.unsigned(1))
        let most = Volume<MemoryState>.largestFile
        guard (1...most).contains(length), offset <= most - length else { throw row.malformed(1) }
        let source: Source = row.isNull(2) ? .zeros : .block(try row.identifier(2), offset: try row.narrow(3))
        self.init(offset: offset, length: length, source: source)
    }
}

extension Block {
    fileprivate init(row: PreparedStatement) throws(VolumeStoreError) {
        let bytes = try row.blob(4)
        guard bytes.count % 16 == 0 else { throw row.malformed(4) }
        let replicas = bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 16).map { NodeID(bytes: .init(rebasing: bytes[$0..<$0 + 16])) }
        }
        self.init(
            id: try row.identifier(0), length: try row.narrow(1), checksum: try row.narrow(2), replicas: replicas,
            live: try row.unsigned(3))
    }
}

extension Identifier {
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) } }
}
