import Bookkeeping
import Foundation
import GRDB
import LedgerSchema
import Resources

/// The ledger's files in the data directory: one current segment, the last, and closed ones before it, which are never
/// written again and may be moved away.
///
/// To close a segment, its successor is built under another name, the closing row is committed (from then on nothing
/// else may be written to it), the successor gets its name, and the closed file is cleared of what moved on and made
/// read-only. Whatever of this a crash interrupts is done again when the directory is opened.
struct SegmentFiles: Sendable {
    let directory: DataDirectory
    let options: LedgerStore.Options

    /// A complete segment that has not got its name yet.
    struct Successor {
        fileprivate let path: String
        fileprivate let finalPath: String
        fileprivate let closing: Closing
        /// The chain's end including the closing row.
        fileprivate let chain: Chain
    }

    /// The files of closed segments, oldest first.
    func closed() throws(LedgerStoreError) -> [String] { try numbers().dropLast().map(path) }

    /// Opens the last segment, or creates the first.
    func openCurrent() throws(LedgerStoreError) -> Segment {
        let number = try numbers().last ?? 1
        var segment = try Segment(path: path(number), options: options)
        do {
            if try segment.pool.read(Self.closingRow) != nil {
                let closed = segment
                segment = try replace(closed, by: try buildSuccessor(of: closed))
                try? closed.close()
            } else {
                try segment.pool.write { try Self.begin($0, number: number) }
            }
        } catch {
            throw LedgerStoreError(error, file: segment.path)
        }
        try directory.synchronize()
        return segment
    }

    private func numbers() throws(LedgerStoreError) -> [Int] { try directory.names().compactMap(Segment.number).sorted() }

    private func path(_ number: Int) -> String { directory.file(Segment.name(number)) }

    /// Gives the very first segment its row.
    private static func begin(_ db: Database, number: Int) throws {
        guard try Int.fetchOne(db, sql: "SELECT count(*) FROM segment") == 0 else { return }
        guard number == 1 else { throw MalformedRow(description: "the segment table is empty") }
        try insertSegment(db, number: 1, chain: .start, tally: Tally().digest, horizon: nil)
    }

