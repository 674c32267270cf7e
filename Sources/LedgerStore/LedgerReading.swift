import Bookkeeping
import Foundation
import GRDB
import Resources

/// An event with its place in the story.
package struct StoredEvent: Hashable, Codable, Sendable {
    /// Grows with every event, by one; there are gaps where events were dropped.
    package let sequence: Int64
    package let event: Event
}

// Every call sees one consistent state, that of some moment between two commits.

extension LedgerStore {
    /// What the books restore themselves from.
    package func booksSnapshot() throws(LedgerStoreError) -> BooksSnapshot {
        let capacity = writer.options.memoryCapacity
        return try read { db in try Rows.snapshot(db, remembering: capacity) }
    }

    /// All state of a kind, ordered by id.
    package func states<T: Decodable>(_ kind: StateKind, as type: T.Type) throws(LedgerStoreError) -> [T] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT body FROM state WHERE kind = ? ORDER BY id", arguments: [kind.rawValue])
                .map { try JSONDecoder().decode(type, from: Data($0.utf8)) }
        }
    }

    /// One thing of the state; `nil` when it is not there.
    package func state<T: Decodable>(_ kind: StateKind, id: String, as type: T.Type) throws(LedgerStoreError) -> T? {
        try read { db in
            try String.fetchOne(db, sql: "SELECT body FROM state WHERE kind = ? AND id = ?", arguments: [kind.rawValue, id])
                .map { try JSONDecoder().decode(type, from: Data($0.utf8)) }
        }
    }

    /// The agreement, if it is in the current segment.
    package func agreement(_ id: AgreementID) throws(LedgerStoreError) -> AgreementRecord? {
        try read { try Rows.agreement($0, id) }
    }

    /// The receipts of a lease in the current segment, by number.
    package func receipts(lease: LeaseID) throws(LedgerStoreError) -> [SignedReceipt] {
        try read { try Rows.receipts($0, lease: lease) }
    }

    /// The receipts of the current segment that the borrower has not answered, oldest first.
    package func openReceipts() throws(LedgerStoreError) -> [SignedReceipt] { try read(Rows.unansweredReceipts) }

    /// The transfers of a lease in the current segment, oldest first.
    package func transfers(lease: LeaseID) throws(LedgerStoreError) -> [Transfer] {
        try read { try Rows.transfers($0, lease: lease) }
    }

    /// The last transfers of the current segment, oldest first.
    package func lastTransfers(_ count: Int) throws(LedgerStoreError) -> [Transfer] {
        try read { try Rows.lastTransfers($0, count) }
    }

    /// Obligations, by when they fall due; those that were settled before `time` are left out.
    package func obligations(settledSince time: Timestamp) throws(LedgerStoreError) -> [Obligation] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT body FROM obligations WHERE settled_at IS NULL OR settled_at >= ? ORDER BY due_until, id",
                arguments: [time.microseconds]
            ).map(Rows.obligation)
        }
    }

    /// Events after the given sequence, oldest first.
    package func events(after sequence: Int64, limit: Int) throws(LedgerStoreError) -> [StoredEvent] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", arguments: [sequence, limit]
            ).map(Rows.event)
        }
    }

    /// The last events before the given sequence, oldest first.
    package func events(before sequence: Int64, limit: Int) throws(LedgerStoreError) -> [StoredEvent] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM events WHERE sequence < ? ORDER BY sequence DESC LIMIT ?", arguments: [sequence, limit]
            ).reversed().map(Rows.event)
        }
    }

    /// The last events that concern `subject`, oldest first.
    package func events(subject: String, limit: Int = 1000) throws(LedgerStoreError) -> [StoredEvent] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT e.* FROM event_subjects AS s JOIN events AS e ON e.sequence = s.sequence
                    WHERE s.subject = ? ORDER BY s.sequence DESC LIMIT ?
                    """, arguments: [subject, limit]
            ).reversed().map(Rows.event)
        }
    }

    /// The last events, oldest first.
    package func lastEvents(_ count: Int) throws(LedgerStoreError) -> [StoredEvent] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM events ORDER BY sequence DESC LIMIT ?", arguments: [count])
                .reversed().map(Rows.event)
        }
    }

    /// Reads from the current segment; once more when that was closed meanwhile.
    func read<Value>(_ body: (Database) throws -> Value) throws(LedgerStoreError) -> Value {
        while true {
            let segment = try writer.openSegment()
            do {
                return try segment.pool.read(body)
            } catch {
                guard writer.segment?.path == segment.path else { continue }
                throw LedgerStoreError(error, file: segment.path)
            }
        }
    }
}
