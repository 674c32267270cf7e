import BlockKit
import BlockStore
import Resources
import Testing

@Suite("Blocks and crashes")
struct BlockCrashTests {
    /// What a store was told, and what of it was acknowledged.
    private struct Model {
        /// Written or deleted, and made durable.
        var there: [UInt64: Int] = [:]
        var gone: Set<UInt64> = []
        /// The same, not made durable yet.
        var written: [UInt64: Int] = [:]
        var deleted: Set<UInt64> = []
        var epoch: UInt64 = 0
        var durableEpoch: UInt64 = 0

        mutating func acknowledge() {
            there.merge(written) { $1 }
            for number in deleted { there[number] = nil }
            gone.formUnion(deleted)
            (written, deleted, durableEpoch) = ([:], [], epoch)
        }
    }

    private static func work(_ store: BlockStore, _ model: inout Model, _ next: inout UInt64, _ random: inout SeededGenerator)
        throws
    {
        switch Int.random(in: 0..<11, using: &random) {
        case 0...4:
            next += 1
            let length = Int.random(in: 1...3000, using: &random)
            model.written[next] = length
            try store.put(next, length)
        case 5, 6:
            let known = (Array(model.there.keys) + Array(model.written.keys)).sorted()
            let chosen = known.filter { _ in random.chance(.percent(30)) }
            model.deleted.formUnion(chosen)
            if model.epoch == 0 || random.chance(.percent(10)) { model.epoch += 1 }
            try store.delete(chosen.map { Samples.key($0).block }, of: Samples.volume, epoch: model.epoch)
        case 7: _ = try store.compact(atLeast: .random(in: 1...60, using: &random))
        case 8: try store.index()
        case 9 where random.chance(.percent(10)): try evict(store, &model, .kibibytes(.random(in: 0...40, using: &random)))
        default:
            try store.synchronize()
            model.acknowledge()
        }
    }

    /// Deletes what nobody has asked to delete. Where it fails, any of it may be gone.
    private static func evict(_ store: BlockStore, _ model: inout Model, _ size: Bytes) throws {
        let known = Set(model.there.keys).union(model.written.keys)
        model.deleted.formUnion(known)
        let count = try store.evict(downTo: size)
        model.deleted = known.filter { store.length(of: Samples.key($0)) == nil }
        if count > 0 { model.acknowledge() }
    }

    /// Works on while the file system becomes full and has room again. What had none has changed nothing.
    private static func workWherever(
        _ disk: ForgetfulDisk, _ store: BlockStore, _ model: inout Model, _ next: inout UInt64, _ random: inout SeededGenerator
    ) throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: disk.fill(leaving: .random(in: 0...2000, using: &random))
        case 1: disk.clear()
        default: break
        }
        let before = model
        do { try work(store, &model, &next, &random) } catch BlockStoreError.full {
            // Some of what was to be evicted, and the epoch, may have got there.
            let known = Set(before.there.keys).union(before.written.keys)
            model = before
            model.deleted.formUnion(known.filter { store.length(of: Samples.key($0)) == nil })
            model.epoch = store.epoch(of: Samples.volume)
        }
    }

    @Test(
        "Whatever step is the last, what was acknowledged is there, and nothing else comes to be",
        arguments: 0..<300 as Range<UInt64>, [false, true])
    func anywhere(_ seed: UInt64, becomesFull: Bool) throws {
        var random = SeededGenerator(seed: seed)
        var (disk, model, next) = (ForgetfulDisk(), Model(), UInt64(0))
        for round in 0..<6 {
            let place = "seed \(seed), round \(round)"
            let store = try Samples.store(disk, capacity: .mebibytes(2), segmentSize: .kibibytes(16))
            try Self.check(store, model, next, place)
            Self.settle(store, &model, next)
            disk.fail(after: .random(in: 1...60, using: &random))
            do {
                while true {
                    if becomesFull {
                        try Self.workWherever(disk, store, &model, &next, &random)
                    } else {
                        try Self.work(store, &model, &next, &random)
                    }
                }
            } catch BlockStoreError.disk {
                #expect(throws: BlockStoreError.self, "after a failure nothing is written") { try store.put(next + 1000) }
            }
            disk = ForgetfulDisk(after: disk, &random)
        }
    }

    /// What was acknowledged is there; what was not may be, and is then what was written.
    private static func check(_ store: BlockStore, _ model: Model, _ next: UInt64, _ place: String) throws {
        for number in 0..<next + 1 {
            let key = Samples.key(number)
            let length = store.length(of: key)
            if let length {
                #expect(!model.gone.contains(number), "\(place): \(number) has come back")
                let expected = model.there[number] ?? model.written[number]
                #expect(length == expected, "\(place): \(number)")
                #expect(try store.bytes(key, length) == Samples.content(number, length), "\(place): \(number)")
            } else {
                #expect(model.there[number] == nil || model.deleted.contains(number), "\(place): \(number) is lost")
            }
        }
        #expect(store.epoch(of: Samples.volume) >= model.durableEpoch, "\(place)")
        #expect(try store.scrub() == [], "\(place)")
    }

    /// What is there after a crash counts from then on.
    private static func settle(_ store: BlockStore, _ model: inout Model, _ next: UInt64) {
        model.there = [:]
        for number in 0..<next + 1 { model.there[number] = store.length(of: Samples.key(number)) }
        model.gone = Set(0..<next + 1).subtracting(model.there.keys)
        (model.written, model.deleted) = ([:], [])
        (model.epoch, model.durableEpoch) = (store.epoch(of: Samples.volume), store.epoch(of: Samples.volume))
    }
}