    private static func insertSegment(_ db: Database, number: Int, chain: Chain, tally: Digest, horizon: TransferID?) throws {
        try db.execute(
            sql: """
                INSERT INTO segment (only, number, opening_sequence, opening_head, opening_tally, horizon, sequence, head)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                number, chain.sequence, chain.head.column, tally.column, horizon?.column, chain.sequence, chain.head.column,
            ])
    }
}

// MARK: - Closing a segment

extension SegmentFiles {
    /// Builds the segment that follows, without changing anything in `segment`.
    func buildSuccessor(of segment: Segment) throws -> Successor {
        let (number, chain, closing, snapshot) = try segment.pool.read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT number, sequence, head FROM segment") else {
                throw MalformedRow(description: "the segment table is empty")
            }
            let snapshot = try Rows.snapshot(db, remembering: options.memoryCapacity)
            var chain = Chain(sequence: row["sequence"], head: try row.digest("head"))
            if let closing = try Self.closingRow(db) { return (row["number"] as Int, chain, closing, snapshot) }
            let tally = Tally(entries: snapshot.entries, reservations: snapshot.reservations)
            let closing = Closing(tally: tally.digest, at: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)))
            chain.append(closing.chainDocument)
            return (row["number"] as Int, chain, closing, snapshot)
        }
        let finalPath = path(number + 1)
        let partial = finalPath + ".partial"
        try? FileManager.default.removeItem(atPath: partial)
        try? FileManager.default.removeItem(atPath: partial + "-journal")
        Segment.create(partial)
        let queue = try DatabaseQueue(path: partial)
        try queue.writeWithoutTransaction { db in
            try Migrator(path: partial, steps: Migration.all).run(db)
            try db.execute(sql: "ATTACH DATABASE ? AS closed", arguments: [segment.path])
            try db.inTransaction {
                try Self.insertSegment(db, number: number + 1, chain: chain, tally: closing.tally, horizon: snapshot.horizon)
                try Self.carryOver(snapshot, to: db)
                for table in ["state", "events", "event_subjects"] {
                    try db.execute(sql: "INSERT INTO \(table) SELECT * FROM closed.\(table)")
                }
                return .commit
            }
            try db.execute(sql: "DETACH DATABASE closed")
        }
        try queue.close()
        return Successor(path: partial, finalPath: finalPath, closing: closing, chain: chain)
    }

    /// Closes `segment`, after which nothing is written to it, and opens its successor.
    func replace(_ segment: Segment, by successor: Successor) throws -> Segment {
        try segment.pool.write { db in
            guard try Self.closingRow(db) == nil else { return }
            let (closing, chain) = (successor.closing, successor.chain)
            try db.execute(
                sql: "INSERT INTO closing (sequence, tally, at, hash) VALUES (?, ?, ?, ?)",
                arguments: [chain.sequence, closing.tally.column, closing.at.microseconds, chain.head.column])
            try db.execute(
                sql: "UPDATE segment SET sequence = ?, head = ?", arguments: [chain.sequence, chain.head.column])
        }
        try FileManager.default.moveItem(atPath: successor.path, toPath: successor.finalPath)
        try directory.synchronize()
        return try Segment(path: successor.finalPath, options: options)
    }

    /// Folds the write-ahead log of a closed segment in, removes what has moved on, and makes the file read-only. What
    /// cannot be done now is done at the next start: it frees space and guards against mishaps, nothing depends on it.
    func seal(_ path: String) {
        do {
            guard try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int != 0o400 else { return }
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
                try db.execute(sql: "DELETE FROM state; DELETE FROM events; DELETE FROM event_subjects; VACUUM")
            }
            try queue.close()
            try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
        } catch {}
    }

    static func closingRow(_ db: Database) throws -> Closing? {
        try Row.fetchOne(db, sql: "SELECT tally, at FROM closing").map { row in
            Closing(tally: try row.digest("tally"), at: row.time("at"))
        }
    }

    private static func carryOver(_ snapshot: BooksSnapshot, to db: Database) throws {
        var accounts: [Tally.Line: Int64] = [:]
        for entry in snapshot.entries { accounts[entry.line] = try insert(entry, into: db) }
        for reservation in snapshot.reservations {
            let transfer = reservation.transfer
            try insert(
                reservation, debit: accounts[Tally.Line(transfer.debit, transfer.unit)],
                credit: accounts[Tally.Line(transfer.credit, transfer.unit)], into: db)
        }
        for line in snapshot.trustLines {
            try db.execute(
                sql: "INSERT INTO trust_lines (peer, unit, granted, received, own_ceiling) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    line.peer.column, line.unit.rawValue, line.granted.rawValue, line.received?.rawValue,
                    line.ownCeiling.rawValue,
                ])
        }
        let remember = try db.makeStatement(sql: "INSERT INTO remembered (id, fingerprint, fate) VALUES (?, ?, ?)")
        for entry in snapshot.remembered {
            try remember.execute(arguments: [entry.id.column, Int64(bitPattern: entry.fingerprint), entry.fate.rawValue])
        }
    }

    private static func insert(_ entry: Tally.Entry, into db: Database) throws -> Int64 {
        let balance = entry.balance
        let counters = [balance.debitsPosted, balance.creditsPosted, balance.debitsPending, balance.creditsPending]
        let values = (counters + counters).map(\.rawValue)
        try db.execute(
            sql: """
                INSERT INTO accounts (unit, name, debits_posted, credits_posted, debits_pending, credits_pending,
                    opening_debits_posted, opening_credits_posted, opening_debits_pending, opening_credits_pending)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [entry.line.unit.rawValue, entry.line.account.description] + StatementArguments(values))
        return db.lastInsertedRowID
    }

    private static func insert(_ reservation: Reservation, debit: Int64?, credit: Int64?, into db: Database) throws {
        let (transfer, expires) = (reservation.transfer, reservation.expires)
        try db.execute(
            sql: """
                INSERT INTO reservations (id, debit, credit, amount, lease, expires_boot, expires_instant, expires_utc, at,
                    posted, opening_posted)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                transfer.id.column, debit, credit, transfer.amount.rawValue, transfer.lease?.column, expires.boot.value,
                expires.instant.microseconds, expires.utc.microseconds, transfer.at.microseconds,
                reservation.posted.rawValue, reservation.posted.rawValue,
            ])
    }
}
