import BlockClient
import BlockStore
import Foundation
import FrameKit
import Frames
import NIOCore
import Resources
import Synchronization
import VolumeKit
import VolumeService
import Volumes

/// A node that lends room on a real disk to one volume, on loopback.
final class LendingNode: Sendable {
    private static let lease = LeaseID(high: 5, low: 1)
    private static let room = Bytes.mebibytes(32)

    private final class Closed: Sendable {
        let leases = Mutex<[LeaseID]>([])
    }

    let volume: VolumeID
    private let peer: FramePeer
    private let borrower: FramePeer
    private let directory: TemporaryDirectory
    private let storage: LentStorage
    private let listener: FrameListener
    private let link: FramePool
    private let closed = Closed()

    /// - Parameter borrower: the home of the volume.
    init(to volume: VolumeID, of borrower: FramePeer, as peer: FramePeer) async throws {
        (self.volume, self.peer, self.borrower, directory) = (volume, peer, borrower, try TemporaryDirectory())
        var options = LentStorage.Options(room: Self.room)
        options.segmentSize = .mebibytes(4)
        storage = try LentStorage(
            in: try LendingDirectory(directory.path), as: peer.node, options, clock: { .ofSystem },
            onClosed: { [closed] lease in closed.leases.withLock { $0.append(lease) } })
        try storage.open(Self.lease, Self.room, of: borrower.node)
        let server = FrameServer([storage], as: peer.node, times: .patient)
        listener = try await FrameListener(server, host: "127.0.0.1", port: 0, as: peer)
        link = FramePool(to: peer.node, host: "127.0.0.1", port: listener.port, as: borrower, .patient)
        try await blocks.answer(to: .bind(Self.lease, to: volume))
        Thread.detachNewThread { [storage] in storage.run(every: .milliseconds(50)) }
    }

    var node: NodeID { peer.node }
    /// As its borrower asks it.
    var blocks: BlockPeer { BlockPeer(link, patience: .seconds(60)) }

    /// As the home is told of it.
    func place(_ phase: StoreCondition.Phase = .open) -> StorePlace {
        let condition = StoreCondition(node, phase: phase, free: UInt64(Self.room.rawValue))
        return StorePlace(condition, host: "127.0.0.1", port: UInt16(listener.port))
    }

    /// Whether it has all of some blocks as they should be.
    func has(_ some: [NewBlock]) async throws -> Bool {
        for block in some {
            do throws(BlockError) { try await blocks.answer(to: .verify(block.id, checksum: block.checksum, of: volume)) } catch {
                guard case .store = error else { throw error }
                return false
            }
        }
        return true
    }

    /// How many blocks are there.
    func count() async throws -> Int { try await blocks.answer(to: .list(volume, after: nil, limit: 1000)).blocks.count }

    /// Its owner wants the room back.
    func drain() { storage.drain(Self.lease, hold: .hours(1)) }
    var isDrained: Bool { closed.leases.withLock { $0 } == [Self.lease] }

    /// Changes a byte of a block on the disk.
    func damage(_ content: ByteBuffer) throws {
        let place = directory.path + "/\(volume)"
        for name in try FileManager.default.contentsOfDirectory(atPath: place) {
            let url = URL(fileURLWithPath: place + "/" + name)
            guard let found = try Data(contentsOf: url).range(of: Data(content.readableBytesView)) else { continue }
            let file = try FileHandle(forWritingTo: url)
            try file.seek(toOffset: UInt64(found.lowerBound))
            try file.write(contentsOf: [content.readableBytesView[0] ^ 1])
            return try file.close()
        }
        throw POSIXError(.ENOENT)
    }

    /// Nobody reaches it any more.
    func cut() async { await listener.shutDown(within: .zero) }

    func end() async {
        storage.stop()
        await link.shutDown()
        await cut()
    }
}
