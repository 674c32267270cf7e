import Foundation
import GRDB
import LedgerSchema
import Resources

/// The audit log of one agent, in a SQLite file of its own: it is there also outside a pool, and outlives memberships.
///
/// What ``begin(_:)`` and ``end(_:_:reason:)`` were given is durable when they return. The log is bounded by age and by
/// count; refused calls have a bound of their own, so that nobody without rights can push out what others did.
package final class AuditStore: Sendable {
    package struct Limits: Sendable {
        /// Entries other than refused ones.
        package var entries = 100_000
        package var refusals = 20_000
        package var age = Microseconds.days(400)
        /// What is beyond the bounds is removed each time so many entries were written.
        package var slack = 1000

        package init() {}
    }

    /// Marks the file (`application_id`): "SPLA".
    private static let applicationID = 0x5350_4c41
    private static let longestText = 512

    private let path: String
    private let queue: DatabaseQueue
    private let limits: Limits

    /// Opens the log, or makes an empty one.
    ///
    /// - Throws: ``LedgerStoreError`` when it is damaged, of a newer schema, or cannot be written.
    package init(path: String, limits: Limits = Limits()) throws(LedgerStoreError) {
        self.path = path
        self.limits = limits
        do {
            Segment.create(path)
            queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            try queue.inDatabase { db in
                try Migrator(path: path, steps: Migration.audit, applicationID: Self.applicationID).run(db)
                let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
                guard synchronous == 2 else {
                    throw LedgerStoreError.disk(file: path, "SQLite would not be durable (synchronous \(synchronous ?? -1))")
                }
            }
        } catch {
            throw LedgerStoreError(error, file: path)
        }
    }

    /// Closes the file. Afterwards every call fails.
    package func close() { try? queue.close() }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "audit"
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA cache_size = -256;
                    PRAGMA journal_mode = WAL;
                    PRAGMA wal_autocheckpoint = 100;
                    PRAGMA synchronous = FULL;
                    """)
        }
        return configuration
    }

    // MARK: Writing

    /// Appends an entry; returns its place.
    package func begin(_ entry: AuditEntry) async throws(LedgerStoreError) -> Int64 {
        try await write { [limits] db in
            try db.execute(
                sql: """
                    INSERT INTO calls (at, user, role, origin, method, object, outcome, reason)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    entry.at.microseconds, Self.bounded(entry.user), Self.bounded(entry.role), Self.bounded(entry.origin),
                    Self.bounded(entry.method), Self.bounded(entry.object), entry.outcome.rawValue, Self.bounded(entry.reason),
                ])
            let sequence = db.lastInsertedRowID
            if sequence % Int64(limits.slack) == 0 { try Self.prune(db, limits, now: entry.at) }
            return sequence
        }
    }

    /// Says what became of the call that began at `sequence`.
    package func end(_ sequence: Int64, _ outcome: AuditEntry.Outcome, reason: String) async throws(LedgerStoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE calls SET outcome = ?, reason = ? WHERE sequence = ?",
                arguments: [outcome.rawValue, Self.bounded(reason), sequence])
        }
    }

    private static func prune(_ db: Database, _ limits: Limits, now: Timestamp) throws {
        try db.execute(sql: "DELETE FROM calls WHERE at < ?", arguments: [(now + -limits.age).microseconds])
        for (condition, limit) in [("= 'refused'", limits.refusals), ("<> 'refused'", limits.entries)] {
            try db.execute(
                sql: """
                    DELETE FROM calls WHERE outcome \(condition) AND sequence <= (
                        SELECT sequence FROM calls WHERE outcome \(condition) ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                    """, arguments: [limit])
        }
    }

    /// Text of callers is cut where it gets long.
    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        return String(decoding: text.utf8.prefix(longestText - 3), as: UTF8.self) + "..."
    }

    // MARK: Reading

    /// The last entries, oldest first.
    ///
    /// - Parameters:
    ///   - since: none before that.
    ///   - user: only this one's; `nil`: everybody's.
    package func last(
        _ count: Int, since: Timestamp, user: String? = nil
    ) async throws(LedgerStoreError) -> [StoredAuditEntry] {
        do {
            return try await queue.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT * FROM calls WHERE at >= ?1 AND (?2 IS NULL OR user = ?2) ORDER BY sequence DESC LIMIT ?3
                        """, arguments: [since.microseconds, user, count]
                ).reversed().map(Self.entry)
            }
        } catch {
            throw LedgerStoreError(error, file: path)
        }
    }

    private static func entry(_ row: Row) throws -> StoredAuditEntry {
        let text: String = row["outcome"]
        guard let outcome = AuditEntry.Outcome(rawValue: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an audit entry whose outcome is '\(text)'")
        }
        return StoredAuditEntry(
            sequence: row["sequence"],
            entry: AuditEntry(
                at: Timestamp(microseconds: row["at"]), user: row["user"], role: row["role"], origin: row["origin"],
                method: row["method"], object: row["object"], outcome: outcome, reason: row["reason"]))
    }

    private func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(LedgerStoreError) -> Value {
        do { return try await queue.write(body) } catch { throw LedgerStoreError(error, file: path) }
    }
}
