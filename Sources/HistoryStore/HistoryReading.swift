import Accounting
import Foundation
import GRDB
import Resources

extension HistoryStore {
    /// The intervals that were open when it was last written, by whose they are.
    ///
    /// - Throws: ``HistoryStoreError``.
    package func openIntervals() throws(HistoryStoreError) -> [(subject: Subject, cascade: Cascade)] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT name, open FROM series WHERE open IS NOT NULL ORDER BY id").compactMap { row in
                guard let subject = Subject(row["name"] as String) else { return nil }
                return (subject, Cascade(open: try OpenIntervals.unpacked(row["open"])))
            }
        }
    }

    /// The end of the newest row.
    package func newest() throws(HistoryStoreError) -> Timestamp? {
        try read { db in
            let ends = try Shelf.allCases.compactMap {
                try Int64.fetchOne(db, sql: "SELECT finish FROM \($0.rawValue) ORDER BY id DESC LIMIT 1")
            }
            return ends.max().map { Timestamp(microseconds: $0) }
        }
    }

    /// The rows of a subject that begin in `range`, in no particular order; several may be of the same interval. The seconds of
    /// incidents, which are kept for longer, are not among those of ``Resolution/second``.
    package func rows(
        of subject: Subject, _ resolution: Resolution, in range: Range<Timestamp>
    ) throws(HistoryStoreError) -> [RollUp] {
        try read { db in try Self.rows(of: subject, Shelf(resolution), in: range, db) }
    }

    /// The seconds, kept for longer, of minutes in which a threshold was exceeded.
    package func incidents(of subject: Subject, in range: Range<Timestamp>) throws(HistoryStoreError) -> [RollUp] {
        try read { db in try Self.rows(of: subject, .incidents, in: range, db) }
    }

    /// The beginning of the first row of a subject and a resolution.
    package func oldest(_ resolution: Resolution, of subject: Subject) throws(HistoryStoreError) -> Timestamp? {
        try read { db in
            guard let series = try Self.number(of: subject, db) else { return nil }
            let tail =
                "SELECT min(start) FROM tails WHERE series = \(series) AND resolution = \(resolution.rawValue)"
            let block = "SELECT min(start) FROM \(Shelf(resolution).rawValue) WHERE series = \(series)"
            let starts = [try Int64.fetchOne(db, sql: tail), try Int64.fetchOne(db, sql: block)].compactMap(\.self)
            return starts.min().map { Timestamp(microseconds: $0) }
        }
    }

    /// Those of whom rows of a resolution may begin in `range`.
    package func subjects(_ resolution: Resolution, in range: Range<Timestamp>) throws(HistoryStoreError) -> [Subject] {
        try read { db in
            let (first, last) = (range.lowerBound.microseconds, range.upperBound.microseconds)
            let bounds = "b.series = series.id AND b.start < \(last) AND b.finish > \(first)"
            let names = try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM series WHERE EXISTS (SELECT 1 FROM \(Shelf(resolution).rawValue) AS b WHERE \(bounds))
                    OR EXISTS (SELECT 1 FROM tails AS b WHERE \(bounds) AND b.resolution = \(resolution.rawValue)) ORDER BY id
                    """)
            return names.compactMap(Subject.init)
        }
    }

    /// Whether anything was ever measured of it, and is still there.
    package func knows(_ subject: Subject) throws(HistoryStoreError) -> Bool {
        try read { db in try Self.number(of: subject, db) != nil }
    }

    /// How many rows there are of each resolution, those of incidents among the seconds, and the pages they are in.
    package func contents() throws(HistoryStoreError) -> (rows: [Resolution: Int], bytes: Bytes) {
        try read { db in
            var rows: [Resolution: Int] = [:]
            for shelf in Shelf.allCases {
                rows[shelf.resolution, default: 0] +=
                    try Int.fetchOne(db, sql: "SELECT coalesce(sum(rows), 0) FROM \(shelf.rawValue)") ?? 0
            }
            for tail in try Row.fetchAll(db, sql: "SELECT resolution, sum(rows) AS count FROM tails GROUP BY resolution") {
                guard let resolution = Resolution(rawValue: tail["resolution"]) else { continue }
                rows[resolution, default: 0] += tail["count"] as Int
            }
            let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            return (rows, Bytes((pages - free) * (try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0)))
        }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(HistoryStoreError) -> Value {
        do { return try queue.read(body) } catch { throw HistoryStoreError(error, file: path) }
    }

    private static func number(of subject: Subject, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT id FROM series WHERE name = ?", arguments: [subject.description])
    }

    private static func rows(
        of subject: Subject, _ shelf: Shelf, in range: Range<Timestamp>, _ db: Database
    ) throws -> [RollUp] {
        guard let series = try number(of: subject, db) else { return [] }
        let bounds: StatementArguments = [series, range.upperBound.microseconds, range.lowerBound.microseconds]
        let columns = "SELECT start, finish, rows, data FROM"
        let condition = "WHERE series = ? AND start < ? AND finish > ?"
        var blocks = try Row.fetchAll(
            db, sql: "\(columns) \(shelf.rawValue) \(condition) ORDER BY start", arguments: bounds)
        if shelf != .incidents {
            blocks += try Row.fetchAll(
                db, sql: "\(columns) tails \(condition) AND resolution = \(shelf.resolution.rawValue)", arguments: bounds)
        }
        return try blocks.flatMap { try Block(shelf.resolution, $0).unpacked() }.filter { range.contains($0.start) }
    }
}
