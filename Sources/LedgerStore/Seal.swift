import Crypto
import Foundation
import GRDB

/// What stands in each row beside the chain, over its other columns: a row that anything but the ledger has changed does not fit it any
/// more.
///
/// It finds what disks, memory and tools do. Whoever means to forge a row can seal it anew; what counts between peers is in the chain
/// and signed.
enum Seal {
    /// The first step of the schema in which rows have one.
    static let version = 7

    /// Tables whose rows have one, with the columns that it is over, in their order.
    static let tables: [(name: String, key: [String], columns: [String])] = [
        (
            "obligations", ["id"],
            [
                "id", "lease", "debtor", "creditor", "due_from", "due_until", "core_time", "memory_time", "disk_time",
                "settled_at", "body",
            ]
        ),
        (
            "disputes", ["id"],
            ["id", "receipt", "lease", "creditor", "debtor", "opened_at", "resolved_at", "body"]
        ),
        ("trust_lines", ["peer", "unit"], ["peer", "unit", "granted", "received", "own_ceiling"]),
        ("state", ["kind", "id"], ["kind", "id", "body"]),
        ("events", ["sequence"], ["sequence", "at", "kind", "subjects", "text", "details"]),
    ]

    /// `seal(value, ...)`: the first eight bytes of the SHA-256 of the values with their types and lengths, as a signed number.
    static func register(in db: Database) {
        db.add(
            function: DatabaseFunction("seal", pure: true) { values in
                var hash = SHA256()
                for value in values { hash.update(value) }
                return hash.finalize().prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
            })
    }

    /// The statement that writes a row in the place of the one with its key, with its seal.
    ///
    /// - Parameter verb: `REPLACE`, or another beginning of an insertion.
    static func insertion(into table: String, _ verb: String = "REPLACE") -> String {
        let columns = tables.first { $0.name == table }?.columns ?? []
        let values = columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        return "\(verb) INTO \(table) (\(columns.joined(separator: ", ")), seal) VALUES (\(values), seal(\(values)))"
    }

    /// Seals all rows that there are.
    static func sealAll(_ db: Database) throws {
        for table in tables {
            try db.execute(sql: "UPDATE \(table.name) SET seal = seal(\(table.columns.joined(separator: ", ")))")
        }
    }

    /// The first row that is not as it was written.
    static func broken(_ db: Database) throws -> (table: String, row: String)? {
        for table in tables {
            let sql = """
                SELECT \(table.key.joined(separator: ", ")) FROM \(table.name)
                WHERE seal <> seal(\(table.columns.joined(separator: ", "))) LIMIT 1
                """
            if let row = try Row.fetchOne(db, sql: sql) {
                return (table.name, row.databaseValues.map(text).joined(separator: " "))
            }
        }
        return nil
    }

    private static func text(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .blob(let data): data.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
        case .int64(let number): String(number)
        case .string(let text): text
        case .double, .null: "?"
        }
    }
}

extension SHA256 {
    /// Values of different types, or that are divided otherwise, are told apart.
    fileprivate mutating func update(_ value: DatabaseValue) {
        func add(_ type: UInt8, _ bytes: some Sequence<UInt8>) {
            let bytes = Array(bytes)
            update(data: [type] + withUnsafeBytes(of: UInt64(bytes.count).bigEndian, Array.init) + bytes)
        }
        switch value.storage {
        case .null: add(0, [])
        case .int64(let number): add(1, withUnsafeBytes(of: number.bigEndian, Array.init))
        case .double(let number): add(2, withUnsafeBytes(of: number.bitPattern.bigEndian, Array.init))
        case .string(let text): add(3, text.utf8)
        case .blob(let data): add(4, data)
        }
    }
}
