import BlockClient
import BlockStore
import Foundation
import FrameKit
import Frames
import NIOCore
import Resources
import Synchronization
import Testing
import VolumeService
import Volumes

@Suite("Block servers", .timeLimit(.minutes(2)))
struct BlockServerTests {
    private let volume = ServedBlocks.volume

    private func id(_ number: UInt64) -> BlockID { ServedBlocks.id(number) }

    @Test("Blocks are read as they were stored, whole and in parts")
    func reading() async throws {
        try await ServedBlocks.serving { served in
            for (number, length) in [1, 100, 65536, 65537, 1_000_000, BlockLayout.largest].enumerated() {
                let block = ServedBlocks.block(UInt64(number), length)
                #expect(try await served.peer.put([block]).isEmpty)
                let whole = try await served.peer.answer(to: .read(block.put.block, of: volume))
                #expect(whole.bytes == block.bytes && whole.checksums == block.put.checksums)
                let (offset, count) = (length / 3, length / 2)
                let part = try await served.peer.answer(to: .read(block.put.block, of: volume, at: offset, count))
                #expect(part.joined == block.bytes.getSlice(at: offset, length: count))
                let summary = Checksum.summary(block.put.checksums)
                try await served.peer.answer(to: .verify(block.put.block, checksum: summary, of: volume))
            }
        }
    }

    @Test("What was answered as durable was synchronized before; what was not asked for is not")
    func durability() async throws {
        try await ServedBlocks.serving { served in
            func synchronizations() -> Int { served.disk.counts.withLock { $0.synchronizations } }
            try await served.peer.put([ServedBlocks.block(1)], isDurable: false)
            #expect(synchronizations() == 0)
            try await served.peer.answer(to: .synchronize(volume))
            #expect(synchronizations() == 1)
            try await served.peer.put([ServedBlocks.block(2), ServedBlocks.block(3)])
            #expect(synchronizations() == 2)
            try await served.peer.answer(to: .delete([id(1)], of: volume, epoch: 1))
            #expect(synchronizations() == 3)
            try await served.peer.answer(to: .raise(2, of: volume))
            #expect(synchronizations() == 4)
            let again = try BlockStore(on: try PosixDisk(served.disk.path), .init(capacity: .mebibytes(64)))
            #expect(again.blocks(of: volume) == [id(2), id(3)] && again.epoch(of: volume) == 2)
        }
    }

    @Test("Durable requests that come while the disk synchronizes share the next synchronization")
    func sharing() async throws {
        try await ServedBlocks.serving { served in
            served.disk.counts.withLock { $0.awaitedWrites = 8 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 as Range<UInt64> {
                    group.addTask { try await served.peer.put([ServedBlocks.block(number)]) }
                }
                try await group.waitForAll()
            }
            #expect(served.disk.counts.withLock { $0.synchronizations } <= 2)
        }
    }

    @Test("Many small blocks go in one request; what is wrong with one does not hold up the others")
    func batch() async throws {
        try await ServedBlocks.serving { served in
            let good = (0..<200 as Range<UInt64>).map { ServedBlocks.block($0, 500) }
            #expect(try await served.peer.put(good).isEmpty)
            let conflicting = BlockContent(
                id(5), ServedBlocks.bytes(77, 500), checksums: ServedBlocks.block(77, 500).put.checksums)
            let lying = BlockContent(id(300), ServedBlocks.bytes(1, 500), checksums: [1])
            let failures = try await served.peer.put([conflicting, ServedBlocks.block(301), lying])
            #expect(Set(failures.keys) == [id(5), id(300)])
            #expect(failures[id(5)] == .conflict(id(5), of: volume))
            if case .malformed = failures[id(300)] {} else { Issue.record("\(String(describing: failures[id(300)]))") }
            #expect(served.store.length(of: BlockKey(volume: volume, block: id(301))) == 1000)
        }
    }

