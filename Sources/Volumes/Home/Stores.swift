import Resources

extension VolumeHome {
    /// Takes note of where blocks can be, and tells sessions that there is something new to know.
    package mutating func meet(_ places: [StorePlace]) -> [HomeDirective] {
        let isNews = places.map(\.withoutRoom) != stores.map(\.withoutRoom)
        stores = places
        if isNews { directives += presences.keys.map { .storesChanged($0) } }
        return flush()
    }

    /// Whether sessions that were there before the home began have not all told what they have.
    package var isRecovering: Bool { recovery != nil }

    /// A session has found that a copy of a block is not what it should be.
    mutating func hear(of block: BlockID, on node: NodeID, _ key: RequestKey) {
        directives.append(.damaged(block, on: node))
        answer(key, .done)
    }
}
