import Resources

/// What it takes to free a node of a volume's blocks.
package struct EvacuationPlan: Hashable, Sendable {
    /// What is on it, in blocks and bytes of content.
    package private(set) var blocks: UInt64 = 0
    package private(set) var bytes: UInt64 = 0
    /// What of that has to be copied first; the rest has enough copies elsewhere.
    package private(set) var copiedBlocks: UInt64 = 0
    /// Room that the copies take elsewhere, in bytes.
    package private(set) var needed: UInt64 = 0
    /// What of that finds no room. The nodes that have it may be the wrong ones: no node has two copies of a block.
    package private(set) var shortfall: UInt64 = 0
    /// What of the rest would go to which node.
    package private(set) var shares: [NodeID: Share] = [:]

    /// In bytes.
    package struct Share: Hashable, Sendable {
        package var taken: UInt64 = 0
        /// Before anything was.
        package let free: UInt64
    }

    /// Looks where everything on a node could go. It looks at all its blocks, and gives each to the node with most room.
    ///
    /// - Parameters:
    ///   - copies: that each block is to have.
    ///   - footprint: what a block of so many bytes of content takes on a node.
    package init(
        leaving node: NodeID, _ state: some VolumeState, _ stores: StoreMap, copies: Int, footprint: (UInt32) -> UInt64
    ) {
        var room = SortedMap(stores.stores.values.filter { $0.phase == .open && $0.node != node }.map { ($0.node, $0.free) })
        var left = stores.stores.values
        for place in left.indices where left[place].node == node { left[place].phase = .leaving }
        let map = StoreMap(left)
        state.forEachBlock(on: node) { block in
            blocks += 1
            bytes += UInt64(block.length)
            let plan = MendPlan(block, map, damaged: [], copies: copies)
            if plan.missing > 0 { copiedBlocks += 1 }
            for _ in 0..<plan.missing { take(footprint(block.length), besides: block, &room) }
        }
    }

    private mutating func take(_ size: UInt64, besides block: Block, _ room: inout SortedMap<NodeID, UInt64>) {
        needed += size
        let able = room.pairs.filter { !block.replicas.contains($0.0) && $0.1 >= size }
        guard let (node, free) = able.max(by: { ($0.1, $1.0) < ($1.1, $0.0) }) else {
            shortfall += size
            return
        }
        room[node] = free - size
        shares[node, default: Share(free: free)].taken += size
    }

    /// - Throws: when there is no room for all of it; then nothing should be begun.
    package func require(_ node: NodeID) throws(EvacuationRefusal) {
        guard shortfall == 0 else { throw EvacuationRefusal(node: node, needed: needed, shortfall: shortfall) }
    }
}

/// A node cannot be left.
package struct EvacuationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package let node: NodeID
    /// In bytes.
    package let needed: UInt64
    package let shortfall: UInt64

    package var description: String {
        """
        failed to evacuate \(node): its blocks need \(Bytes(Int64(clamping: needed)).text) on other nodes, and \
        \(Bytes(Int64(clamping: shortfall)).text) of them find no room; lend more room to the volume on nodes that do not have copies \
        already, or delete files
        """
    }
}

/// How far an evacuation is.
package struct EvacuationProgress: Hashable, Sendable {
    /// Since the keeper began.
    package let done: BlockCount
    package let left: BlockCount
    /// `nil` when it does not move.
    package let timeLeft: Microseconds?

    /// - Parameter rate: in bytes of content a second, as it was measured.
    package init(of node: NodeID, _ keeper: Keeper, _ state: some VolumeState, rate: UInt64) {
        done = keeper.moved[node] ?? BlockCount()
        var rest = BlockCount()
        state.forEachBlock(on: node) { block in
            rest.add(block.length)
        }
        left = rest
        let time = rate == 0 ? nil : (Int128(rest.bytes) * 1_000_000 + Int128(rate) - 1) / Int128(rate)
        timeLeft = time.map { Microseconds(Int64(clamping: $0)) }
    }
}

extension VolumeState {
    fileprivate func forEachBlock(on node: NodeID, _ body: (Block) -> Void) {
        var last: BlockID?
        while case let page = blocks(on: node, after: last, limit: 1024), !page.isEmpty {
            for block in page { body(block) }
            last = page.last?.id
        }
    }
}