    @Test("A client can tell apart what is wrong")
    func faults() async throws {
        try await ServedBlocks.serving { served in
            let peer = served.peer
            try await peer.put([ServedBlocks.block(1, 100_000)])
            #expect(await peer.failure(.read(id(9), of: volume, at: 0, 1)) == .store(.unknown(id(9), of: volume)))
            #expect(await peer.failure(.read(id(9), of: volume)) == .store(.unknown(id(9), of: volume)))
            #expect(
                await peer.failure(.read(id(1), of: volume, at: 99_999, 2))
                    == .store(.outOfRange(id(1), of: volume, length: 100_000)))
            try await peer.answer(to: .raise(5, of: volume))
            #expect(
                await peer.failure(.delete([id(1)], of: volume, epoch: 4)) == .store(.deposed(volume, epoch: 4, current: 5)))
            #expect(await peer.failure(.raise(4, of: volume)) == .store(.deposed(volume, epoch: 4, current: 5)))
            if case .store(.full) = await peer.failure(.grant(.gibibytes(1), of: volume)) {} else { Issue.record("not full") }
            served.disk.breakDown()
            let error = await peer.failure(.put([ServedBlocks.block(2)], of: volume))
            if case .store(.disk(_, "Input/output error")) = error {} else { Issue.record("\(String(describing: error))") }
        }
    }

    @Test("A damaged block is said to be so, and can be stored anew")
    func damage() async throws {
        try await ServedBlocks.serving { served in
            let block = ServedBlocks.block(1, 200_000)
            try await served.peer.put([block])
            let file = try #require(FileHandle(forUpdatingAtPath: served.disk.path + "/segment-0000000001.blocks"))
            try file.seek(toOffset: 150_000)
            try file.write(contentsOf: [0, 0, 0, 0])
            try file.close()
            let damaged = BlockError.store(.corrupted(id(1), of: volume, offset: 131_072))
            let summary = Checksum.summary(block.put.checksums)
            #expect(await served.peer.failure(.verify(id(1), checksum: summary, of: volume)) == damaged)
            #expect(await served.peer.failure(.read(id(1), of: volume)) == damaged)
            #expect(try await served.peer.put([block]).isEmpty)
            #expect(try await served.peer.answer(to: .read(id(1), of: volume)).bytes == block.bytes)
        }
    }

    @Test("Blocks are listed in pages, in order")
    func listing() async throws {
        try await ServedBlocks.serving { served in
            try await served.peer.put((0..<100 as Range<UInt64>).map { ServedBlocks.block($0, 10 + Int($0)) })
            var (found, isLast) = ([BlockEntry](), false)
            while !isLast {
                let page = try await served.peer.answer(to: .list(volume, after: found.last?.block, limit: 33))
                #expect(page.blocks.count <= 33)
                (found, isLast) = (found + page.blocks, page.isLast)
            }
            #expect(found == (0..<100 as Range<UInt64>).map { BlockEntry(id($0), length: 10 + Int($0)) })
            #expect(try await served.peer.answer(to: .list(VolumeID(high: 2, low: 2))).blocks.isEmpty)
        }
    }

    @Test("The rule decides for each request who may do what with which volume")
    func rule() async throws {
        let asked = Mutex<Set<VolumeAccess>>([])
        let rule: VolumeRule = { _, access, volume in
            asked.withLock { _ = $0.insert(access) }
            return access == .write || volume != ServedBlocks.volume ? "only reading is allowed" : nil
        }
        try await ServedBlocks.serving(rule: rule) { served in
            let refused = BlockError.call(.refused(FrameRefusal(.notPermitted, "only reading is allowed")))
            #expect(await served.peer.failure(.put([ServedBlocks.block(1)], of: volume)) == refused)
            #expect(await served.peer.failure(.usage(VolumeID(high: 2, low: 2))) == refused)
            #expect(await served.peer.failure(.read(id(1), of: volume)) == .store(.unknown(id(1), of: volume)))
            #expect(await served.peer.failure(.raise(1, of: volume)) == nil)
            #expect(served.store.blocks(of: volume).isEmpty)
            #expect(asked.withLock { $0 } == [.read, .write, .administer, .inspect])
        }
    }

    @Test("What comes as a request and makes no sense is refused, and the server lives", arguments: 0..<5 as Range<UInt64>)
    func garbage(seed: UInt64) async throws {
        try await ServedBlocks.serving { served in
            var random = SeededGenerator(seed: seed)
            for _ in 0..<200 {
                var head = BlockMessage(BlockMessageTests.request(random.next(), &random), of: volume).head
                if Bool.random(using: &random), !head.isEmpty { head[Int.random(in: 0..<head.count, using: &random)] &+= 1 }
                let body = ByteBuffer(repeating: 1, count: .random(in: 0...2000, using: &random))
                let message = FrameMessage(code: .random(in: 0x0100...0x0110, using: &random), head: head, body: body)
                _ = try? await served.peer.pool.call(message, within: .seconds(20))
            }
            _ = try await served.peer.answer(to: .usage(volume))
        }
    }
}
