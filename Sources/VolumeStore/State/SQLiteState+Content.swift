import Resources
import Volumes

extension SQLiteState {
    // MARK: Extents

    package func extents(of inode: InodeNumber, in range: Range<UInt64>, limit: Int) -> [Extent] {
        attempt([]) { () throws(VolumeStoreError) in try tables.extents(of: inode, in: range, limit: limit) }
    }

    package func put(_ extent: Extent, of inode: InodeNumber) {
        modify { () throws(VolumeStoreError) in try tables.write(extent, of: inode) }
    }

    package func removeExtent(at offset: UInt64, of inode: InodeNumber) {
        modify { () throws(VolumeStoreError) in try tables.removeExtent(at: offset, of: inode) }
    }

    // MARK: Blocks

    package func block(_ id: BlockID) -> Block? {
        attempt(nil) { () throws(VolumeStoreError) in try known(id) }
    }

    private func known(_ id: BlockID) throws(VolumeStoreError) -> Block? {
        if let known = blocks[id] { return known }
        if blocks.isFull {
            try flush()
            blocks.drop()
        }
        let block = try tables.block(id)
        blocks.note(block, for: id)
        return block
    }

    package func put(_ block: Block) { set(block, for: block.id) }
    package func removeBlock(_ id: BlockID) { set(nil, for: id) }

    /// What stands in the table has to be known: its replicas are removed from the index.
    private func set(_ block: Block?, for id: BlockID) {
        attempt(()) { () throws(VolumeStoreError) in
            _ = try known(id)
            blocks.set(block, for: id)
        }
    }

    package func blocks(after id: BlockID?, limit: Int) -> [Block] {
        attempt([]) { () throws(VolumeStoreError) in
            try flush()
            return try tables.blocks(after: id, limit: limit)
        }
    }

    package func blocks(on node: NodeID, after id: BlockID?, limit: Int) -> [Block] {
        attempt([]) { () throws(VolumeStoreError) in
            try flush()
            return try tables.blocks(on: node, after: id, limit: limit)
        }
    }

    package func deadBlocks(after id: BlockID?, limit: Int) -> [Block] {
        attempt([]) { () throws(VolumeStoreError) in
            try flush()
            return try tables.deadBlocks(after: id, limit: limit)
        }
    }
}
