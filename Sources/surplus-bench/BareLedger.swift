import Bookkeeping
import Crypto
import Foundation
import GRDBSQLite
import LedgerSchema
import Resources

/// The ledger's tables written straight through SQLite's C interface: the same schema with its indexes, constraints and
/// triggers, the same rows, the same chain of hashes, the same durability; no queue, no batches, no checks. What the
/// ledger costs is measured against this.
final class BareLedger {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let db: OpaquePointer
    private var insert: OpaquePointer?
    private var setHead: OpaquePointer?
    private var begin: OpaquePointer?
    private var commit: OpaquePointer?
    private var sequence: Int64 = 0
    private var head = [UInt8](repeating: 0, count: 32)
    private var accounts: [Tally.Line: Int64] = [:]

    init(path: String) throws {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else { throw Failure(description: "cannot open \(path)") }
        db = handle
        try run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -1024")
        for migration in Migration.all { try run(migration.sql) }
        try run(
            """
            INSERT INTO segment (only, number, opening_sequence, opening_head, opening_tally, sequence, head)
            VALUES (1, 1, 0, zeroblob(32), zeroblob(32), 0, zeroblob(32))
            """)
        insert = try prepare(
            """
            INSERT INTO transfers (sequence, id, kind, debit, credit, amount, reservation, lease, expires_boot,
                expires_instant, expires_utc, at, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        setHead = try prepare("UPDATE segment SET sequence = ?, head = ?")
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
    }

    deinit {
        for statement in [insert, setHead, begin, commit] { sqlite3_finalize(statement) }
        sqlite3_close(db)
    }

    /// Writes transfers in one durable transaction.
    func write(_ transfers: [Transfer]) throws {
        try step(begin)
        for transfer in transfers { try write(transfer) }
        sqlite3_bind_int64(setHead, 1, sequence)
        bind(setHead, 2, head)
        try step(setHead)
        try step(commit)
    }

    private func write(_ transfer: Transfer) throws {
        let debit = try account(transfer.debit, transfer.unit)
        let credit = try account(transfer.credit, transfer.unit)
        sequence += 1
        var hash = SHA256()
        hash.update(data: head)
        withUnsafeBytes(of: sequence.bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: transfer.document)
        head = Array(hash.finalize())
        sqlite3_bind_int64(insert, 1, sequence)
        bind(insert, 2, transfer.id)
        bind(insert, 3, transfer.kind.rawValue)
        sqlite3_bind_int64(insert, 4, debit)
        sqlite3_bind_int64(insert, 5, credit)
        sqlite3_bind_int64(insert, 6, transfer.amount.rawValue)
        bind(insert, 7, transfer.of)
        bind(insert, 8, transfer.lease)
        bind(insert, 9, transfer.expires?.boot.value)
        bind(insert, 10, transfer.expires?.instant.microseconds)
        bind(insert, 11, transfer.expires?.utc.microseconds)
        sqlite3_bind_int64(insert, 12, transfer.at.microseconds)
        bind(insert, 13, head)
        try step(insert)
    }

    private func account(_ account: Account, _ unit: LedgerUnit) throws -> Int64 {
        let line = Tally.Line(account, unit)
        if let id = accounts[line] { return id }
        try run("INSERT INTO accounts (unit, name) VALUES ('\(unit.rawValue)', '\(account)')")
        let id = sqlite3_last_insert_rowid(db)
        accounts[line] = id
        return id
    }
}

// MARK: - The C interface

extension BareLedger {
    /// SQLITE_TRANSIENT, a cast that Swift does not import: SQLite copies what is bound.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private func run(_ sql: String) throws {
        guard sqlite3_exec(db, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    private func prepare(_ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(db, sql, -1, &statement, nil) == SQLITE_OK, let statement else { throw failure() }
        return statement
    }

    private func step(_ statement: OpaquePointer?) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else { throw failure() }
        sqlite3_reset(statement)
    }

    private func bind(_ statement: OpaquePointer?, _ index: CInt, _ bytes: [UInt8]) {
        sqlite3_bind_blob(statement, index, bytes, CInt(bytes.count), Self.copied)
    }

    private func bind<Tag>(_ statement: OpaquePointer?, _ index: CInt, _ id: Identifier<Tag>?) {
        guard let id else {
            _ = sqlite3_bind_null(statement, index)
            return
        }
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) {
            _ = sqlite3_bind_blob(statement, index, $0.baseAddress, 16, Self.copied)
        }
    }

    private func bind(_ statement: OpaquePointer?, _ index: CInt, _ text: String?) {
        guard let text else {
            _ = sqlite3_bind_null(statement, index)
            return
        }
        sqlite3_bind_text(statement, index, text, -1, Self.copied)
    }

    private func bind(_ statement: OpaquePointer?, _ index: CInt, _ number: Int64?) {
        guard let number else {
            _ = sqlite3_bind_null(statement, index)
            return
        }
        sqlite3_bind_int64(statement, index, number)
    }

    private func failure() -> Failure { Failure(description: "SQLite: " + String(cString: sqlite3_errmsg(db))) }
}
