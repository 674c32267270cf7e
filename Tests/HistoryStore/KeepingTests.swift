import Accounting
import Foundation
import GRDB
import Resources
import Testing

@testable import HistoryStore

@Suite("The history on disk")
struct KeepingTests {
    private let lease = Subject.lease(LeaseID(high: 1, low: 2))

    @Test("It is durable: GRDB's own setting for this journal is not")
    func durable() throws {
        let scratch = try ScratchDirectory()
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
        let modes = try store.queue.writeWithoutTransaction { db in
            (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
        }
        #expect(modes == (2, "wal"))
        let mode = try FileManager.default.attributesOfItem(atPath: scratch.file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("What is written is there again, exactly, also after opening it anew")
    func written() throws {
        let scratch = try ScratchDirectory()
        var measured = Measured()
        var expected: [HistoryRow] = []
        for _ in 0..<20 {
            let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
            try measured.restart(from: store)
            for _ in 0..<10 {
                measured.run(70, of: [.machine, lease])
                expected += measured.chronicle.batch.rows
                try measured.write(to: store)
            }
            store.close()
        }
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
        for subject in [Subject.machine, lease] {
            for resolution in Resolution.allCases {
                let mine = expected.filter { $0.subject == subject && $0.rollUp.resolution == resolution }.map(\.rollUp)
                #expect(Set(try store.rows(of: subject, resolution, in: allTime)) == Set(mine))
                #expect(try store.oldest(resolution, of: subject) == mine.map(\.start).min())
            }
        }
        let contents = try store.contents()
        #expect(contents.rows.values.reduce(0, +) == expected.count)
    }

    @Test("Rows of a time are found, and only those")
    func range() throws {
        let scratch = try ScratchDirectory()
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
        var measured = Measured()
        measured.run(3 * 3600)
        try measured.write(to: store)
        let begin = measured.clock.now.utc.floored(to: .hours(1)) + -.minutes(50)
        let rows = try store.rows(of: .machine, .minute, in: begin..<begin + .minutes(20))
        #expect(rows.map(\.start) == (0..<20).map { begin + .minutes($0) })
        #expect(try store.rows(of: lease, .minute, in: allTime).isEmpty)
    }

    @Test("Minutes in which a threshold was exceeded keep their seconds for a week")
    func incidents() throws {
        let scratch = try ScratchDirectory()
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
        var measured = Measured()
        measured.run(61)
        measured.run(7, isIncident: true)
        measured.run(1800)
        try measured.write(to: store)
        let before = try store.rows(of: .machine, .second, in: allTime)
        try store.tidy(at: measured.clock.now.utc)
        let recent = (measured.clock.now.utc + -.minutes(10)).floored(to: .minutes(1))
        #expect(Set(try store.rows(of: .machine, .second, in: allTime)) == Set(before.filter { $0.start >= recent }))
        let kept = try store.incidents(of: .machine, in: allTime)
        let minutes = Set(before.filter(\.isIncident).map { Resolution.minute.start(of: $0.start) })
        #expect(Set(kept) == Set(before.filter { minutes.contains(Resolution.minute.start(of: $0.start)) }), "all of the minute")
        #expect(!kept.isEmpty)
        try store.tidy(at: measured.clock.now.utc + .days(8))
        #expect(try store.incidents(of: .machine, in: allTime).isEmpty)
    }

    @Test("Rows are kept as long as their resolution says, and series without rows are forgotten")
    func expiry() throws {
        let scratch = try ScratchDirectory()
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
        var measured = Measured()
        measured.run(2 * 3600, of: [.machine, lease])
        measured.clock.advance(by: Chronicle.patience + .seconds(1))
        measured.chronicle.retire(at: measured.clock.now.instant)
        try measured.write(to: store)
        let now = measured.clock.now.utc
        try store.tidy(at: now + .days(8))
        #expect(try store.rows(of: lease, .second, in: allTime).isEmpty)
        #expect(try store.rows(of: lease, .minute, in: allTime).isEmpty)
        #expect(try count(store.rows(of: lease, .hour, in: allTime)) == measured.samples)
        try store.tidy(at: now + .days(740))
        #expect(try store.rows(of: lease, .hour, in: allTime).isEmpty)
        #expect(try count(store.rows(of: lease, .day, in: allTime)) == measured.samples, "for as long as there is room")
        #expect(try store.knows(lease))
    }

    @Test("It never takes more than it may; the oldest of the finest goes first")
    func bounded() throws {
        let scratch = try ScratchDirectory()
        let limit = HistoryStore.limits.lowerBound
        let store = try HistoryStore(path: scratch.file, limit: limit)
        // rows as large as they get: every metric, spread over many buckets
        var values = MetricMap<Distribution>()
        for metric in Metric.allCases {
            var distribution = Distribution(1, for: .seconds(1))
            for value in 2...40 as ClosedRange<Int64> {
                distribution.merge(Distribution(value * value * value, for: .milliseconds(value)))
            }
            values[metric] = distribution
        }
        let begin = Timestamp(microseconds: 1_767_225_600_000_000)
        let days: Int64 = 8
        for hour in 0..<days * 24 {
            let start = begin + .hours(hour)
            func row(_ resolution: Resolution, _ offset: Microseconds) -> HistoryRow {
                HistoryRow(.machine, RollUp(resolution, start: start + offset, isIncident: false, values: values))
            }
            var rows = (0..<60).map { row(.minute, .minutes($0)) } + [row(.hour, .zero)]
            if hour % 24 == 0 { rows.append(row(.day, .zero)) }
            try store.write(HistoryBatch(rows: rows))
            // as if all of it had just been measured: age removes nothing
            try store.tidy(at: begin)
            #expect(store.size <= limit)
        }
        let minutes = try store.rows(of: .machine, .minute, in: allTime).map(\.start)
        #expect(minutes.count < days * 24 * 60)
        #expect(try #require(minutes.max()) == begin + .days(days) + -.minutes(1), "the newest stayed")
        #expect(try store.rows(of: .machine, .hour, in: allTime).count == days * 24, "minutes gave way to hours")
        #expect(try store.rows(of: .machine, .day, in: allTime).count == days)
    }

    @Test("A full disk loses nothing of what waits: it is written when there is room again")
    func full() throws {
        let scratch = try ScratchDirectory()
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
        var measured = Measured()
        measured.run(100)
        try measured.write(to: store)
        try store.queue.writeWithoutTransaction { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        var failure: HistoryStoreError?
        for _ in 0..<50 where failure == nil {
            measured.run(200)
            do { try measured.write(to: store) } catch let error as HistoryStoreError { failure = error }
        }
        #expect(failure == .full(file: scratch.file))
        #expect(failure?.isLasting == false)
        try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 10000") }
        measured.run(10)
        try measured.write(to: store)
        for resolution in Resolution.allCases { #expect(try store.samples(resolution) == measured.samples) }
    }

    @Test("A file that was cut short, overwritten or is another program's is told apart from a disk that fails")
    func damaged() throws {
        let scratch = try ScratchDirectory()
        do {
            let store = try HistoryStore(path: scratch.file, limit: .mebibytes(64))
            var measured = Measured()
            measured.run(3600)
            try measured.write(to: store)
            store.close()
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
        var random = SeededGenerator(seed: 3)
        for kept in [100, 4096, whole.count / 2] {
            try whole.prefix(kept).write(to: URL(fileURLWithPath: scratch.file))
            let error = #expect(throws: HistoryStoreError.self) { try Self.use(scratch.file) }
            #expect(error?.isLasting == true, "\(error.map { "\($0)" } ?? "")")
        }
        for _ in 0..<8 {
            var bytes = whole
            let place = Int.random(in: 0..<bytes.count - 4096, using: &random)
            for offset in 0..<2000 { bytes[place + offset] = 0xa5 }
            try bytes.write(to: URL(fileURLWithPath: scratch.file))
            do { try Self.use(scratch.file) } catch let error as HistoryStoreError { #expect(error.isLasting, "\(error)") }
        }
        try FileManager.default.removeItem(atPath: scratch.file)
        try DatabaseQueue(path: scratch.file).write { try $0.execute(sql: "CREATE TABLE t (x)") }
        let error = #expect(throws: HistoryStoreError.self) { try HistoryStore(path: scratch.file, limit: .mebibytes(64)) }
        #expect(error == .foreign(file: scratch.file, "it is a SQLite database of another program"))
    }

    @Test("A file of an earlier version is brought up to date, with all that is in it")
    func earlier() throws {
        let scratch = try ScratchDirectory()
        var measured = Measured()
        let store = try HistoryStore(path: scratch.file, limit: .mebibytes(8))
        measured.run(300)
        try measured.write(to: store)
        store.close()
        try DatabaseQueue(path: scratch.file).writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 1") }
        let again = try HistoryStore(path: scratch.file, limit: .mebibytes(8))
        #expect(try again.samples(.minute) == measured.samples)
        #expect(try again.queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 2)
    }

    @Test("A file of a newer version is left alone")
    func newer() throws {
        let scratch = try ScratchDirectory()
        try HistoryStore(path: scratch.file, limit: .mebibytes(64)).close()
        try DatabaseQueue(path: scratch.file).writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
        let error = #expect(throws: HistoryStoreError.self) { try HistoryStore(path: scratch.file, limit: .mebibytes(64)) }
        #expect(error?.description.contains("it has schema 99") == true)
    }

    /// Reads and writes all there is.
    private static func use(_ file: String) throws {
        let store = try HistoryStore(path: file, limit: .mebibytes(64))
        defer { store.close() }
        var measured = Measured()
        try measured.restart(from: store)
        for resolution in Resolution.allCases { _ = try store.rows(of: .machine, resolution, in: allTime) }
        measured.run(100)
        try measured.write(to: store)
        try store.tidy(at: measured.clock.now.utc + .days(800))
        let fault = try store.queue.read { try String.fetchOne($0, sql: "PRAGMA integrity_check(1)") }
        if let fault, fault != "ok" { throw HistoryStoreError.damaged(file: file, fault) }
    }
}
