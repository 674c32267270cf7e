import BlockKit
import BlockStore
import Resources
import Testing

@Suite("Blocks")
struct BlockTests {
    private let disk = ForgetfulDisk()

    @Test("The checksum is CRC-32C, by its check value")
    func checksum() {
        // https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi
        #expect(Array("123456789".utf8).withUnsafeBytes(Checksum.crc32c) == 0xe306_9283)
        #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes(Checksum.crc32c) == 0x8a91_36aa, "RFC 3720, B.4")
    }

    @Test(
        "What was written is read, whole and in part, also after the store was opened anew", arguments: [1, 511, 65_536, 200_000])
    func written(_ length: Int) throws {
        let content = Samples.content(1, length)
        var store = try Samples.store(disk, capacity: .mebibytes(16), segmentSize: .mebibytes(1))
        for round in 0..<2 {
            if round == 0 { try store.put(1, length) } else { store = try Samples.store(disk, capacity: .mebibytes(16)) }
            #expect(try store.bytes(Samples.key(1), length) == content)
            #expect(try store.verify(Samples.key(1)).content == content)
            let middle = length / 3
            #expect(try store.bytes(Samples.key(1), at: middle, length - middle) == Array(content[middle...]))
            #expect(store.length(of: Samples.key(1)) == length && store.blocks(of: Samples.volume) == [Samples.key(1).block])
        }
    }

