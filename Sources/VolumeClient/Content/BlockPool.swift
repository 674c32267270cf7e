package import BlockClient
internal import BlockStore
internal import NIOCore
package import Resources
internal import Synchronization
internal import Volumes

/// The block servers of a volume: where new blocks go, and from where they are read.
package final class BlockPool: Sendable {
    private let volume: VolumeID
    private let peers: [BlockPeer]
    private let replicas: Int
    private let cipher: VolumeCipher
    private let turn = Atomic<Int>(0)

    /// - Parameters:
    ///   - peers: one for each node that lends room to the volume, in any order.
    ///   - replicas: how many copies each block has, on different nodes.
    package init(_ volume: VolumeID, on peers: [BlockPeer], replicas: Int, cipher: VolumeCipher) {
        self.volume = volume
        self.peers = peers
        self.replicas = min(replicas, peers.count)
        self.cipher = cipher
    }

    /// Encrypts and stores a block on so many nodes as it is to have copies; where one fails, another takes its place.
    ///
    /// - Throws: ``PosixError/noSpace`` when no node has room; ``PosixError/inputOutput`` when fewer than two nodes have it, or the
    ///   only one that there is to be.
    func store(_ content: UnsafeRawBufferPointer, as id: BlockID) throws(PosixError) -> NewBlock {
        let stored: ByteBuffer
        do { stored = try cipher.seal(content, as: id) } catch { throw .inputOutput }
        let checksums = stored.withUnsafeReadableBytes(Checksum.all)
        let block = BlockContent(id, stored, checksums: checksums)
        var (nodes, errors): ([NodeID], [BlockError]) = ([], [])
        var candidates = order()
        while nodes.count < replicas, !candidates.isEmpty {
            let chosen = Array(candidates.prefix(replicas - nodes.count))
            candidates.removeFirst(chosen.count)
            let outcome = ReplicatedPut([block], of: volume, on: chosen).wait()
            nodes += outcome.stored
            errors += outcome.replicas.compactMap(\.error)
        }
        guard nodes.count >= min(2, replicas) else { throw errors.allSatisfy(\.isFull) ? .noSpace : .inputOutput }
        return NewBlock(
            id: id, length: UInt32(content.count), checksum: Self.summary(checksums), replicas: nodes.sorted())
    }

    private func order() -> [BlockPeer] {
        let first = turn.wrappingAdd(1, ordering: .relaxed).oldValue % max(1, peers.count)
        return Array(peers[first...] + peers[..<first])
    }

    private static func summary(_ checksums: [UInt32]) -> UInt32 {
        var table = ByteBuffer()
        for checksum in checksums { table.writeInteger(checksum) }
        return table.withUnsafeReadableBytes(Checksum.crc32c)
    }

    /// Reads part of a block from whichever node has it whole.
    ///
    /// - Throws: ``PosixError/inputOutput`` when none has.
    func read(_ block: Block, _ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(PosixError) {
        let stored = VolumeCipher.storedRange(range, of: Int(block.length))
        for peer in peers where block.replicas.contains(peer.node) {
            do {
                let bytes = try peer.wait(for: .read(block.id, of: volume, at: stored.lowerBound, stored.count))
                return try cipher.open(bytes, of: block.id, range, into: buffer)
            } catch {
                continue
            }
        }
        throw .inputOutput
    }
}

extension BlockError {
    var isFull: Bool {
        if case .store(.full) = self { true } else { false }
    }
}
