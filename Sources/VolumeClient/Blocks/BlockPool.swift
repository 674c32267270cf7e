internal import BlockClient
internal import BlockStore
internal import Dispatch
package import Frames
internal import NIOCore
package import Resources
internal import Synchronization
package import Volumes

/// The stores of a volume: where new blocks go, and from where they are read. Which there are may change at any time.
///
/// Room is granted by stores before programs are told that something is written, so that there is some when it is stored.
package final class BlockPool: Sendable {
    package struct Options: Sendable {
        /// How much room is asked for at once, in bytes; less where a store has not so much. Blocks go to the same stores until it is
        /// used.
        package var portion: UInt64 = 16 << 20
        /// After so long without a write what was granted is given back.
        package var rest = Microseconds.seconds(10)
        /// For how long a store may take to answer.
        package var patience = Duration.seconds(10)
        /// So long a store is left alone that has said that it has no room.
        package var shunning = Microseconds.seconds(10)

        package init() {}
    }

    struct State {
        var ledger: StoreLedger
        var peers: [NodeID: Contact] = [:]
        /// As the home told it; 0 while nothing was told.
        var generation: UInt64 = 0
        /// Another one each time that room is promised.
        var promises: UInt64 = 0
        var isReturning = false
    }

    struct Contact {
        let host: String
        let port: UInt16
        let peer: BlockPeer
    }

    let volume: VolumeID
    private let node: NodeID
    let options: Options
    private let cipher: VolumeCipher
    private let dial: @Sendable (StorePlace) -> FramePool
    private let onDamage: @Sendable (BlockID, NodeID) -> Void
    let state: Mutex<State>
    /// Held by whoever asks for grants.
    let granting = Mutex(())
    let returning = DispatchQueue(label: "surplus.volume.room")
    private let turn = Atomic<Int>(0)

    /// - Parameters:
    ///   - node: this one, whose own store is read first.
    ///   - copies: of each block, on different nodes.
    ///   - dial: makes the connections to a store.
    ///   - onDamage: is told of a copy that is not what it should be, or not there, from any thread; must not block.
    package init(
        _ volume: VolumeID, as node: NodeID, copies: Int, cipher: VolumeCipher, _ options: Options = Options(),
        dial: @escaping @Sendable (StorePlace) -> FramePool, onDamage: @escaping @Sendable (BlockID, NodeID) -> Void = { _, _ in }
    ) {
        (self.volume, self.node, self.cipher, self.options) = (volume, node, cipher, options)
        (self.dial, self.onDamage) = (dial, onDamage)
        state = Mutex(State(ledger: StoreLedger(copies: copies, shunning: options.shunning)))
    }

    /// The stores are these. Calls to those that stay go on.
    package func learn(_ places: [StorePlace]) {
        let before = state.withLock { $0.peers }
        var contacts: [NodeID: Contact] = [:]
        for place in places {
            let known = before[place.node]
            if let known, known.host == place.host, known.port == place.port {
                contacts[place.node] = known
            } else {
                let peer = BlockPeer(dial(place), patience: options.patience)
                contacts[place.node] = Contact(host: place.host, port: place.port, peer: peer)
            }
        }
        state.withLock { [contacts] state in
            state.peers = contacts
            state.ledger.learn(places.map(\.condition))
        }
    }

    /// The generation of new blocks is this one.
    package func learn(generation: UInt64) { state.withLock { $0.generation = max($0.generation, generation) } }

    /// Whether it is known of which generation new blocks are.
    var knowsGeneration: Bool { state.withLock { $0.generation > 0 } }

    var knowsStores: Bool { state.withLock { !$0.peers.isEmpty } }

    // MARK: Storing

    /// Encrypts and stores a block on so many nodes as it is to have copies; where one fails, another takes its place.
    ///
    /// - Throws: ``PosixError/noSpace`` when no node has room; ``PosixError/inputOutput`` when fewer than two nodes have it, or the
    ///   only one that there is to be.
    func store(_ content: UnsafeRawBufferPointer) throws(PosixError) -> NewBlock {
        var random = SystemRandomNumberGenerator()
        let id = BlockID(generation: state.withLock(\.generation), using: &random)
        let stored: ByteBuffer
        do { stored = try cipher.seal(content, as: id) } catch { throw .inputOutput }
        let checksums = stored.withUnsafeReadableBytes(Checksum.all)
        let footprint = UInt64(BlockStore.footprint(stored.readableBytes).rawValue)
        let copies = state.withLock(\.ledger.copies)
        var (nodes, tried, errors): ([NodeID], [NodeID], [BlockError]) = ([], [], [])
        let block = BlockContent(id, stored, checksums: checksums, isGranted: true)
        while nodes.count < copies {
            let peers = place(copies - nodes.count, footprint, besides: tried)
            guard !peers.isEmpty else { break }
            tried += peers.map(\.node)
            let outcome = ReplicatedPut([block], of: volume, on: peers).wait()
            nodes += outcome.stored
            errors += outcome.replicas.compactMap(\.error)
            note(outcome, footprint)
        }
        guard nodes.count >= min(2, copies) else {
            throw errors.allSatisfy(\.isFull) && knowsStores ? .noSpace : .inputOutput
        }
        return NewBlock(
            id: id, length: UInt32(content.count), checksum: Checksum.summary(checksums), replicas: nodes.sorted())
    }

    private func place(
        _ count: Int, _ footprint: UInt64, besides tried: [NodeID]
    ) -> [BlockPeer] {
        var random = SystemRandomNumberGenerator()
        return state.withLock { state in
            let doubtful = state.peers.values.map(\.peer).filter(\.isDoubtful).map(\.node)
            let nodes = state.ledger.place(
                count, of: footprint, besides: tried, doubtful: doubtful, at: .now, using: &random)
            return nodes.compactMap { state.peers[$0]?.peer }
        }
    }

    private func note(_ outcome: ReplicatedPut.Outcome, _ footprint: UInt64) {
        state.withLock { state in
            for replica in outcome.replicas {
                guard let error = replica.error else { continue }
                if error.isFull {
                    state.ledger.shun(replica.node, at: .now)
                } else {
                    state.ledger.lose(footprint, to: replica.node)
                }
            }
        }
    }

    // MARK: Reading

    /// Reads part of a block from whichever node has it whole: this one if it has it, then others in turn, then those that could not
    /// be reached when they were last tried.
    ///
    /// - Throws: when none has.
    func read(_ block: Block, _ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(NotRead) {
        let stored = VolumeCipher.storedRange(range, of: Int(block.length))
        let peers = order(of: block.replicas)
        var isSilent = peers.count < block.replicas.count
        for peer in peers {
            do throws(BlockError) {
                let bytes = try peer.wait(for: .read(block.id, of: volume, at: stored.lowerBound, stored.count))
                do { return try cipher.open(bytes, of: block.id, range, into: buffer) } catch { onDamage(block.id, peer.node) }
            } catch {
                if error.isDamage { onDamage(block.id, peer.node) } else { isSilent = true }
            }
        }
        throw isSilent ? .unreachable : .damaged
    }

    /// Why a block could not be read.
    enum NotRead: Error {
        /// Who may have it did not answer.
        case unreachable
        /// Nobody has it as it was.
        case damaged
    }

    private func order(of nodes: [NodeID]) -> [BlockPeer] {
        let first = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        let peers = state.withLock { state in nodes.compactMap { state.peers[$0]?.peer } }
        let others = peers.filter { $0.node != node }
        let start = others.isEmpty ? 0 : first % others.count
        let inTurn = peers.filter { $0.node == node } + others[start...] + others[..<start]
        return inTurn.filter { !$0.isDoubtful } + inTurn.filter(\.isDoubtful)
    }
}

extension BlockError {
    /// There is no room, or nothing new is taken.
    var isFull: Bool {
        switch self {
        case .store(.full), .store(.leaving), .store(.notLent): true
        default: false
        }
    }

    /// The copy is not there, or not what it should be.
    fileprivate var isDamage: Bool {
        switch self {
        case .store(.corrupted), .store(.unknown), .store(.outOfRange): true
        default: false
        }
    }
}
