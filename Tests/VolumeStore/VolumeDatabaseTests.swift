import Foundation
import Resources
import Synchronization
import Testing
import Volumes

@testable import VolumeStore

@Suite("State and journal of a volume together")
struct VolumeDatabaseTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("volume") }

    init() throws {
        directory = try TemporaryDirectory()
        try Beginning.create(path)
    }

    private func open(_ recordsPerCommit: UInt64 = 1024) throws -> VolumeDatabase {
        var options = VolumeDatabase.Options()
        options.recordsPerCommit = recordsPerCommit
        return try VolumeDatabase(directory: path, volume: volumeID, options: options)
    }

    private func faults() throws -> [String] { try VolumeDatabase.faults(directory: path, volume: volumeID) }

    @Test(
        "it replies and has the same as a state in memory, and the files are as they should be", arguments: 0..<8 as Range<UInt64>
    )
    func alike(seed: UInt64) throws {
        var history = RandomHistory(seed: seed)
        var database = try open(1 + seed * 9)
        for step in 0..<300 {
            let next = try history.step()
            try #require(try database.apply(next.record) == next.result, "seed \(seed), step \(step): \(next.record.operation)")
            if step % 70 == 60 {
                database.close()
                database = try open(1 + seed * 9)
            }
        }
        #expect(try database.content() == Content(history.volume.state))
        try database.commit()
        #expect(try faults() == [])
    }

    @Test("a record that is refused is not in the journal, and the next one takes its index")
    func refused() throws {
        let database = try open()
        #expect(try database.apply(.making(1, "a")) != .failure(.exists))
        let before = database.header
        #expect(try database.apply(.making(2, "a")) == .failure(.exists))
        #expect(database.header == before)
        _ = try database.apply(.making(2, "b")).get()
        try database.commit()
        #expect(try database.journal.records(after: 0, limit: 9) == [.making(1, "a"), .making(2, "b")])
        #expect(throws: VolumeStoreError.gap(last: 2, next: 2)) { try database.apply(.making(2, "c")) }
        #expect(throws: VolumeStoreError.gap(last: 2, next: 4)) { try database.apply(.making(4, "c")) }
        _ = try database.apply(.making(3, "c")).get()
    }

    @Test("a request that comes again has its reply, and is not in the journal again")
    func repeated() throws {
        let database = try open()
        func record(_ index: UInt64, _ operation: Volumes.Operation) -> Record {
            let origin = Record.Origin(session: session(1), slot: 0, number: 1)
            return Record(
                index: index, epoch: 1, time: FileTime(rawValue: Int64(index)), origin: index > 1 ? origin : nil,
                operation: operation)
        }
        _ = try database.apply(record(1, .begin(session(1), node: node(1)))).get()
        let reply = try database.apply(record(2, .make(.file("a", 9)))).get()
        #expect(try database.apply(record(3, .make(.file("a", 9)))) == .success(reply))
        #expect(database.applied == 2 && database.journal.standing.last == 2)
        database.close()
        let again = try open()
        #expect(try again.apply(record(3, .make(.file("a", 9)))) == .success(reply), "also after a start")
    }

    @Test("what was not committed is applied again from the journal, with the same replies in the slots")
    func again() throws {
        var history = RandomHistory(seed: 5)
        do {
            let database = try open()
            for record in try history.records(100) { _ = try database.apply(record) }
            try database.journal.awaitDurable(100)
            #expect(try SQLiteState(path: VolumeDirectory.state(in: path), isReadOnly: true).header.applied == 0)
        }
        #expect(try open().content() == Content(history.volume.state))
    }

    @Test("the state is committed by count, and never before its records are durable")
    func writeAhead() throws {
        let journal = FailingJournal()
        let state = try SQLiteState(path: VolumeDirectory.state(in: path))
        var options = VolumeDatabase.Options()
        options.recordsPerCommit = 3
        let database = try VolumeDatabase(state: state, journal: journal, volume: volumeID, options: options)
        func committed() throws -> UInt64 {
            try SQLiteState(path: VolumeDirectory.state(in: path), isReadOnly: true).header.applied
        }
        for index in 1...3 as ClosedRange<UInt64> { _ = try database.apply(.making(index)).get() }
        #expect(try committed() == 3)
        journal.fails()
        for index in 4...5 as ClosedRange<UInt64> { _ = try database.apply(.making(index)).get() }
        #expect(throws: VolumeStoreError.full(file: "journal")) { try database.apply(.making(6)) }
        #expect(throws: VolumeStoreError.full(file: "journal")) { try database.apply(.making(6)) }
        #expect(throws: VolumeStoreError.full(file: "journal")) { try database.commit() }
        #expect(throws: VolumeStoreError.full(file: "journal")) { try database.read { $0.state.inode(.root) } }
        database.close()
        #expect(try committed() == 3)
    }

    @Test("a home that is deposed behind its back, or whose journal fails, commits nothing of what was lost")
    func lost() throws {
        do {
            let database = try open()
            _ = try database.apply(.making(1)).get()
            try database.commit()
            _ = try database.apply(.making(2)).get()
            try database.journal.truncate(after: 1, by: 2)
            #expect(throws: VolumeStoreError.self) { try database.commit() }
        }
        do {
            let database = try open()
            #expect(database.applied == 1)
            try Connection(path: VolumeDirectory.journal(in: path), .write).execute("INSERT INTO records VALUES (2, 1, 0, x'00')")
            _ = try database.apply(.making(2, epoch: 2)).get()
            #expect(throws: VolumeStoreError.self) { try database.commit() }
        }
        #expect(try SQLiteState(path: VolumeDirectory.state(in: path), isReadOnly: true).header.applied == 1)
    }

    @Test("the journal stays short also while records keep coming")
    func trimmingUnderLoad() throws {
        var options = VolumeDatabase.Options()
        (options.recordsPerCommit, options.kept, options.commitPatience) = (16, 64, .seconds(60))
        let database = try VolumeDatabase(directory: path, volume: volumeID, options: options)
        var history = RandomHistory(seed: 3)
        for record in try history.records(500) {
            _ = try database.apply(record)
            let standing = database.journal.standing
            #expect(standing.last - standing.trimmed <= 64 + 4 + 16)
            #expect(standing.trimmed == 0 || standing.last - standing.trimmed >= 64)
        }
        #expect(database.journal.standing.trimmed > 0)
    }

    @Test("records are trimmed once the state has them, and so many are kept as were wanted")
    func trimming() throws {
        var history = RandomHistory(seed: 2)
        let database = try open(7)
        for record in try history.records(100) { _ = try database.apply(record) }
        try database.trim(keeping: 30)
        #expect(database.journal.standing.trimmed == 70)
        try database.trim(keeping: 200)
        #expect(database.journal.standing.trimmed == 70)
        #expect(try faults() == [])
        try database.trim(keeping: 0)
        database.close()
        let again = try open()
        #expect(again.journal.standing.trimmed == 100)
        for record in try history.records(10) { _ = try again.apply(record) }
        #expect(try again.content() == Content(history.volume.state))
    }

    @Test("whoever applies records itself, several before it enters them, has them committed once all are in the journal")
    func entering() throws {
        let database = try open(2)
        var volume = database.volume
        let records = try (1...5).map { try Record.making($0) }
        for record in records { _ = try volume.apply(record).get() }
        #expect(database.applied == 5)
        for record in records { try database.enter(record) }
        #expect(database.journal.standing.durable == 5)
        #expect(try SQLiteState(path: VolumeDirectory.state(in: path), isReadOnly: true).header.applied == 5)
        _ = try volume.apply(.making(6)).get()
        try database.journal.begin(epoch: 2)
        #expect(throws: VolumeStoreError.deposed(epoch: 1, current: 2)) { try database.enter(.making(6)) }
        database.close()
        #expect(try open().applied == 5, "what a deposed home applied is given up")
    }

    @Test("a home of an older epoch can apply nothing, and nothing changes")
    func deposed() throws {
        let database = try open()
        _ = try database.apply(.making(1, epoch: 3)).get()
        #expect(throws: VolumeStoreError.deposed(epoch: 2, current: 3)) { try database.apply(.making(2, epoch: 2)) }
        try database.journal.begin(epoch: 8)
        #expect(throws: VolumeStoreError.deposed(epoch: 3, current: 8)) { try database.apply(.making(2, epoch: 3)) }
        #expect(database.applied == 1)
        _ = try database.apply(.making(2, epoch: 8)).get()
        #expect(database.header.epoch == 8)
    }

    @Test("a tail that a new epoch does not have is taken back from the journal and from what was not committed")
    func truncating() throws {
        let database = try open()
        for index in 1...5 as ClosedRange<UInt64> { _ = try database.apply(.making(index)).get() }
        try database.commit()
        for index in 6...9 as ClosedRange<UInt64> { _ = try database.apply(.making(index)).get() }
        #expect(throws: VolumeStoreError.self) { try database.truncate(after: 4, by: 2) }
        #expect(database.applied == 9, "nothing changed")
        let before = database.volume
        try database.truncate(after: 7, by: 2)
        #expect(before.state.inode(.root) == nil, "whoever kept the state of the deposed home has nothing any more")
        #expect(database.applied == 7 && database.header.epoch == 1)
        _ = try database.apply(.making(8, epoch: 2, "new")).get()
        try database.commit()
        let gone = try FileName("f8")
        #expect(try database.read { $0.state.entry(gone, in: .root) } == nil)
        #expect(try faults() == [])
    }

    @Test("a state that was committed with the tail of a deposed home is refused, whether its journal is shorter or longer now")
    func diverged() throws {
        let database = try open()
        for index in 1...5 as ClosedRange<UInt64> { _ = try database.apply(.making(index)).get() }
        database.close()
        func isRefused() -> Bool {
            do throws(VolumeStoreError) { _ = try VolumeDatabase(directory: path, volume: volumeID) } catch {
                if case .diverged = error { return true }
            }
            return false
        }
        do {
            let journal = try SQLiteJournal(path: VolumeDirectory.journal(in: path), volume: volumeID)
            try journal.truncate(after: 3, by: 2)
            journal.close()
        }
        #expect(isRefused())
        do {
            let journal = try SQLiteJournal(path: VolumeDirectory.journal(in: path), volume: volumeID)
            try journal.append(try (4...8).map { try .making($0, epoch: 2) }, by: 2)
            journal.close()
        }
        #expect(isRefused())
    }

    @Test("a journal whose records cannot be carried out is refused, and names the first")
    func undoable() throws {
        let journal = try SQLiteJournal(path: VolumeDirectory.journal(in: path), volume: volumeID)
        try journal.append([.making(1, "a"), .making(2, "a")], by: 1)
        journal.close()
        #expect(
            throws: VolumeStoreError.diverged(
                "record 2 was carried out once, and is not now (failure(Volumes.PosixError.exists))")
        ) { try open() }
    }

    @Test("a backup applies what its journal was sent, as far as it was told")
    func backup() throws {
        let backup = try open()
        try backup.journal.append(try (1...9).map { try .making($0) }, by: 4)
        try backup.journal.awaitDurable(9)
        try backup.catchUp(through: 6)
        #expect(backup.applied == 6)
        try backup.catchUp(through: 3)
        #expect(backup.applied == 6)
        try backup.catchUp()
        #expect(backup.applied == 9)
    }

    @Test(
        "a copy is what was committed last, also while more is applied, and a node that is seeded with it goes on with the records after"
    )
    func seeding() throws {
        var history = RandomHistory(seed: 9)
        let home = try open()
        for record in try history.records(80) { _ = try home.apply(record) }
        let copy = try home.copy(to: directory.file("copy"))
        #expect(copy.volume == volumeID && copy.position == LogPosition(index: 80, epoch: 1))
        for record in try history.records(40) { _ = try home.apply(record) }
        try home.commit()
        let target = directory.file("backup")
        #expect(throws: VolumeStoreError.self) {
            try VolumeDatabase.seed(directory: target, from: directory.file("copy"), volume: VolumeID(high: 0, low: 0))
        }
        try VolumeDatabase.seed(directory: target, from: directory.file("copy"), volume: volumeID)
        let backup = try VolumeDatabase(directory: target, volume: volumeID)
        #expect(backup.journal.standing == JournalStanding(trimmed: 80, durable: 80, last: 80, epoch: 1))
        try backup.journal.append(try home.journal.records(after: 80, limit: 100), by: 1)
        try backup.journal.awaitDurable(120)
        try backup.catchUp()
        #expect(try backup.content() == Content(history.volume.state))
        #expect(try VolumeDatabase.faults(directory: target, volume: volumeID) == [])
        #expect(throws: VolumeStoreError.exists(target)) {
            try VolumeDatabase.seed(directory: target, from: directory.file("copy"), volume: volumeID)
        }
    }

    @Test("one process, and one part of it, has a volume open; another volume's files are refused")
    func opening() throws {
        let database = try open()
        #expect(throws: VolumeStoreError.locked(directory: path)) { try open() }
        database.close()
        #expect(throws: VolumeStoreError.closed) { try database.commit() }
        #expect(throws: VolumeStoreError.self) { try VolumeDatabase(directory: path, volume: VolumeID(high: 0, low: 0)) }
        _ = try open()
        #expect(throws: VolumeStoreError.exists(path)) { try Beginning.create(path) }
        let nowhere = directory.file("nowhere")
        #expect(throws: VolumeStoreError.missing(file: nowhere)) { try VolumeDatabase(directory: nowhere, volume: volumeID) }
    }

    @Test("what was left of a volume that was not made whole is no hindrance")
    func leftovers() throws {
        let other = directory.file("other")
        try FileManager.default.createDirectory(atPath: other + ".partial", withIntermediateDirectories: false)
        try Data("half".utf8).write(to: URL(fileURLWithPath: VolumeDirectory.state(in: other + ".partial")))
        try Beginning.create(other)
        #expect(try VolumeDatabase(directory: other, volume: volumeID).applied == 0)
    }
}

