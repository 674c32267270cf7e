internal import Frames
package import NIOCore
package import Resources
package import Volumes

/// A block with its content, as it goes to servers: as whoever reads it decrypts it.
package struct BlockContent: Hashable, Sendable {
    package let put: BlockPut
    package let bytes: ByteBuffer

    /// - Parameter checksums: one for each ``BlockLayout/checksumUnit``.
    package init(_ block: BlockID, _ bytes: ByteBuffer, checksums: [UInt32], isGranted: Bool = false) {
        put = BlockPut(block, length: bytes.readableBytes, checksums: checksums, isGranted: isGranted)
        self.bytes = bytes
    }
}

/// Something that can be asked of a block server, and what its answer is. All can be asked again when no answer comes.
package struct BlockCall<Answer: Sendable>: Sendable {
    let message: FrameMessage
    /// How large the answer is likely to be, in bytes.
    let expected: Int
    private let read: @Sendable (BlockReply, [ByteBuffer]) -> Answer?

    /// - Parameter read: the answer in a reply; `nil` when it is none to this.
    private init(
        _ request: BlockRequest, of volume: VolumeID, body: ByteBuffer = ByteBuffer(), expecting expected: Int = 0,
        read: @escaping @Sendable (BlockReply, [ByteBuffer]) -> Answer?
    ) {
        message = FrameMessage(code: request.code, head: BlockMessage(request, of: volume).head, body: body)
        self.expected = expected
        self.read = read
    }

    func answer(_ result: Result<FrameMessage, FrameError>) -> Result<Answer, BlockError> {
        switch result {
        case .failure(let error): return .failure(.call(error))
        case .success(let message):
            do throws(MalformedMessage) {
                let reply = try BlockReply(code: message.code, head: message.head)
                if case .failed(let fault) = reply { return .failure(.store(fault)) }
                guard let answer = read(reply, message.pieces) else {
                    return .failure(.nonsense("it is of another kind, or another size, than was asked for"))
                }
                return .success(answer)
            } catch {
                return .failure(.nonsense(error.description))
            }
        }
    }
}

// MARK: - Storing

extension BlockCall<[BlockID: BlockFault]> {
    /// Stores blocks, and makes them durable unless told otherwise. The answer has those that were not stored.
    package static func put(_ blocks: [BlockContent], of volume: VolumeID, isDurable: Bool = true) -> Self {
        var body = ByteBuffer()
        if blocks.count == 1, let only = blocks.first {
            body = only.bytes
        } else {
            body.reserveCapacity(blocks.reduce(0) { $0 + $1.bytes.readableBytes })
            for block in blocks { body.writeImmutableBuffer(block.bytes) }
        }
        let puts = blocks.map(\.put)
        return Self(.put(puts, isDurable: isDurable), of: volume, body: body) { reply, _ in
            guard case .stored(let failures) = reply, failures.keys.allSatisfy({ $0 < puts.count }) else { return nil }
            return Dictionary(failures.map { (puts[Int($0)].block, $1) }) { first, _ in first }
        }
    }
}

extension BlockCall<Void> {
    private static func done(_ request: BlockRequest, of volume: VolumeID) -> Self {
        Self(request, of: volume) { reply, _ in reply == .done ? () : nil }
    }

    /// Makes durable what was stored before.
    package static func synchronize(_ volume: VolumeID) -> Self { done(.synchronize, of: volume) }

    /// Deletes blocks for good: ``BlockRequest/mostDeleted`` at most.
    package static func delete(_ blocks: [BlockID], of volume: VolumeID, epoch: UInt64) -> Self {
        done(.delete(blocks, epoch: epoch), of: volume)
    }

    /// Has the server remember that the volume is at an epoch.
    package static func raise(_ epoch: UInt64, of volume: VolumeID) -> Self { done(.raise(epoch: epoch), of: volume) }

    /// Has room granted, in bytes of what blocks take in the store.
    package static func grant(_ bytes: Bytes, of volume: VolumeID) -> Self { done(.grant(bytes), of: volume) }

    /// Gives back what was granted.
    package static func release(_ bytes: Bytes, of volume: VolumeID) -> Self { done(.release(bytes), of: volume) }

    /// Has the server free what a node was granted, which has no session any more.
    package static func releaseAll(of node: NodeID, of volume: VolumeID) -> Self { done(.releaseAll(of: node), of: volume) }

    /// Has the server hold a block, as it is on its disk, against the checksum that the metadata have of it.
    package static func verify(_ block: BlockID, checksum: UInt32, of volume: VolumeID) -> Self {
        done(.verify(block, checksum: checksum), of: volume)
    }

    /// Has room that this node has borrowed there used for the volume.
    package static func bind(_ lease: LeaseID, to volume: VolumeID) -> Self { done(.bind(lease), of: volume) }

    /// Says who may use the volume there, and who may take it over: ``BlockRequest/mostAdmitted`` and
    /// ``BlockRequest/mostHeirs`` at most.
    package static func admit(_ nodes: [NodeID], heirs: [NodeID], epoch: UInt64, to volume: VolumeID) -> Self {
        done(.admit(nodes, heirs: heirs, epoch: epoch), of: volume)
    }

    /// Deletes all that the server has of the volume.
    package static func drop(_ volume: VolumeID, epoch: UInt64) -> Self { done(.drop(epoch: epoch), of: volume) }
}

// MARK: - Reading

extension BlockCall<[ByteBuffer]> {
    /// Reads part of a block. The answer is in pieces.
    package static func read(_ block: BlockID, of volume: VolumeID, at offset: Int, _ length: Int) -> Self {
        Self(.read(block, offset: offset, length: length), of: volume, expecting: length) { reply, body in
            reply == .content && body.byteCount == length ? body : nil
        }
    }
}

/// All of a block.
package struct WholeBlock: Hashable, Sendable {
    package let bytes: ByteBuffer
    package let checksums: [UInt32]
}

extension BlockCall<WholeBlock> {
    /// Reads all of a block with its checksums, so that it can be stored elsewhere.
    package static func read(_ block: BlockID, of volume: VolumeID) -> Self {
        Self(.readWhole(block), of: volume, expecting: BlockLayout.largest) { reply, body in
            guard case .whole(let checksums) = reply, (1...BlockLayout.largest).contains(body.byteCount),
                checksums.count == BlockLayout.checksumCount(body.byteCount)
            else { return nil }
            return WholeBlock(bytes: body.joined, checksums: checksums)
        }
    }
}

/// Some of a volume's blocks, in order of their ids.
package struct BlockPage: Hashable, Sendable {
    package let blocks: [BlockEntry]
    /// Whether no more follow.
    package let isLast: Bool
}

extension BlockCall<BlockPage> {
    /// The blocks of a volume behind one.
    ///
    /// - Parameter limit: 1 to ``BlockRequest/mostListed``.
    package static func list(_ volume: VolumeID, after block: BlockID? = nil, limit: Int = BlockRequest.mostListed) -> Self {
        Self(.list(after: block, limit: limit), of: volume) { reply, _ in
            guard case .blocks(let blocks, let areLast) = reply, areLast || !blocks.isEmpty else { return nil }
            return BlockPage(blocks: blocks, isLast: areLast)
        }
    }
}

extension BlockCall<BlockUsage> {
    /// How the room of the server is used.
    package static func usage(_ volume: VolumeID) -> Self {
        Self(.usage, of: volume) { reply, _ in if case .usage(let usage) = reply { usage } else { nil } }
    }
}
