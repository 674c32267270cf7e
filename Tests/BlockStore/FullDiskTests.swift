import BlockKit
import BlockStore
import Foundation
import Glibc
import Resources
import Testing

@Suite("Blocks on a file system that is full")
struct FullDiskTests {
    private let disk = ForgetfulDisk()

    private static func ids(_ numbers: ClosedRange<UInt64>) -> [BlockID] { numbers.map { Samples.key($0).block } }

    /// As far as there is room for copies.
    private static func winBack(_ store: BlockStore, _ meanwhile: () -> Void) {
        while (try? store.compact()) ?? nil != nil { meanwhile() }
    }

    private static func filled(_ disk: ForgetfulDisk, _ count: UInt64 = 60) throws -> BlockStore {
        let store = try Samples.store(disk)
        for number in 1...count { try store.put(number) }
        try store.synchronize()
        disk.fill()
        return store
    }

    @Test("All can be deleted, one by one, its room is won back, and it stays deleted", arguments: [1, 60] as [UInt64])
    func deleting(step: UInt64) throws {
        let store = try Self.filled(disk)
        #expect(throws: BlockStoreError.self) { try store.put(61) }
        for first in stride(from: UInt64(1), to: 61, by: UInt64.Stride(step)) {
            try store.delete(Self.ids(first...first + step - 1), of: Samples.volume, epoch: 1)
            try store.synchronize()
            // The owner's programs take what is given back.
            Self.winBack(store) { disk.fill() }
        }
        #expect(store.usage.live == .zero && store.usage.dead < .kibibytes(40))
        var random = SeededGenerator(seed: 1)
        let again = try Samples.store(ForgetfulDisk(after: disk, &random))
        #expect(again.blocks(of: Samples.volume).isEmpty && again.epoch(of: Samples.volume) == 1)
    }

    @Test("What could not be written takes nothing, and leaves nothing", arguments: [0, 300, 5000])
    func failing(free: Int) throws {
        let store = try Self.filled(disk)
        let before = store.usage
        let sizes = try disk.names().map { disk.size(of: $0) }.reduce(0, +)
        for number in 100...120 as ClosedRange<UInt64> {
            disk.fill(leaving: free)
            #expect(throws: BlockStoreError.self) { try store.put(number, 9000) }
        }
        #expect(store.usage == before)
        #expect(try disk.names().map { disk.size(of: $0) }.reduce(0, +) <= sizes + 16 * 1024, "what is kept for notes")
        disk.clear()
        try store.put(100, 9000)
        #expect(store.usage.live == before.live + BlockStore.footprint(9000))
        #expect(try Samples.store(disk).bytes(Samples.key(100), 9000) == Samples.content(100, 9000))
    }

    @Test("What is evicted goes, and the epoch stays", arguments: [0, 20] as [Int64])
    func evicting(kibibytes: Int64) throws {
        let store = try Samples.store(disk)
        try store.raise(7, of: Samples.volume)
        try store.raise(3, of: VolumeID(high: 9, low: 9))
        for number in 1...60 as ClosedRange<UInt64> { try store.put(number) }
        disk.fill()
        let left = kibibytes * 1024 / BlockStore.footprint(1000).rawValue
        #expect(try store.evict(downTo: .kibibytes(kibibytes)) == Int(60 - left))
        #expect(store.usage.live <= .kibibytes(kibibytes) && store.usage.dead < .kibibytes(20))
        var random = SeededGenerator(seed: 1)
        let again = try Samples.store(ForgetfulDisk(after: disk, &random))
        #expect(
            again.blocks(of: Samples.volume) == (1...60 as ClosedRange<UInt64>).suffix(Int(left)).map { Samples.key($0).block })
        #expect(again.epoch(of: Samples.volume) == 7 && again.epoch(of: VolumeID(high: 9, low: 9)) == 3)
    }

    @Test("What is evicted goes also when nothing is left of what was kept for notes")
    func exhausted() throws {
        let store = try Self.filled(disk)
        var epoch: UInt64 = 0
        while (try? store.raise(epoch + 1, of: Samples.volume)) != nil { epoch += 1 }
        #expect(throws: BlockStoreError.self) { try store.delete([Samples.key(1).block], of: Samples.volume, epoch: epoch) }
        #expect(try store.evict(downTo: .zero) == 60)
        #expect(store.usage.live == .zero && store.epoch(of: Samples.volume) == epoch)
        #expect(try Samples.store(disk).epoch(of: Samples.volume) == epoch)
    }

    @Test("An epoch that could not be written is not known", arguments: [false, true])
    func epochs(isClear: Bool) throws {
        let store = try Self.filled(disk)
        // Nothing is left of what was kept.
        var epoch: UInt64 = 0
        while (try? store.raise(epoch + 1, of: Samples.volume)) != nil { epoch += 1 }
        #expect(epoch > 20 && store.epoch(of: Samples.volume) == epoch)
        if isClear {
            disk.clear()
            try store.raise(epoch + 1, of: Samples.volume)
            try store.synchronize()
        }
        var random = SeededGenerator(seed: 1)
        let again = try Samples.store(isClear ? ForgetfulDisk(after: disk, &random) : disk)
        #expect(again.epoch(of: Samples.volume) == (isClear ? epoch + 1 : epoch))
    }

    @Test(
        "All that holds of a real one as well",
        .enabled(if: geteuid() == 0, "needs root, for a file system of its own"))
    func real() throws {
        let place = FileManager.default.temporaryDirectory.path + "/full-\(UUID())"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { rmdir(place) }
        try #require(mount("tmpfs", place, "tmpfs", 0, "size=8m") == 0)
        defer { umount2(place, Int32(MNT_DETACH)) }
        let disk = try PosixDisk(place + "/blocks")
        let options = BlockStore.Options(capacity: .mebibytes(64), segmentSize: .kibibytes(512))
        var store = try BlockStore(on: disk, options)
        var count: UInt64 = 0
        while (try? store.put(count + 1, 30_000)) != nil { count += 1 }
        #expect(count > 200)
        try store.synchronize()
        Self.fill(place + "/owner")
        let all = (1...count as ClosedRange<UInt64>).map { Samples.key($0).block }
        for id in all.prefix(Int(count) / 2) { try store.delete([id], of: Samples.volume, epoch: 1) }
        try store.synchronize()
        store = try BlockStore(on: disk, options)
        #expect(store.blocks(of: Samples.volume) == Array(all.dropFirst(Int(count) / 2)))
        Self.winBack(store) { Self.fill(place + "/owner") }
        #expect(store.usage.dead < .mebibytes(1))
        #expect(try store.evict(downTo: .zero) == Int(count) - Int(count) / 2)
        #expect(store.usage.live == .zero && store.usage.dead < .mebibytes(1))
    }

    /// The owner's own files take all that is left.
    private static func fill(_ path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(file) }
        let bytes = [UInt8](repeating: 1, count: 4096)
        while write(file, bytes, bytes.count) == bytes.count {}
    }
}
