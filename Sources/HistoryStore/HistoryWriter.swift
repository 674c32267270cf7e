import Accounting
import Foundation
import GRDB
import Resources

/// Puts a batch into the tables, within one transaction.
struct HistoryWriter {
    private let db: Database
    private var numbers: [Subject: Int64] = [:]
    private var added: [Key: [RollUp]] = [:]

    private struct Key: Hashable {
        let series: Int64
        let resolution: Resolution
    }

    init(_ db: Database) throws { self.db = db }

    mutating func write(_ batch: HistoryBatch) throws {
        for (subject, cascade) in batch.open { try save(cascade.intervals, of: number(of: subject)) }
        var order: [Key] = []
        for row in batch.rows {
            let key = Key(series: try number(of: row.subject), resolution: row.rollUp.resolution)
            if added[key] == nil { order.append(key) }
            added[key, default: []].append(row.rollUp)
        }
        for key in order { try add(added[key] ?? [], key) }
        for subject in batch.ended { try end(number(of: subject)) }
    }

    private mutating func number(of subject: Subject) throws -> Int64 {
        if let number = numbers[subject] { return number }
        let name = subject.description
        let number: Int64
        if let known = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM series WHERE name = ?"), arguments: [name])
        {
            number = known
        } else {
            try db.cachedStatement(sql: "INSERT INTO series (name) VALUES (?)").execute(arguments: [name])
            number = db.lastInsertedRowID
        }
        numbers[subject] = number
        return number
    }

    private func save(_ intervals: [RollUp], of series: Int64) throws {
        try db.cachedStatement(sql: "UPDATE series SET open = ? WHERE id = ?")
            .execute(arguments: [OpenIntervals.packed(intervals), series])
    }

    private func add(_ rows: [RollUp], _ key: Key) throws {
        guard key.resolution != .second else {
            // written at once: they are not kept for long enough to be worth the packing
            for block in Block.pack(rows) { try Self.insert(block, of: key.series, into: .seconds, db) }
            return
        }
        let blocks = Block.pack(rows, onto: try tail(key))
        for block in blocks.dropLast() { try Self.insert(block, of: key.series, into: Shelf(key.resolution), db) }
        guard let last = blocks.last else { return }
        try db.cachedStatement(
            sql: """
                INSERT INTO tails (series, resolution, start, finish, rows, data) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (series, resolution) DO UPDATE
                SET start = excluded.start, finish = excluded.finish, rows = excluded.rows, data = excluded.data
                """
        ).execute(arguments: [key.series, key.resolution.rawValue] + last.arguments)
    }

    private func tail(_ key: Key) throws -> Block? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT start, finish, rows, data FROM tails WHERE series = ? AND resolution = ?"),
            arguments: [key.series, key.resolution.rawValue]
        ).map { Block(key.resolution, $0) }
    }

    /// Nothing more comes: what does not fill a block becomes one.
    private func end(_ series: Int64) throws {
        try db.cachedStatement(sql: "UPDATE series SET open = NULL WHERE id = ?").execute(arguments: [series])
        for resolution in Resolution.allCases.dropFirst() {
            guard let block = try tail(Key(series: series, resolution: resolution)) else { continue }
            try Self.insert(block, of: series, into: Shelf(resolution), db)
        }
        try db.cachedStatement(sql: "DELETE FROM tails WHERE series = ?").execute(arguments: [series])
    }

    static func insert(_ block: Block, of series: Int64, into shelf: Shelf, _ db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT INTO \(shelf.rawValue) (series, start, finish, rows, data) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [series] + block.arguments)
    }
}

extension Block {
    var arguments: StatementArguments {
        [start.microseconds, end.microseconds, rows, Data(data)]
    }

    /// From the columns `start`, `finish`, `rows` and `data`.
    init(_ resolution: Resolution, _ row: Row) {
        self.init(
            resolution, start: Timestamp(microseconds: row["start"]), end: Timestamp(microseconds: row["finish"]),
            rows: row["rows"], data: [UInt8](row["data"] as Data))
    }
}

/// The packed form of the intervals that a series is still measured in.
enum OpenIntervals {
    static func packed(_ intervals: [RollUp]) -> Data {
        var writer = ByteWriter()
        for interval in intervals {
            writer.write(UInt64(interval.resolution.rawValue))
            writer.write(interval, base: Timestamp(microseconds: 0))
        }
        return Data(writer.bytes)
    }

    static func unpacked(_ data: Data) throws(Malformed) -> [RollUp] {
        var reader = ByteReader([UInt8](data))
        var intervals: [RollUp] = []
        while !reader.isAtEnd {
            guard let number = Int(exactly: try reader.unsigned()), let resolution = Resolution(rawValue: number) else {
                throw Malformed(description: "an unknown resolution")
            }
            intervals.append(try reader.row(resolution, base: Timestamp(microseconds: 0)))
        }
        return intervals
    }
}
