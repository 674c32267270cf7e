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

@Suite("A home keeps two copies of each block on three lenders", .serialized, .timeLimit(.minutes(3)))
struct VolumeUpkeepTests {
    /// A home, its lenders, and blocks that are on the first two of these, and in a file.
    private struct Kept: Sendable {
        let home: ServedHomes
        let volume: VolumeID
        let lenders: [LendingNode]
        let blocks: [NewBlock]

        /// How many of the blocks the metadata have on a lender.
        func named(on lender: LendingNode) throws -> Int {
            try home.homes.blocks(of: volume, on: lender.node, after: nil, limit: 1000).count
        }

        func provide(_ places: [StorePlace]) throws { try home.homes.provide(places, to: volume) }
        var status: VolumeStatus { get throws { try home.homes.status(of: volume) } }
        func content(_ number: Int) -> ByteBuffer { ServedBlocks.bytes(UInt64(number), 50_000) }
    }

    private func withBlocks(_ body: (Kept) async throws -> Void) async throws {
        try await HomesPool.serving(1) { pool in
            let home = try await pool.start(0)
            let volume = try await pool.makeVolume(on: home, copies: 2)
            var lenders: [LendingNode] = []
            for number in 0..<3 {
                let peer = try pool.peers.node("lender\(number)")
                lenders.append(try await LendingNode(to: volume, of: pool.members[0], as: peer))
            }
            try home.homes.provide(lenders.map { $0.place() }, to: volume)
            let blocks = try await write(12, on: Array(lenders[..<2]), of: volume, home, as: pool.members[0])
            let kept = Kept(home: home, volume: volume, lenders: lenders, blocks: blocks)
            let result = await Result { () async throws in try await body(kept) }
            for lender in lenders { await lender.end() }
            try result.get()
        }
    }

    /// Stores blocks and puts them into a file, one behind the other.
    private func write(
        _ count: Int, on lenders: [LendingNode], of volume: VolumeID, _ home: ServedHomes, as client: FramePeer
    ) async throws -> [NewBlock] {
        let link = FramePool(to: home.node, host: "127.0.0.1", port: home.plan.port, as: client, .single)
        let asker = HomeAsker(pool: link, node: client.node, session: SessionID(high: 1, low: 1), volume: volume)
        _ = try await asker.ask(.begin(node: client.node))
        guard case .changed(.inode(let file), _, _, _) = try await asker.make("f", number: 1) else { throw UnexpectedAnswer() }
        for number in 2... {
            guard case .space(let header) = try await asker.ask(.space) else { throw UnexpectedAnswer() }
            let blocks = try await store(count, of: header.generation, on: lenders)
            let extents = blocks.enumerated().map { place, block in
                Extent(offset: UInt64(place) * 50_000, length: 50_000, source: .block(block.id, offset: 0))
            }
            let write = Volumes.Operation.write([FileWrite(inode: file.number, extents: extents)], blocks: blocks, promised: 0)
            let answer = try await asker.ask(.change(write, slot: 0, number: UInt64(number)))
            // Their generation has passed meanwhile.
            if answer == .refused(.canceled) { continue }
            #expect(answer.record != nil)
            _ = try await asker.ask(.end)
            await link.shutDown()
            return blocks
        }
        throw UnexpectedAnswer()
    }

    private func store(_ count: Int, of generation: UInt64, on lenders: [LendingNode]) async throws -> [NewBlock] {
        var (random, blocks) = (SystemRandomNumberGenerator(), [NewBlock]())
        for number in 0..<count {
            let bytes = ServedBlocks.bytes(UInt64(number), 50_000)
            let checksums = bytes.withUnsafeReadableBytes(Checksum.all)
            let content = BlockContent(BlockID(generation: generation, using: &random), bytes, checksums: checksums)
            for lender in lenders {
                #expect(try await lender.blocks.answer(to: .put([content], of: lender.volume)) == [:])
            }
            blocks.append(
                NewBlock(
                    id: content.put.block, length: 50_000, checksum: Checksum.summary(checksums),
                    replicas: lenders.map(\.node).sorted()))
        }
        return blocks
    }

    private struct UnexpectedAnswer: Error {}

    private func isWhole(_ kept: Kept) throws -> Bool {
        let blocks = try kept.status.blocks
        return blocks.isSurveyed && blocks.underway + blocks.waiting + blocks.damaged == 0 && blocks.unreachable.blocks == 0
    }

    @Test("what was on a lender that is lost is copied to another one, and forgotten there when it is gone for good")
    func lost() async throws {
        try await withBlocks { kept in
            await kept.lenders[0].cut()
            try kept.provide([kept.lenders[0].place(.lost), kept.lenders[1].place(), kept.lenders[2].place()])
            try await until { try kept.named(on: kept.lenders[2]) == 12 }
            #expect(try await kept.lenders[2].has(kept.blocks))
            try await until { try isWhole(kept) }
            #expect(try kept.named(on: kept.lenders[0]) == 12, "it may come back")
            #expect(try kept.status.blocks.lacking.blocks == 0)
            try kept.provide([kept.lenders[1].place(), kept.lenders[2].place()])
            try await until { try kept.named(on: kept.lenders[0]) == 0 && isWhole(kept) }
            #expect(try kept.named(on: kept.lenders[1]) == 12 && kept.named(on: kept.lenders[2]) == 12)
        }
    }

    @Test("an evacuation comes to its end: nothing is on the lender any more, and all copies are elsewhere")
    func evacuation() async throws {
        try await withBlocks { kept in
            let left = kept.lenders[0]
            try await until { try kept.status.stores.allSatisfy { $0.capacity > .zero } }
            #expect(try kept.home.homes.evacuate(left.node, from: kept.volume).blocks == 12)
            try await until { try kept.status.evacuations.first?.isDone ?? false }
            #expect(kept.home.news.contains(.blocks(.evacuated(left.node))))
            #expect(try kept.named(on: left) == 0)
            try await until { try await left.count() == 0 }
            #expect(try await kept.lenders[1].has(kept.blocks))
            #expect(try await kept.lenders[2].has(kept.blocks))
        }
    }

    @Test("a lender whose owner wants the room back says so itself, and gets it when all copies are elsewhere")
    func wantedBack() async throws {
        try await withBlocks { kept in
            let left = kept.lenders[0]
            left.drain()
            try await until { left.isDrained }
            #expect(try kept.named(on: left) == 0)
            #expect(try await kept.lenders[1].has(kept.blocks))
            #expect(try await kept.lenders[2].has(kept.blocks))
            #expect(!kept.home.news.contains { if case .blocks(.unreachable) = $0 { true } else { false } })
        }
    }

    @Test("a damaged copy is replaced where it is")
    func damaged() async throws {
        try await withBlocks { kept in
            let (lender, block) = (kept.lenders[0], kept.blocks[3])
            try lender.damage(kept.content(3))
            #expect(try await lender.has([block]) == false)
            try kept.home.homes.suspect(block.id, on: lender.node, of: kept.volume)
            try await until { kept.home.news.contains(.blocks(.replaced(block.id, on: lender.node))) }
            #expect(try await lender.has(kept.blocks))
            try await until { try isWhole(kept) }
            #expect(try kept.named(on: lender) == 12 && kept.named(on: kept.lenders[2]) == 0)
        }
    }
}
