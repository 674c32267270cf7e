internal import BlockClient
internal import BlockStore
internal import Frames
internal import Resources
internal import Volumes

/// Does what a keeper asks of stores.
struct StoreErrands: Sendable {
    typealias Done = @Sendable (StoreAnswer) -> Void
    private static let patience = Duration.seconds(20)

    let volume: VolumeID
    let pools: NodePools

    func peer(_ place: StorePlace) -> BlockPeer {
        BlockPeer(pools.pool(to: place.node, at: NodeEndpoint(host: place.host, port: Int(place.port))), patience: Self.patience)
    }

    /// - Parameter places: where stores are.
    func carryOut(_ request: StoreRequest, _ places: SortedMap<NodeID, StorePlace>, done: @escaping Done) {
        func peer(_ node: NodeID) -> BlockPeer? {
            guard let place = places[node] else {
                done(.failed(node))
                return nil
            }
            return self.peer(place)
        }
        switch request {
        case .raise(let node, let fence): peer(node).map { tell(.raise(fence.rawValue, of: volume), $0, done) }
        case .delete(let blocks, let node, let fence):
            peer(node).map { tell(.delete(blocks, of: volume, epoch: fence.rawValue), $0, done) }
        case .list(let node, let block, let limit): peer(node).map { list(after: block, limit, $0, done) }
        case .verify(let block, let checksum, let node): peer(node).map { verify(block, checksum, $0, done) }
        case .copy(let block, _, let checksum, let source, let target):
            guard let from = peer(source), let to = peer(target) else { return }
            copy(block, checksum, from, to, done)
        }
    }

    /// Deletes all that a store has of the volume.
    ///
    /// - Returns: whether nothing is there any more; `false` also when it did not answer.
    func drop(_ place: StorePlace, _ fence: BlockFence) async -> Bool {
        do {
            try await peer(place).answer(to: .drop(volume, epoch: fence.rawValue))
            return true
        } catch { return error == .store(.notLent(volume)) }
    }

    private func tell(_ call: BlockCall<Void>, _ peer: BlockPeer, _ done: @escaping Done) {
        let node = peer.node
        peer.start(call) { result in
            switch result {
            case .success: done(.done)
            case .failure: done(.failed(node))
            }
        }
    }

    private func list(after block: BlockID?, _ limit: Int, _ peer: BlockPeer, _ done: @escaping Done) {
        let node = peer.node
        peer.start(.list(volume, after: block, limit: min(limit, BlockRequest.mostListed))) { result in
            switch result {
            case .success(let page): done(.listed(page.blocks.map(\.block), areLast: page.isLast))
            case .failure: done(.failed(node))
            }
        }
    }

    /// Reads all of a block and holds it against its checksum in the metadata: what a store says of itself is not relied on.
    private func read(
        _ block: BlockID, _ checksum: UInt32, _ peer: BlockPeer, _ refused: @escaping Done,
        _ whole: @escaping @Sendable (WholeBlock) -> Void
    ) {
        let node = peer.node
        peer.start(.read(block, of: volume)) { result in
            switch result {
            case .success(let read):
                if read.matches(checksum, by: Checksum.crc32c) { whole(read) } else { refused(.damaged(node)) }
            case .failure(.store(.unknown)): refused(.absent(node))
            case .failure(.store(.corrupted)): refused(.damaged(node))
            case .failure: refused(.failed(node))
            }
        }
    }

    private func verify(_ block: BlockID, _ checksum: UInt32, _ peer: BlockPeer, _ done: @escaping Done) {
        let node = peer.node
        peer.start(.verify(block, checksum: checksum, of: volume)) { result in
            switch result {
            case .success: done(.done)
            case .failure(.store(.unknown)): done(.absent(node))
            case .failure(.store(.corrupted)), .failure(.store(.conflict)): done(.damaged(node))
            case .failure: done(.failed(node))
            }
        }
    }

    private func copy(
        _ block: BlockID, _ checksum: UInt32, _ source: BlockPeer, _ target: BlockPeer, _ done: @escaping Done
    ) {
        let (volume, node) = (volume, target.node)
        read(block, checksum, source, done) { whole in
            let content = BlockContent(block, whole.bytes, checksums: whole.checksums)
            target.start(.put([content], of: volume)) { result in
                switch result {
                case .success(let failures): done(failures[block].map { Self.answer(to: $0, node) } ?? .done)
                case .failure(.store(let fault)): done(Self.answer(to: fault, node))
                case .failure: done(.failed(node))
                }
            }
        }
    }

    /// What a keeper makes of it that a store does not take a copy. Only one that cannot do anything counts as failed: a keeper leaves
    /// it alone for a while then, also with what it could do.
    static func answer(to fault: BlockFault, _ node: NodeID) -> StoreAnswer {
        switch fault {
        // An owner may want room back between two answers about it.
        case .full, .leaving: .full(node)
        case .conflict, .corrupted: .damaged(node)
        default: .failed(node)
        }
    }
}
