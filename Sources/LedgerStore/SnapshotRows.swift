import Bookkeeping
import Foundation
import GRDB
import Resources

// What the books restore themselves from, out of the current segment alone.

extension Rows {
    static func snapshot(_ db: Database, remembering capacity: Int) throws -> BooksSnapshot {
        let (remembered, horizon) = try memory(db, capacity: capacity)
        return BooksSnapshot(
            entries: try entries(db), reservations: try openReservations(db), trustLines: try trustLines(db),
            remembered: remembered, horizon: horizon)
    }

    /// What stands on each account now.
    static func entries(_ db: Database) throws -> [Tally.Entry] {
        try Row.fetchAll(db, sql: "SELECT * FROM accounts").map { try entry($0) }.sorted { $0.line < $1.line }
    }

    /// What stood on each account when the segment began.
    static func openingEntries(_ db: Database) throws -> [Tally.Entry] {
        try Row.fetchAll(db, sql: "SELECT * FROM accounts WHERE opening_debits_posted IS NOT NULL")
            .map { try entry($0, prefix: "opening_") }.sorted { $0.line < $1.line }
    }

    private static func entry(_ row: Row, prefix: String = "") throws -> Tally.Entry {
        let balance = Balance<LedgerAmount>(
            debitsPosted: row.quantity(prefix + "debits_posted"), creditsPosted: row.quantity(prefix + "credits_posted"),
            debitsPending: row.quantity(prefix + "debits_pending"), creditsPending: row.quantity(prefix + "credits_pending"))
        return Tally.Entry(Tally.Line(try account(row, "name"), try row.word("unit")), balance)
    }

    private static let reservationQuery = """
        SELECT t.id, 'pending' AS kind, d.unit, c.unit AS credit_unit, d.name AS debit, c.name AS credit, t.amount,
            NULL AS reservation, t.lease, t.expires_boot, t.expires_instant, t.expires_utc, t.at, t.posted, t.opening_posted
        FROM reservations AS t \(accountJoins)
        """

    /// The reservations open now, by id.
    static func openReservations(_ db: Database) throws -> [Reservation] {
        try Row.fetchAll(db, sql: "\(reservationQuery) WHERE t.closed IS NULL ORDER BY t.id").map { row in
            try reservation(row, posted: "posted")
        }
    }

    /// The reservations that were open when the segment began, by id, as they were then.
    static func openingReservations(_ db: Database) throws -> [Reservation] {
        try Row.fetchAll(db, sql: "\(reservationQuery) WHERE t.opening_posted IS NOT NULL ORDER BY t.id").map { row in
            try reservation(row, posted: "opening_posted")
        }
    }

    /// The pending transfer of an earlier segment whose reservation was carried over.
    static func carried(_ db: Database, _ id: TransferID) throws -> Transfer? {
        try Row.fetchOne(db, sql: "\(reservationQuery) WHERE t.id = ?", arguments: [id.column]).map(transfer)
    }

    private static func reservation(_ row: Row, posted: String) throws -> Reservation {
        guard let reservation = Reservation(try transfer(row), posted: row.quantity(posted)) else {
            throw MalformedRow(description: "reservation \(TransferID(column: row["id"])?.description ?? "?") is malformed")
        }
        return reservation
    }

    static func trustLines(_ db: Database) throws -> [TrustLine] {
        try Row.fetchAll(db, sql: "SELECT * FROM trust_lines ORDER BY peer, unit").map { row in
            TrustLine(
                peer: try row.id("peer"), unit: try row.word("unit"), granted: row.quantity("granted"),
                received: row.optionalQuantity("received"), ownCeiling: row.quantity("own_ceiling"))
        }
    }

    /// The youngest transfers by id, of this segment and of what it remembers of those before, and the youngest id older
    /// than these.
    private static func memory(_ db: Database, capacity: Int) throws -> ([RememberedTransfer], TransferID?) {
        let here = try rememberedHere(db, capacity: capacity)
        let before = try rememberedBefore(db, capacity: capacity)
        let all = (here + before).sorted { $0.id < $1.id }
        let horizon = try SegmentRow(db).horizon
        return all.count > capacity ? (all.suffix(capacity), all[all.count - capacity - 1].id) : (all, horizon)
    }

    /// Of earlier segments; a reservation carried over may have been closed since.
    private static func rememberedBefore(_ db: Database, capacity: Int) throws -> [RememberedTransfer] {
        let sql = """
            SELECT m.id, m.fingerprint, coalesce(r.closed, m.fate) AS fate FROM remembered AS m
            LEFT JOIN reservations AS r ON r.id = m.id ORDER BY m.id DESC LIMIT ?
            """
        return try Row.fetchAll(db, sql: sql, arguments: [capacity + 1]).map { row in
            RememberedTransfer(
                id: try row.id("id"), fingerprint: UInt64(bitPattern: row["fingerprint"]), fate: try row.word("fate"))
        }
    }

    private static func rememberedHere(_ db: Database, capacity: Int) throws -> [RememberedTransfer] {
        let sql = """
            SELECT \(transferColumns), coalesce(r.closed, 'none') AS fate FROM transfers AS t \(accountJoins)
            LEFT JOIN reservations AS r ON r.id = t.id ORDER BY t.id DESC LIMIT ?
            """
        let rows = try Row.fetchCursor(db, sql: sql, arguments: [capacity + 1])
        var found: [RememberedTransfer] = []
        while let row = try rows.next() {
            let transfer = try transfer(row)
            found.append(RememberedTransfer(id: transfer.id, fingerprint: transfer.fingerprint, fate: try row.word("fate")))
        }
        return found
    }
}
