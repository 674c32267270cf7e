import BlockClient
import BlockStore
import FrameKit
import Frames
import NIOCore
import Resources
import Testing
import VolumeKit
import VolumeService
import Volumes

/// A block server on loopback with a store of its own, and a client of it.
struct ServedBlocks: Sendable {
    static let volume = VolumeID(high: 1, low: 1)

    let served: ServedFrames
    let blocks: BlockServer
    let store: BlockStore
    let disk: TestDisk
    let peer: BlockPeer

    static func serving(
        of peers: FramePeers? = nil, capacity: Bytes = .mebibytes(64), rule: @escaping VolumeRule = { _, _, _ in nil },
        _ body: (ServedBlocks) async throws -> Void
    ) async throws {
        let disk = try TestDisk()
        let store = try BlockStore(on: disk, .init(capacity: capacity))
        let blocks = BlockServer(store, rule: rule)
        try await ServedFrames.serving([blocks], of: peers) { served in
            try await served.calling { pool in
                try await body(ServedBlocks(served: served, blocks: blocks, store: store, disk: disk, peer: BlockPeer(pool)))
            }
        }
    }

    static func id(_ number: UInt64) -> BlockID { BlockID(high: 7, low: number) }

    /// What the block of a number has, so many bytes of it.
    static func bytes(_ number: UInt64, _ length: Int) -> ByteBuffer {
        var random = SeededGenerator(seed: number)
        return ByteBuffer(bytes: (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    static func block(_ number: UInt64, _ length: Int = 1000, isGranted: Bool = false) -> BlockContent {
        let bytes = bytes(number, length)
        return BlockContent(id(number), bytes, checksums: bytes.withUnsafeReadableBytes(Checksum.all), isGranted: isGranted)
    }
}

extension BlockPeer {
    /// A call to the volume of these tests that must fail, and why.
    func failure<Answer>(_ call: BlockCall<Answer>) async -> BlockError? {
        do throws(BlockError) {
            _ = try await answer(to: call)
            return nil
        } catch { return error }
    }

    /// Stores blocks, and says which it could not.
    @discardableResult
    func put(_ blocks: [BlockContent], isDurable: Bool = true) async throws -> [BlockID: BlockFault] {
        try await answer(to: .put(blocks, of: ServedBlocks.volume, isDurable: isDurable))
    }
}
