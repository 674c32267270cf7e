import BlockStore
import Resources
import Testing
import VolumeService
import Volumes

@Suite("Messages to block servers")
struct BlockMessageTests {
    private static func id(_ random: inout SeededGenerator) -> BlockID { BlockID(high: random.next(), low: random.next()) }

    private static func put(_ random: inout SeededGenerator) -> BlockPut {
        let length = Int.random(in: 1...BlockLayout.largest, using: &random)
        return BlockPut(
            id(&random), length: length,
            checksums: (0..<BlockLayout.checksumCount(length)).map { _ in .random(in: .min ... .max, using: &random) },
            isGranted: Bool.random(using: &random))
    }

    static func request(_ kind: UInt64, _ random: inout SeededGenerator) -> BlockRequest {
        let few = Int.random(in: 0...5, using: &random)
        return switch kind % 15 {
        case 0: .put((0..<few).map { _ in put(&random) }, isDurable: Bool.random(using: &random))
        case 1: .synchronize
        case 2:
            .read(
                id(&random), offset: .random(in: 0...BlockLayout.largest, using: &random),
                length: .random(in: 0...BlockLayout.largest, using: &random))
        case 3: .readWhole(id(&random))
        case 4: .delete((0..<few).map { _ in id(&random) }, epoch: random.next())
        case 5: .raise(epoch: random.next())
        case 6: .grant(Bytes(.random(in: 0...(1 << 56), using: &random)))
        case 7: .release(Bytes(.random(in: 0...(1 << 56), using: &random)))
        case 8: .list(after: Bool.random(using: &random) ? id(&random) : nil, limit: .random(in: 1...2048, using: &random))
        case 9: .verify(id(&random), checksum: .random(in: .min ... .max, using: &random))
        case 10: .releaseAll(of: NodeID(high: random.next(), low: random.next()))
        case 11: .bind(LeaseID(high: random.next(), low: random.next()))
        case 12: .admit(nodes(few, &random), heirs: nodes(5 - few, &random), epoch: random.next())
        case 13: .drop(epoch: random.next())
        default: .usage
        }
    }

    private static func nodes(_ count: Int, _ random: inout SeededGenerator) -> [NodeID] {
        (0..<count).map { _ in NodeID(high: random.next(), low: random.next()) }
    }

    static func fault(_ kind: UInt64, _ random: inout SeededGenerator) -> BlockFault {
        let (block, volume) = (id(&random), VolumeID(high: random.next(), low: random.next()))
        let place = Int.random(in: 0...BlockLayout.largest, using: &random)
        return switch kind % 12 {
        case 0: .unknown(block, of: volume)
        case 1: .conflict(block, of: volume)
        case 2: .malformed(block, of: volume, "too long by \(place)")
        case 3: .corrupted(block, of: volume, offset: place)
        case 4: .outOfRange(block, of: volume, length: place)
        case 5: .full(needed: Bytes(Int64(place)), free: .zero)
        case 6: .deposed(volume, epoch: random.next(), current: random.next())
        case 7: .disk(file: "segment-1.blocks", "Input/output error")
        case 8: .foreign(file: "segment-1.index", "of a newer version")
        case 9: .leaving(volume)
        case 10: .notLent(volume)
        default: .lease(LeaseID(high: random.next(), low: random.next()), "is bound to another volume")
        }
    }

    private static func reply(_ kind: UInt64, _ random: inout SeededGenerator) -> BlockReply {
        func bytes() -> Bytes { Bytes(.random(in: 0...(1 << 56), using: &random)) }
        switch kind % 7 {
        case 0: return .done
        case 1:
            let places = (0..<Int.random(in: 0...9, using: &random)).map { UInt16($0 * 3) }
            return .stored(failures: Dictionary(uniqueKeysWithValues: places.map { ($0, fault(random.next(), &random)) }))
        case 2: return .content
        case 3: return .whole(checksums: (0..<Int.random(in: 0...64, using: &random)).map { UInt32($0) })
        case 4:
            let blocks = (0..<Int.random(in: 0...9, using: &random)).map { BlockEntry(id(&random), length: $0) }
            return .blocks(blocks, areLast: Bool.random(using: &random))
        case 5:
            return .usage(
                BlockUsage(
                    capacity: bytes(), live: bytes(), dead: bytes(), granted: bytes(), grantedToCaller: bytes(), free: bytes(),
                    epoch: random.next(), isLeaving: Bool.random(using: &random),
                    copyRate: Bool.random(using: &random) ? bytes() : nil))
        default: return .failed(fault(random.next(), &random))
        }
    }

