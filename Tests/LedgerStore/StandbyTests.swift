import Bookkeeping
import Foundation
import GRDB
import Resources
import Synchronization
import Testing

@testable import LedgerStore

@Suite("Standby")
struct StandbyTests {
    private let directory: TemporaryDirectory
    private let standby: TemporaryDirectory
    private let restored: TemporaryDirectory

    init() throws {
        (directory, standby, restored) = (try TemporaryDirectory(), try TemporaryDirectory(), try TemporaryDirectory())
    }

    private var options: LedgerStore.Options {
        var options = LedgerStore.Options()
        options.standby = StandbySettings(directory: standby.path)
        return options
    }

    /// What a restored directory has: the transfers, and the state that was committed with them.
    private func look(_ path: String) throws -> (ids: [UInt64], last: Int?) {
        let store = try LedgerStore(directory: path)
        defer { store.close() }
        #expect(try store.verify(signatures: isSigned).fault == nil)
        let all = try store.posted(PostedQuery(), after: 0, limit: 100_000)
        return (all.map(\.transfer.id.low), try store.state(.setting, id: "last", as: Int.self))
    }

    /// Whether all that was committed is copied.
    private func settled(_ store: LedgerStore) throws -> Bool {
        try #require(store.writer.standby).waitUntilShipped(try store.writer.openSegment(), .seconds(60))
    }

    @Test("once the store is closed the standby has everything, over segments and restarts, and goes on with it")
    func everything() async throws {
        for round in 0..<3 {
            try await directory.withStore(options) { store in
                for n in 1...40 {
                    try await store.commit([.transfer(direct(round * 100 + n)), .state(.setting, id: "last", round * 100 + n)])
                    if n.isMultiple(of: 15) { try await store.closeSegment() }
                }
            }
        }
        let whole = try look(directory.path)
        let found = try Restoring(from: standby.path, to: restored.path).run()
        #expect(found.found.transfers == 120 && found.newest == found.at)
        let copy = try look(restored.path)
        #expect(copy.ids == whole.ids && copy.last == whole.last)
        let segments = try SegmentDirectory(path: restored.path).entries().count
        #expect(segments == 7)
    }

