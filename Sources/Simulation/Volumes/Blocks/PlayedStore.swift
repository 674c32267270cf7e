import Resources
import Volumes

/// A lender's store whose disk may lose what is not synced, spoil what it has, and whose owner may say that it has more room.
struct PlayedStore {
    let node: NodeID
    var domain: String?
    let capacity: UInt64
    /// Whether what is there is good.
    private(set) var blocks = SortedMap<BlockID, Bool>()
    private var unsynced: Set<BlockID> = []
    private var fence = BlockFence(epoch: 0)
    var isUp = true
    /// Takes no new blocks: full, or to be left.
    var phase = StoreCondition.Phase.open
    /// Room that it says it has and has not.
    var lie: UInt64 = 0

    init(_ node: NodeID, domain: String?, capacity: UInt64) {
        (self.node, self.domain, self.capacity) = (node, domain, capacity)
    }

    static let size: UInt64 = 1 << 20
    var free: UInt64 { capacity - min(capacity, UInt64(blocks.count) * Self.size) }

    func condition(isHeard: Bool) -> StoreCondition {
        StoreCondition(node, domain: domain, phase: isHeard && isUp ? phase : .lost, free: free + lie, copyRate: 8 << 20)
    }

    /// Whether a good copy would be there after any crash.
    func hasGood(_ block: BlockID) -> Bool { blocks[block] == true && !unsynced.contains(block) }

    /// - Returns: whether there is room.
    mutating func put(_ block: BlockID, isGood: Bool, isDurable: Bool) -> Bool {
        if blocks[block] == nil, free < Self.size { return false }
        if blocks[block] == nil || blocks[block] == false {
            blocks[block] = isGood
            unsynced.insert(block)
        }
        if isDurable { unsynced.remove(block) }
        return true
    }

    mutating func synchronize() { unsynced = [] }

    /// - Returns: whether no later one is known.
    mutating func raise(_ fence: BlockFence) -> Bool {
        guard fence >= self.fence else { return false }
        self.fence = fence
        return true
    }

    mutating func delete(_ block: BlockID) { blocks[block] = nil }
    mutating func spoil(_ block: BlockID) { blocks[block] = false }

    mutating func crash() {
        for block in unsynced { blocks[block] = nil }
        (unsynced, isUp) = ([], false)
    }

    /// Its disk is gone, or its owner has taken all of it back.
    mutating func wipe() { (blocks, unsynced) = (SortedMap(), []) }
}
