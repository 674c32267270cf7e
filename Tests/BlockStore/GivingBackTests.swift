import BlockKit
import BlockStore
import Resources
import Testing

@Suite("Room that is given back")
struct GivingBackTests {
    private let disk = ForgetfulDisk()

    private static func fill(_ store: BlockStore, from first: UInt64 = 1) -> UInt64 {
        var next = first
        while (try? store.put(next)) != nil { next += 1 }
        return next - first
    }

    @Test("A store that grows takes more, and one that shrinks keeps what it has and takes no more, though room was granted")
    func resizing() throws {
        let store = try Samples.store(disk, capacity: .kibibytes(64), segmentSize: .kibibytes(8))
        let first = Self.fill(store)
        store.resize(to: .kibibytes(128))
        let each = BlockStore.footprint(1000)
        try store.grant(each * 3)
        store.resize(to: .kibibytes(32))
        #expect(store.usage.free == .zero && store.usage.capacity == .kibibytes(32))
        for isGranted in [false, true] {
            let content = Samples.content(500)
            #expect(throws: BlockStoreError.full(needed: each, free: .zero), "granted: \(isGranted)") {
                try content.withUnsafeBytes {
                    _ = try store.insert(Samples.key(500), [$0], checksums: Checksum.all($0), isGranted: isGranted)
                }
            }
        }
        #expect(store.blocks(of: Samples.volume).count == Int(first))
        store.resize(to: .kibibytes(128))
        store.release(each * 3)
        #expect(first + Self.fill(store, from: first + 1) == UInt64((128 - 8) * 1024 / each.rawValue))
    }

    @Test("What has no capacity any more can still be read, deleted and won back", arguments: [1, 10] as [UInt64])
    func nothing(step: UInt64) throws {
        let store = try Samples.store(disk, capacity: .mebibytes(1), segmentSize: .kibibytes(256))
        for number in 1...100 as ClosedRange<UInt64> { try store.put(number) }
        store.resize(to: .zero)
        for first in stride(from: UInt64(1), to: 101, by: UInt64.Stride(step)) {
            #expect(try store.bytes(Samples.key(first), 1000) == Samples.content(first))
            let ids = (first..<first + step).map { Samples.key($0).block }
            try store.delete(ids, of: Samples.volume, epoch: 1)
        }
        #expect(try disk.names().count { $0.hasSuffix(".blocks") } < 10, "deletions do not each take a segment")
        try store.beginSegment()
        while try store.compact(atLeast: 1) != nil {}
        #expect(store.usage.live == .zero && store.usage.dead < .kibibytes(4))
    }

    @Test("What has no capacity any more is not cut into small segments")
    func segments() throws {
        let store = try Samples.store(disk, capacity: .mebibytes(8), segmentSize: .mebibytes(1))
        for number in 1...100 as ClosedRange<UInt64> { try store.put(number, 40_000) }
        store.resize(to: .zero)
        try store.delete((1...100).filter { $0 % 3 != 0 }.map { Samples.key($0).block }, of: Samples.volume, epoch: 1)
        while try store.compact() != nil {}
        #expect(store.usage.live > .mebibytes(1) && store.usage.dead < .kibibytes(700))
        #expect(try disk.names().count { $0.hasSuffix(".blocks") } < 8)
    }

    @Test("What is evicted makes room at once, the oldest first, and is gone for good", arguments: [0, 20, 100] as [Int64])
    func evicting(kibibytes: Int64) throws {
        let store = try Samples.store(disk, capacity: .mebibytes(1), segmentSize: .kibibytes(16))
        for number in 1...60 as ClosedRange<UInt64> { try store.put(number) }
        store.resize(to: .kibibytes(kibibytes))
        let left = kibibytes * 1024 / BlockStore.footprint(1000).rawValue
        #expect(try store.evict(downTo: .kibibytes(kibibytes)) == Int(max(0, 60 - left)))
        while try store.compact(atLeast: 1) != nil {}
        for opened in [store, try Samples.store(disk)] {
            #expect(opened.usage.live <= .kibibytes(kibibytes))
            let expected = (1...60 as ClosedRange<UInt64>).suffix(Int(min(60, left))).map { Samples.key($0).block }
            #expect(opened.blocks(of: Samples.volume) == expected)
            for block in expected { try opened.verify(BlockKey(volume: Samples.volume, block: block)) }
        }
    }

    @Test("A store that was removed leaves no file, has nothing and takes nothing; what is no file of it stays")
    func removing() throws {
        _ = try disk.open("other", isNew: true)
        let store = try Samples.store(disk)
        for number in 1...60 as ClosedRange<UInt64> { try store.put(number) }
        try store.index()
        try store.remove()
        #expect(try disk.names() == ["other"])
        #expect(throws: BlockStoreError.removed) { try store.put(1) }
        #expect(throws: BlockStoreError.removed) { try store.synchronize() }
        #expect(throws: BlockStoreError.unknown(Samples.key(2))) { try store.bytes(Samples.key(2), 1) }
        #expect(store.usage.live == .zero && store.usage.dead == .zero && store.usage.granted == .zero)
    }

    @Test("A block that is whole and not the one that others know can be written anew once that is found")
    func summaries() throws {
        let store = try Samples.store(disk)
        try store.put(1)
        let good = Checksum.summary(Samples.content(1).withUnsafeBytes(Checksum.all))
        let other = Checksum.summary(Samples.content(2, 900).withUnsafeBytes(Checksum.all))
        try store.verify(Samples.key(1), summary: good, isBinding: true)
        let damaged = BlockStoreError.corrupted(Samples.key(1), offset: 0)
        #expect(throws: damaged) { try store.verify(Samples.key(1), summary: other, isBinding: false) }
        #expect(throws: BlockStoreError.conflict(Samples.key(1))) { try store.put(1, 900) }
        #expect(throws: damaged) { try store.verify(Samples.key(1), summary: other, isBinding: true) }
        try store.put(1, 900)
        #expect(try store.bytes(Samples.key(1), 900) == Samples.content(1, 900))
    }
}
