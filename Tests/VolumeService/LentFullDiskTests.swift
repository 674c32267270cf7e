import BlockClient
import BlockStore
import Foundation
import Frames
import Glibc
import Resources
import Synchronization
import Testing
import VolumeService
import Volumes

@Suite(
    "Lent storage on a file system that is full",
    .enabled(if: geteuid() == 0, "needs root, for a file system of its own"))
final class LentFullDiskTests: Sendable {
    private let directory: TemporaryDirectory
    private let closed = Mutex<[LeaseID]>([])
    private let time = Mutex<Int64>(1)

    init() throws {
        directory = try TemporaryDirectory()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=12m") == 0)
    }

    deinit { umount2(directory.path, Int32(MNT_DETACH)) }

    private func lender() throws -> LentStorage {
        var options = LentStorage.Options(room: .mebibytes(8))
        options.segmentSize = .kibibytes(512)
        return try LentStorage(
            in: LendingDirectory(directory.path + "/lent"), as: Lender.node, options,
            clock: { [self] in
                let now = time.withLock { $0 }
                return Moment(boot: BootID("this"), instant: Instant(microseconds: now), utc: Timestamp(microseconds: now))
            },
            onClosed: { [self] lease in closed.withLock { $0.append(lease) } })
    }

    /// Two leases for a volume that has as much as it may have, and no room on the file system for anything else.
    ///
    /// - Returns: how many blocks.
    private func fill(_ storage: LentStorage) throws -> UInt64 {
        for (number, size) in [(1, Bytes.mebibytes(4)), (2, .mebibytes(4))] {
            try storage.open(Lender.lease(UInt64(number)), size, of: LentStorage.home)
            #expect(try storage.ask(.bind(Lender.lease(UInt64(number)))) == .done)
        }
        var count: UInt64 = 0
        while true {
            let block = ServedBlocks.block(count + 1, 30_000)
            guard try storage.ask(.put([block.put], isDurable: true), body: block) == .stored(failures: [:]) else { break }
            count += 1
        }
        #expect(count > 200)
        fill()
        return count
    }

    /// The owner's own files take all that is left.
    private func fill() {
        let file = open(directory.path + "/owner", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(file) }
        let bytes = [UInt8](repeating: 1, count: 4096)
        while write(file, bytes, bytes.count) == bytes.count {}
    }

    private var free: Int64 {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return 0 }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    @Test("Blocks that are safe elsewhere are deleted, and the owner has the room back")
    func deleting() throws {
        let storage = try lender()
        let count = try fill(storage)
        storage.drain(Lender.lease(1), hold: .hours(1))
        storage.drain(Lender.lease(2), hold: .hours(1))
        for number in 1...count {
            #expect(try storage.ask(.delete([ServedBlocks.id(number)], epoch: 1)) == .done)
            if number.isMultiple(of: 20) { storage.tend() }
        }
        storage.tend()
        #expect(closed.withLock { Set($0) } == [Lender.lease(1), Lender.lease(2)])
        #expect(free > 7 << 20 && storage.report.volumes.isEmpty)
    }

    @Test("When the hold is over the owner has the room back, and what other leases have room for stays")
    func evicting() throws {
        let storage = try lender()
        _ = try fill(storage)
        storage.drain(Lender.lease(1), hold: .hours(1))
        storage.tend()
        #expect(closed.withLock { $0 }.isEmpty)
        time.withLock { $0 += Microseconds.hours(1).rawValue }
        storage.tend()
        #expect(closed.withLock { $0 } == [Lender.lease(1)])
        let left = try #require(storage.report.volumes.first)
        #expect(left.live + left.dead <= .mebibytes(4) && left.live > .mebibytes(3))
        fill()
        storage.drain(Lender.lease(2), hold: .zero)
        storage.tend()
        #expect(closed.withLock { $0 } == [Lender.lease(1), Lender.lease(2)])
        #expect(free > 3 << 20 && storage.report.volumes.isEmpty)
    }

    @Test("A volume that is dropped goes")
    func dropping() throws {
        let storage = try lender()
        _ = try fill(storage)
        #expect(try storage.ask(.drop(epoch: 1)) == .done)
        storage.tend()
        #expect(free > 7 << 20 && storage.report.volumes.isEmpty)
    }
}

extension LentStorage {
    /// Who asks below.
    static let home = NodeID(high: 1, low: 1)

    /// Asks about the volume of these tests as its home.
    func ask(_ request: BlockRequest, body: BlockContent? = nil) throws -> BlockReply {
        var message = FrameMessage(code: request.code, head: BlockMessage(request, of: Lender.volume).head)
        if let body { message = FrameMessage(code: request.code, head: message.head, body: body.bytes) }
        let reply = try answer(message, of: Self.home)
        return try BlockReply(code: reply.code, head: reply.head)
    }
}