    @Test("A block is the same in whatever pieces it comes", arguments: 0..<20 as Range<UInt64>)
    func pieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let content = Samples.content(seed, .random(in: 1...300_000, using: &random))
        let store = try Samples.store(ForgetfulDisk(), segmentSize: .mebibytes(1))
        try content.withUnsafeBytes { bytes in
            var (pieces, rest) = ([UnsafeRawBufferPointer](), bytes[...])
            while !rest.isEmpty {
                pieces.append(UnsafeRawBufferPointer(rebasing: rest.prefix(.random(in: 0...100_000, using: &random))))
                rest = rest.dropFirst(pieces[pieces.count - 1].count)
            }
            let isNew = try store.insert(Samples.key(1), pieces, checksums: Checksum.all(bytes), isGranted: false)
            #expect(isNew)
            // With one piece missing it is another block.
            let (sums, fewer) = (Checksum.all(bytes), Array(pieces.dropLast()))
            #expect(throws: BlockStoreError.self) {
                _ = try store.insert(Samples.key(2), fewer, checksums: sums, isGranted: false)
            }
        }
        #expect(try store.bytes(Samples.key(1), content.count) == content)
        #expect(try store.verify(Samples.key(1)).content == content)
    }

    @Test("A block never changes, and belongs to its volume")
    func immutable() throws {
        let store = try Samples.store(disk)
        try store.put(1)
        let before = store.usage
        try store.put(1)
        #expect(store.usage == before, "the same once more is nothing new")
        #expect(throws: BlockStoreError.conflict(Samples.key(1))) { try store.put(1, 999) }
        let other = VolumeID(high: 1, low: 2)
        #expect(throws: BlockStoreError.unknown(Samples.key(1, of: other))) { try store.bytes(Samples.key(1, of: other), 1) }
        try store.put(1, 500, of: other)
        #expect(try store.bytes(Samples.key(1), 1000) == Samples.content(1))
    }

    @Test("What is not what its checksums say, empty, or too large is not taken")
    func malformed() throws {
        let store = try Samples.store(disk)
        let content = Samples.content(1)
        for (bytes, checksums) in [(content, [UInt32(1)]), (content, []), ([], [])] {
            let error = #expect(throws: BlockStoreError.self) {
                try bytes.withUnsafeBytes { try store.put(Samples.key(1), $0, checksums: checksums) }
            }
            guard case .malformed = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(store.usage.live == .zero)
        try store.put(1)
        for (offset, count) in [(-1, 2), (999, 2), (1001, 0)] {
            #expect(throws: BlockStoreError.outOfRange(Samples.key(1), length: 1000)) {
                try store.bytes(Samples.key(1), at: offset, count)
            }
        }
    }

    @Test("Nothing is taken beyond the capacity, and what was granted is there when it is needed")
    func full() throws {
        let store = try Samples.store(disk, capacity: .kibibytes(64), segmentSize: .kibibytes(8))
        let each = BlockStore.footprint(1000)
        try store.grant(each)
        var taken: UInt64 = 0
        while (try? store.put(taken + 1)) != nil { taken += 1 }
        #expect(taken == UInt64((64 - 8) * 1024 / each.rawValue - 1))
        #expect(throws: BlockStoreError.full(needed: each, free: store.usage.free)) { try store.grant(each) }
        let content = Samples.content(taken + 1)
        try content.withUnsafeBytes { bytes in
            try store.put(Samples.key(taken + 1), bytes, checksums: Checksum.all(bytes), isGranted: true)
        }
        #expect(store.usage.granted == .zero)
        store.release(each)
        #expect(store.usage.granted == .zero && store.usage.free < each)
    }

    // MARK: Deleting

    @Test("Who was deposed deletes nothing, also after the store was opened anew")
    func epochs() throws {
        let store = try Samples.store(disk)
        try store.put(1)
        try store.put(2)
        try store.delete([Samples.key(1).block], of: Samples.volume, epoch: 3)
        #expect(throws: BlockStoreError.deposed(Samples.volume, epoch: 2, current: 3)) {
            try store.delete([Samples.key(2).block], of: Samples.volume, epoch: 2)
        }
        let again = try Samples.store(disk)
        #expect(throws: BlockStoreError.deposed(Samples.volume, epoch: 2, current: 3)) {
            try again.raise(2, of: Samples.volume)
        }
        #expect(throws: BlockStoreError.unknown(Samples.key(1))) { try again.bytes(Samples.key(1), 1) }
        #expect(try again.bytes(Samples.key(2), 1000) == Samples.content(2))
        #expect(again.epoch(of: VolumeID(high: 9, low: 9)) == 0)
    }

    @Test("An epoch is remembered when the segment that told of it is gone")
    func rememberedEpoch() throws {
        let store = try Samples.store(disk)
        let other = VolumeID(high: 1, low: 2)
        try store.raise(5, of: other)
        for number in 1...30 as ClosedRange<UInt64> { try store.put(number) }
        try store.delete((1...30).map { Samples.key($0).block }, of: Samples.volume, epoch: 1)
        for number in 31...50 as ClosedRange<UInt64> { try store.put(number) }
        while try store.compact(atLeast: 1) != nil {}
        #expect(disk.size(of: "segment-0000000001.blocks") == 0)
        #expect(try Samples.store(disk).epoch(of: other) == 5)
    }

    @Test("Room of what was deleted is won back, and all else is still there")
    func compaction() throws {
        let store = try Samples.store(disk)
        for number in 1...60 as ClosedRange<UInt64> { try store.put(number) }
        let full = store.usage
        try store.delete((1...60).filter { $0 % 3 != 0 }.map { Samples.key($0).block }, of: Samples.volume, epoch: 1)
        var won = Bytes.zero
        while let more = try store.compact() { won += more }
        #expect(won > Bytes(full.live.rawValue / 2) && store.usage.free > full.free)
        for opened in [store, try Samples.store(disk)] {
            #expect(opened.blocks(of: Samples.volume).count == 20)
            for number in 1...60 as ClosedRange<UInt64> where number % 3 == 0 {
                #expect(try opened.bytes(Samples.key(number), 1000) == Samples.content(number))
            }
        }
        #expect(try store.compact() == nil)
    }

    @Test("What was granted finds its room also while what is being won back is there twice")
    func grantedMeanwhile() throws {
        let store = try Samples.store(disk, capacity: .kibibytes(256), segmentSize: .kibibytes(64))
        for number in 1...100 as ClosedRange<UInt64> { try store.put(number) }
        try store.delete((2...21).map { Samples.key($0).block }, of: Samples.volume, epoch: 1)
        let free = store.usage.free
        try store.grant(free)
        // What is damaged has its segment stay when the rest of it was copied.
        disk.flip("segment-0000000001.blocks", at: 500)
        #expect(try store.compact(atLeast: 40) == nil && store.usage.dead > .kibibytes(60))
        for number in 101...(100 + UInt64(free.rawValue / BlockStore.footprint(1000).rawValue)) {
            let content = Samples.content(number)
            try content.withUnsafeBytes { bytes in
                try store.put(Samples.key(number), bytes, checksums: Checksum.all(bytes), isGranted: true)
            }
        }
        #expect(throws: BlockStoreError.self) { try store.put(1000) }
    }

    // MARK: Winning room back meanwhile

    /// A store in which the second of its segments has nothing but notes, the first of them that block 1 of the first one is gone.
    private func deleted() throws -> BlockStore {
        let store = try Samples.store(disk)
        for number in 1...19 as ClosedRange<UInt64> { try store.put(number) }
        try store.delete([Samples.key(1).block], of: Samples.volume, epoch: 0)
        try store.delete((11...19).map { Samples.key($0).block }, of: Samples.volume, epoch: 0)
        try store.put(20, 5000)
        try store.index()
        #expect(try disk.names().filter { $0.hasSuffix(".index") }.count == 2)
        return store
    }

    @Test("A block that is written again while its deletion is noted elsewhere stays")
    func writtenMeanwhile() throws {
        let store = try deleted()
        disk.beforeNextWrite { #expect(throws: Never.self) { try store.put(1, 700) } }
        #expect(try store.compact() != nil)
        try store.synchronize()
        var random = SeededGenerator(seed: 1)
        for opened in [store, try Samples.store(ForgetfulDisk(after: disk, &random))] {
            #expect(opened.length(of: Samples.key(1)) == 700)
        }
        #expect(disk.size(of: "segment-0000000002.blocks") == 0)
    }

    @Test(
        "While a block is being written again its deletion stays where it is, whether that fails or not",
        arguments: [true, false])
    func deletedMeanwhile(fails: Bool) throws {
        let store = try deleted()
        let disk = disk
        disk.beforeNextWrite {
            #expect(throws: Never.self) {
                while try store.compact() != nil {}
                try store.synchronize()
            }
            if fails { disk.fail(after: 0) }
        }
        if fails {
            #expect(throws: BlockStoreError.self) { try store.put(1, 700) }
        } else {
            try store.put(1, 700)
            try store.synchronize()
        }
        var random = SeededGenerator(seed: 1)
        let again = try Samples.store(ForgetfulDisk(after: disk, &random))
        #expect(again.length(of: Samples.key(1)) == (fails ? nil : 700))
        while try again.compact() != nil {}
        #expect(again.length(of: Samples.key(1)) == (fails ? nil : 700))
    }

    // MARK: Damage

    @Test("Damage is found when it is read and by a scrub, and mended by writing the block anew")
    func damage() throws {
        let store = try Samples.store(disk, capacity: .mebibytes(16), segmentSize: .mebibytes(1))
        try store.put(1, 150_000)
        try store.put(2)
        disk.flip("segment-0000000001.blocks", at: 100_000)
        #expect(throws: BlockStoreError.corrupted(Samples.key(1), offset: Checksum.unit)) {
            try store.bytes(Samples.key(1), 150_000)
        }
        #expect(try store.bytes(Samples.key(1), 65_536) == Array(Samples.content(1, 150_000)[..<65_536]), "the rest is good")
        #expect(try store.scrub() == [Samples.key(1)] && store.damagedBlocks == [Samples.key(1)])
        try store.put(1, 150_000)
        #expect(store.damagedBlocks.isEmpty)
        #expect(try store.scrub() == [])
    }

    @Test("Where a list of a segment's records is damaged or missing, the segment itself is read", arguments: [true, false])
    func index(isMissing: Bool) throws {
        let store = try Samples.store(disk)
        for number in 1...40 as ClosedRange<UInt64> { try store.put(number) }
        try store.index()
        let name = "segment-0000000001.index"
        #expect(disk.size(of: name) > 100)
        if isMissing { try disk.remove(name) } else { disk.flip(name, at: 77) }
        let again = try Samples.store(disk)
        for number in 1...40 as ClosedRange<UInt64> {
            #expect(try again.bytes(Samples.key(number), 1000) == Samples.content(number))
        }
        try again.index()
        #expect(disk.size(of: name) > 100, "it is made again")
    }
}