    @Test("each point in time between commits is restored as it was", arguments: [UInt64(1), 2])
    func pointInTime(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var times: [(after: Timestamp, last: Int)] = []
        try await directory.withStore(options) { store in
            try await store.commit([])
            #expect(try settled(store))
            for n in 1...30 {
                try await store.commit([.transfer(direct(n)), .state(.setting, id: "last", n)])
                times.append((Standby.now(), n))
                guard Int.random(in: 0..<8, using: &random) == 0 else { continue }
                try await store.closeSegment()
                // until the next segment's base copy is there, only the end of the one before can be restored
                try await store.commit([])
                #expect(try settled(store))
            }
        }
        let oldest = try Restoring(from: standby.path, to: restored.path).run().oldest
        for (time, last) in times where time >= oldest && Int.random(in: 0..<4, using: &random) == 0 {
            let target = restored.file("\(last)")
            _ = try Restoring(from: standby.path, to: target).run(at: time)
            let copy = try look(target)
            #expect(copy.ids == (1...UInt64(last)).map { $0 } && copy.last == last, "at \(time)")
        }
        let early = #expect(throws: LedgerStoreError.self) {
            try Restoring(from: standby.path, to: restored.file("early")).run(at: oldest + -.seconds(1))
        }
        #expect(early?.description.contains("the oldest time that can be restored is") == true)
        #expect(!FileManager.default.fileExists(atPath: restored.file("early")))
    }

    @Test("a write-ahead log that is folded in many times leaves nothing out")
    func checkpoints() async throws {
        try await directory.withStore(options) { store in
            for n in 1...600 {
                try await store.commit(
                    (0..<5).map { .transfer(direct(n * 10 + $0)) } + [
                        .state(.setting, id: "last", n), .state(.setting, id: "filler", String(repeating: "\(n) ", count: 2000)),
                    ])
            }
        }
        let found = try Restoring(from: standby.path, to: restored.file("all")).run()
        #expect(found.found.transfers == 3000)
        #expect(try look(restored.file("all")).last == 600)
        let generations = try StandbyDirectory(path: standby.path).generations()
        var epochs: Set<UInt64> = []
        for generation in generations {
            try generation.log.read { piece, _ in
                epochs.insert(piece.epoch)
                return true
            }
        }
        #expect(epochs.count > 2, "the test is to see the log reused")
    }

    @Test("a directory that cannot be used is said and stops nothing; another ledger's is not touched")
    func unusable() async throws {
        let said = Mutex<[String?]>([])
        var options = options
        options.onStandby = { text in said.withLock { $0.append(text) } }
        try await directory.withStore(options) { try await $0.commit([.transfer(direct(1))]) }
        let names = try FileManager.default.contentsOfDirectory(atPath: standby.path).sorted()
        let other = try TemporaryDirectory()
        try await other.withStore(options) { store in
            for n in 1...50 { try await store.commit([.transfer(direct(n))]) }
            try await store.closeSegment()
            try await store.commit([.transfer(direct(51))])
            #expect(store.standby?.fault?.contains("standby of another ledger") == true)
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
        #expect(said.withLock { $0.contains { $0?.contains("standby of another ledger") == true } })
        #expect(try FileManager.default.contentsOfDirectory(atPath: standby.path).sorted() == names)
    }

    @Test("a standby that loses its place mid-way goes on with a new base copy, and nothing restored is inconsistent")
    func lostPlace() async throws {
        let failing = Mutex(false)
        var options = options
        options.steps.before = { step, path in
            if step == .write, path.hasSuffix("/log"), failing.withLock({ $0 }) {
                throw LedgerStoreError.full(file: path)
            }
        }
        try await directory.withStore(options) { store in
            for n in 1...20 {
                if n == 10 { failing.withLock { $0 = true } }
                try await store.commit([.transfer(direct(n)), .state(.setting, id: "last", n)])
            }
        }
        failing.withLock { $0 = false }
        try await directory.withStore(options) { try await $0.commit([.transfer(direct(21)), .state(.setting, id: "last", 21)]) }
        _ = try Restoring(from: standby.path, to: restored.file("new")).run()
        #expect(try look(restored.file("new")).ids == (1...21).map { UInt64($0) })
    }

    @Test("a base copy that fails leaves nothing behind")
    func failedBase() async throws {
        var options = options
        options.steps.before = { step, path in
            if step == .rename, path.hasSuffix("base.sqlite") { throw LedgerStoreError.full(file: path) }
        }
        try await directory.withStore(options) { store in
            try await store.commit([.transfer(direct(1))])
            #expect(try !settled(store))
            #expect(store.standby?.fault?.contains("no space left") == true)
        }
        #expect(try StandbyDirectory(path: standby.path).generations().isEmpty)
    }

    @Test("a commit that is longer than a piece is restored whole")
    func longCommit() async throws {
        try await directory.withStore(options) { store in
            try await store.commit([.transfer(direct(1)), .state(.setting, id: "last", 1)])
            #expect(try settled(store))
            let filler = String(repeating: "long ", count: 2_000_000)
            try await store.commit([
                .transfer(direct(2)), .state(.setting, id: "last", 2), .state(.setting, id: "filler", filler),
            ])
        }
        var parts = 0
        try #require(try StandbyDirectory(path: standby.path).generations().last).log.read { piece, _ in
            parts += piece.isPoint ? 0 : 1
            return true
        }
        #expect(parts > 1)
        _ = try Restoring(from: standby.path, to: restored.file("all")).run()
        #expect(try look(restored.file("all")).last == 2)
    }

    @Test("what is restored does not take the place of anything, and of a torn log what is whole counts")
    func targets() async throws {
        try await directory.withStore(options) { store in
            try await store.commit([])
            #expect(try settled(store))
            for n in 1...5 { try await store.commit([.transfer(direct(n)), .state(.setting, id: "last", n)]) }
        }
        for taken in [directory.path, standby.path] {
            #expect(throws: LedgerStoreError.self) { try Restoring(from: standby.path, to: taken).run() }
        }
        #expect(throws: LedgerStoreError.self) { try Restoring(from: directory.path, to: restored.path).run() }
        let log = try #require(try StandbyDirectory(path: standby.path).generations().last).log.path
        let whole = try #require(FileManager.default.contents(atPath: log))
        for cut in [1, 40, 4000, 9000] where cut < whole.count - 200 {
            try whole.dropLast(cut).write(to: URL(fileURLWithPath: log))
            let target = restored.file("cut-\(cut)")
            let found = try Restoring(from: standby.path, to: target).run()
            let copy = try look(target)
            #expect(found.found.transfers == Int64(copy.last ?? 0) && copy.ids.count == copy.last ?? 0)
        }
    }
}
