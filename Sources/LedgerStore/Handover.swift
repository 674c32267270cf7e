import Bookkeeping
import Foundation
import GRDB
import Resources

/// What one segment hands on to the next when it is closed.
struct Handover {
    /// The number of the segment to be closed.
    let number: Int
    /// Its last row.
    let closing: Closing
    /// The end of its chain, the last row included.
    let end: Chain
    private let snapshot: BooksSnapshot

    /// Prepares to close the segment, or finds how it was closed.
    init(of db: Database, memoryCapacity: Int) throws {
        let segment = try SegmentRow(db)
        number = segment.number
        snapshot = try Rows.snapshot(db, remembering: memoryCapacity)
        if let closing = try Closing(db) {
            (self.closing, end) = (closing, segment.end)
        } else {
            let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            closing = Closing(tally: Tally(entries: snapshot.entries, reservations: snapshot.reservations).digest, at: now)
            var chain = segment.end
            chain.append(closing.chainDocument)
            end = chain
        }
    }

    /// Closes the segment, unless it is closed.
    func close(_ db: Database) throws {
        guard try Closing(db) == nil else { return }
        try db.execute(
            sql: "INSERT INTO closing (sequence, tally, at, hash) VALUES (?, ?, ?, ?)",
            arguments: [end.sequence, closing.tally.column, closing.at.microseconds, end.head.column])
        try db.execute(sql: "UPDATE segment SET sequence = ?, head = ?", arguments: [end.sequence, end.head.column])
    }

    /// Fills the next segment, which is new, from this and from the closed file's live tables.
    func fill(_ db: Database, from path: String) throws {
        try db.execute(sql: "ATTACH DATABASE ? AS closed", arguments: [path])
        try db.inTransaction {
            try SegmentRow.insert(db, number: number + 1, opening: end, tally: closing.tally, horizon: snapshot.horizon)
            let accounts = try insertAccounts(db)
            try insertReservations(db, accounts: accounts)
            try insertRemembered(db)
            for table in ["trust_lines", "state", "obligations", "disputes", "events", "event_subjects"] {
                try db.execute(sql: "INSERT INTO \(table) SELECT * FROM closed.\(table)")
            }
            return .commit
        }
        try db.execute(sql: "DETACH DATABASE closed")
    }

    /// Returns the accounts' row ids.
    private func insertAccounts(_ db: Database) throws -> [Tally.Line: Int64] {
        var ids: [Tally.Line: Int64] = [:]
        for entry in snapshot.entries {
            let balance = entry.balance
            let counters = [balance.debitsPosted, balance.creditsPosted, balance.debitsPending, balance.creditsPending]
            let now = StatementArguments(counters.map(\.rawValue))
            try db.execute(
                sql: """
                    INSERT INTO accounts (unit, name, debits_posted, credits_posted, debits_pending, credits_pending,
                        opening_debits_posted, opening_credits_posted, opening_debits_pending, opening_credits_pending)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [entry.line.unit.rawValue, entry.line.account.description] + now + now)
            ids[entry.line] = db.lastInsertedRowID
        }
        return ids
    }

    private func insertReservations(_ db: Database, accounts: [Tally.Line: Int64]) throws {
        for reservation in snapshot.reservations {
            let (transfer, expires) = (reservation.transfer, reservation.expires)
            try db.execute(
                sql: """
                    INSERT INTO reservations (id, debit, credit, amount, lease, expires_boot, expires_instant, expires_utc,
                        at, posted, opening_posted)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    transfer.id.column, accounts[Tally.Line(transfer.debit, transfer.unit)],
                    accounts[Tally.Line(transfer.credit, transfer.unit)], transfer.amount.rawValue, transfer.lease?.column,
                    expires.boot.value, expires.instant.microseconds, expires.utc.microseconds, transfer.at.microseconds,
                    reservation.posted.rawValue, reservation.posted.rawValue,
                ])
        }
    }

    private func insertRemembered(_ db: Database) throws {
        let insert = try db.makeStatement(sql: "INSERT INTO remembered (id, fingerprint, fate) VALUES (?, ?, ?)")
        for entry in snapshot.remembered {
            try insert.execute(arguments: [entry.id.column, Int64(bitPattern: entry.fingerprint), entry.fate.rawValue])
        }
    }
}

extension Closing {
    /// The closing row of the segment; `nil` while it is open.
    init?(_ db: Database) throws {
        guard let row = try Row.fetchOne(db, sql: "SELECT tally, at FROM closing") else { return nil }
        self.init(tally: try row.digest("tally"), at: row.time("at"))
    }
}
