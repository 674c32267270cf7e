import Bookkeeping
import Foundation
import Resources
import Synchronization
import Testing

@testable import LedgerStore

/// Ends all work on files at one step, as a crash would: from then on no step is taken any more.
private final class CrashPoint: Sendable {
    struct Crash: Error {}

    private let left: Mutex<Int>

    /// - Parameter step: counted from 0.
    init(at step: Int) { left = Mutex(step) }

    var hasCome: Bool { left.withLock { $0 < 0 } }

    var files: DurableFiles {
        DurableFiles { [self] _, _ in
            let crashes = left.withLock { left in
                left -= 1
                return left < 0
            }
            if crashes { throw Crash() }
        }
    }
}

/// What was committed, and what it comes to after each commit.
private struct Committed {
    private(set) var tallies = [Tally()]

    mutating func add(_ transfers: [Transfer]) throws {
        var tally = tallies[tallies.count - 1]
        for transfer in transfers { try tally.enter(transfer) }
        tallies.append(tally)
    }
}

@Suite("Crash points")
struct CrashPointTests {
    /// How many steps of one course are tried.
    private static let pointsOfCourse = 32

    private final class Place {
        let directory: TemporaryDirectory
        let base: String
        var ledger: String { base + "/ledger" }
        var archive: String { base + "/archive" }
        var standby: String { base + "/standby" }
        var restored: String { base + "/restored" }

        init() throws {
            directory = try TemporaryDirectory()
            base = directory.path
        }

        func options(_ point: CrashPoint) -> LedgerStore.Options {
            var options = LedgerStore.Options()
            options.standby = StandbySettings(directory: standby)
            options.steps = point.files
            return options
        }
    }

    @Test(
        "whatever step of closing, archiving, mounting, copying and restoring is the last, no unit is lost or invented",
        arguments: 0..<16 as Range<UInt64>)
    func anywhere(seed: UInt64) async throws {
        // Where there are no more steps the whole course is one more point.
        var random = SeededGenerator(seed: seed)
        let steps = try await run(seed, CrashPoint(at: .max - 1)).steps
        #expect(steps > Self.pointsOfCourse, "a course is to have steps enough")
        for _ in 0..<Self.pointsOfCourse {
            let step = Int.random(in: 0..<steps, using: &random)
            _ = try await run(seed, CrashPoint(at: step))
        }
    }

    /// Goes through a course of work until the crash, and looks at what is there.
    ///
    /// - Returns: about how many steps there were.
    private func run(_ seed: UInt64, _ point: CrashPoint) async throws -> (steps: Int, Void) {
        let place = try Place()
        let counter = Mutex(0)
        var options = place.options(point)
        let before = options.steps.before
        options.steps.before = { step, path in
            counter.withLock { $0 += 1 }
            try before(step, path)
        }
        var committed = Committed()
        var random = RandomBooks(seed: seed)
        try await work(place, options, &random, &committed, point)
        try await checkLedger(place, committed)
        try await checkStandby(place, committed, options.steps, point)
        return (counter.withLock { $0 }, ())
    }

    /// Commits, closes, archives and mounts, in an order that the seed gives.
    private func work(
        _ place: Place, _ options: LedgerStore.Options, _ random: inout RandomBooks, _ committed: inout Committed,
        _ point: CrashPoint
    ) async throws {
        guard let store = try? LedgerStore(directory: place.ledger, options: options) else { return }
        defer { store.close() }
        try await store.commit(random.open())
        for round in 0..<8 where !point.hasCome {
            let transfers = random.next(.random(in: 1...4, using: &random.generator))
            do {
                try await store.commit(transfers.map(Record.transfer))
            } catch {
                #expect(point.hasCome, "\(error)")
                return
            }
            try committed.add(transfers)
            switch Int.random(in: 0..<5, using: &random.generator) {
            case 0, 1: _ = try? await store.closeSegment()
            case 2: _ = try? store.archive(to: place.archive, keeping: .random(in: 0...1, using: &random.generator))
            case 3: try? await store.mount(place.archive, telling: event(round))
            default: try? await store.unmount(place.archive, telling: event(round))
            }
        }
        // Some courses end with everything copied, others in the middle of it.
        if Bool.random(using: &random.generator), let segment = store.writer.segment {
            _ = store.writer.standby?.waitUntilShipped(segment, .seconds(5))
        }
    }

    private func checkLedger(_ place: Place, _ committed: Committed) async throws {
        let store = try LedgerStore(directory: place.ledger)
        defer { store.close() }
        if try store.beginning() != nil { try await store.mount(place.archive, telling: event(99)) }
        let found = try store.verify(signatures: isSigned)
        #expect(found.fault == nil && found.firstSegment <= 1)
        #expect(Tally(store) == committed.tallies.last, "what was acknowledged, and nothing else")
        // It goes on, also with what the crash interrupted.
        try await store.commit([.transfer(direct(9_000_000))])
        try await store.closeSegment()
    }

    /// Restores from the standby: crashes in the middle of that, and then to the end.
    private func checkStandby(_ place: Place, _ committed: Committed, _ files: DurableFiles, _ point: CrashPoint) async throws {
        if !point.hasCome { _ = try? Restoring(from: place.standby, to: place.restored, files).run() }
        if !FileManager.default.fileExists(atPath: place.restored) {
            guard FileManager.default.fileExists(atPath: place.standby) else { return }
            do throws(LedgerStoreError) {
                _ = try Restoring(from: place.standby, to: place.restored).run()
            } catch {
                #expect(error.description.contains("nothing complete yet"), "\(error)")
                return
            }
        }
        let store = try LedgerStore(directory: place.restored)
        defer { store.close() }
        #expect(try store.verify(signatures: isSigned).fault == nil)
        let restored = Tally(store)
        #expect(committed.tallies.contains { $0 == restored }, "what stood after some commit, and nothing else")
    }
}

extension Tally {
    /// What stands in a ledger.
    fileprivate init?(_ store: LedgerStore) {
        guard let snapshot = try? store.booksSnapshot() else { return nil }
        self.init(entries: snapshot.entries, reservations: snapshot.reservations)
    }
}
