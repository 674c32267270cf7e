import GRDB

/// The writer's statements, prepared once for each connection.
struct JournalStatements {
    let insertTransfer: Statement
    let findRemembered: Statement
    let findAccount: Statement
    let insertAccount: Statement
    let insertReceipt: Statement
    let insertCosignature: Statement
    let insertAgreement: Statement
    let setTrustLine: Statement
    let setState: Statement
    let removeState: Statement
    let insertEvent: Statement
    let insertSubject: Statement
    let pruneSubjects: Statement
    let pruneEvents: Statement
    let setHead: Statement

    init(_ db: Database) throws {
        insertTransfer = try db.makeStatement(
            sql: """
                INSERT INTO transfers (sequence, id, kind, debit, credit, amount, reservation, lease, expires_boot,
                    expires_instant, expires_utc, at, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        findRemembered = try db.makeStatement(sql: "SELECT fingerprint FROM remembered WHERE id = ?")
        findAccount = try db.makeStatement(sql: "SELECT id FROM accounts WHERE unit = ? AND name = ?")
        insertAccount = try db.makeStatement(sql: "INSERT INTO accounts (unit, name) VALUES (?, ?)")
        insertReceipt = try db.makeStatement(
            sql: """
                INSERT INTO receipts (sequence, id, lease, number, document, lender_signature, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
        insertCosignature = try db.makeStatement(
            sql: "INSERT INTO cosignatures (sequence, receipt, signature, accepted, hash) VALUES (?, ?, ?, ?, ?)")
        insertAgreement = try db.makeStatement(
            sql: """
                INSERT INTO agreements (sequence, id, lease, borrower, lender, document, borrower_signature,
                    lender_signature, at, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        setTrustLine = try db.makeStatement(
            sql: "REPLACE INTO trust_lines (peer, unit, granted, received, own_ceiling) VALUES (?, ?, ?, ?, ?)")
        setState = try db.makeStatement(sql: "REPLACE INTO state (kind, id, body) VALUES (?, ?, ?)")
        removeState = try db.makeStatement(sql: "DELETE FROM state WHERE kind = ? AND id = ?")
        insertEvent = try db.makeStatement(
            sql: "INSERT INTO events (sequence, at, kind, subjects, text, details) VALUES (?, ?, ?, ?, ?, ?)")
        insertSubject = try db.makeStatement(sql: "INSERT OR IGNORE INTO event_subjects (subject, sequence) VALUES (?, ?)")
        pruneSubjects = try db.makeStatement(
            sql: """
                DELETE FROM event_subjects WHERE (subject, sequence) IN (
                    SELECT value, sequence FROM events, json_each(subjects) WHERE sequence <= ?)
                """)
        pruneEvents = try db.makeStatement(sql: "DELETE FROM events WHERE sequence <= ?")
        setHead = try db.makeStatement(sql: "UPDATE segment SET sequence = ?, head = ?")
    }
}