    @Test(
        "What is written is read again; what is cut short or has something behind it is refused",
        arguments: 0..<300 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let volume = VolumeID(high: random.next(), low: random.next())
        let message = BlockMessage(Self.request(seed, &random), of: volume)
        #expect(try BlockMessage(code: message.request.code, head: message.head) == message)
        #expect(BlockRequest.codes.contains(message.request.code))
        let cut = Array(message.head.prefix(.random(in: 0..<message.head.count, using: &random)))
        #expect(throws: MalformedMessage.self) { try BlockMessage(code: message.request.code, head: cut) }
        #expect(throws: MalformedMessage.self) { try BlockMessage(code: message.request.code, head: message.head + [0]) }

        let reply = Self.reply(seed, &random)
        #expect(try BlockReply(code: reply.code, head: reply.head) == reply)
        #expect(throws: MalformedMessage.self) { try BlockReply(code: reply.code, head: reply.head + [0]) }
        if !reply.head.isEmpty {
            let cut = Array(reply.head.prefix(.random(in: 0..<reply.head.count, using: &random)))
            #expect(throws: MalformedMessage.self) { try BlockReply(code: reply.code, head: cut) }
        }
    }

    @Test("Whatever comes, nothing traps, and what is taken is within its bounds", arguments: 0..<100 as Range<UInt64>)
    func garbage(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var head = BlockMessage(Self.request(random.next(), &random), of: VolumeID(high: 1, low: 1)).head
            for _ in 0..<Int.random(in: 0...4, using: &random) where !head.isEmpty {
                head[Int.random(in: 0..<head.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if random.chance(.percent(20)) { head = (0..<200).map { _ in UInt8.random(in: .min ... .max, using: &random) } }
            let code = UInt16.random(in: 0x0100...0x0110, using: &random)
            if let message = try? BlockMessage(code: code, head: head) {
                #expect(message.head == head, "there is one way to say a thing")
                if case .read(_, let offset, let length) = message.request {
                    #expect(offset <= BlockLayout.largest && length <= BlockLayout.largest)
                }
            }
            _ = try? BlockReply(code: code & 15, head: head)
        }
    }

    @Test("The largest messages fit into a head")
    func largest() {
        let id = BlockID(high: 1, low: 1)
        let text = String(repeating: "x", count: 1000)
        let failures = (0..<UInt16(BlockRequest.mostPut)).map {
            ($0, BlockFault.malformed(id, of: VolumeID(high: 1, low: 1), text))
        }
        let puts = (0..<BlockRequest.mostPut).map { _ in BlockPut(id, length: 16384, checksums: [0]) }
        let heads = [
            BlockMessage(.put(puts, isDurable: true), of: VolumeID(high: 1, low: 1)).head,
            BlockMessage(.delete(.init(repeating: id, count: BlockRequest.mostDeleted), epoch: 1), of: VolumeID(high: 1, low: 1))
                .head,
            BlockMessage(
                .admit(
                    .init(repeating: NodeID(high: 1, low: 1), count: BlockRequest.mostAdmitted),
                    heirs: .init(repeating: NodeID(high: 1, low: 1), count: BlockRequest.mostHeirs), epoch: 1),
                of: VolumeID(high: 1, low: 1)
            ).head,
            BlockReply.stored(failures: Dictionary(uniqueKeysWithValues: failures)).head,
            BlockReply.blocks(.init(repeating: BlockEntry(id, length: 1), count: BlockRequest.mostListed), areLast: true).head,
        ]
        for head in heads { #expect(head.count <= 64 << 10) }
    }

    @Test("Every fault comes out as it went in", arguments: 0..<12 as Range<UInt64>)
    func faults(kind: UInt64) throws {
        var random = SeededGenerator(seed: kind)
        let reply = BlockReply.failed(Self.fault(kind, &random))
        #expect(try BlockReply(code: reply.code, head: reply.head) == reply)
    }

    @Test("Store and protocol mean the same by a block")
    func layout() {
        #expect(BlockLayout.largest == BlockKey.largest)
        #expect(BlockLayout.checksumUnit == Checksum.unit)
        #expect((0...200_000).allSatisfy { BlockLayout.checksumCount($0) == Checksum.count($0) })
    }
}