/// A journal in memory that can be told to fail.
private final class FailingJournal: Journal {
    private let state = Mutex((records: [Record](), isFailing: false))

    func fails() { state.withLock { $0.isFailing = true } }

    var standing: JournalStanding {
        state.withLock { state in
            let last = UInt64(state.records.count)
            return JournalStanding(trimmed: 0, durable: state.isFailing ? 0 : last, last: last, epoch: 1)
        }
    }

    /// It shows only to who waits.
    var failure: VolumeStoreError? { nil }

    func append(_ records: [Record], by epoch: UInt64) { state.withLock { $0.records += records } }

    func whenDurable(_ index: UInt64, _ completion: @escaping @Sendable (Result<Void, VolumeStoreError>) -> Void) {
        completion(state.withLock(\.isFailing) ? .failure(.full(file: "journal")) : .success(()))
    }

    func records(after index: UInt64, limit: Int) -> [Record] {
        state.withLock { Array($0.records.dropFirst(Int(index)).prefix(limit)) }
    }

    func epoch(of index: UInt64) -> UInt64? { 1 }
    func begin(epoch: UInt64) {}
    func trim(through index: UInt64) {}
    func truncate(after index: UInt64, by epoch: UInt64) {}
    func restart(after index: UInt64, epoch: UInt64) {}
}
