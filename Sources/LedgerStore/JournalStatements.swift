import GRDB

/// The statements that write records, prepared once for each segment.
struct JournalStatements {
    let insertTransfer: PreparedStatement
    let findRemembered: PreparedStatement
    let findAccount: PreparedStatement
    let insertAccount: PreparedStatement
    let insertReceipt: PreparedStatement
    let insertCosignature: PreparedStatement
    let insertAgreement: PreparedStatement
    let insertAdjustment: PreparedStatement
    let insertCheckpoint: PreparedStatement
    let insertResolution: PreparedStatement
    let setDispute: PreparedStatement
    let setObligation: PreparedStatement
    let setTrustLine: PreparedStatement
    let setState: PreparedStatement
    let removeState: PreparedStatement
    let insertEvent: PreparedStatement
    let insertSubject: PreparedStatement
    let dropSubjects: PreparedStatement
    let dropEvents: PreparedStatement
    let setHead: PreparedStatement

    init(_ db: Database) throws {
        insertTransfer = try PreparedStatement(
            db,
            """
            INSERT INTO transfers (sequence, id, kind, debit, credit, amount, reservation, lease, expires_boot,
                expires_instant, expires_utc, at, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        findRemembered = try PreparedStatement(db, "SELECT fingerprint FROM remembered WHERE id = ?")
        findAccount = try PreparedStatement(db, "SELECT id FROM accounts WHERE unit = ? AND name = ?")
        insertAccount = try PreparedStatement(db, "INSERT INTO accounts (unit, name) VALUES (?, ?)")
        insertReceipt = try PreparedStatement(
            db,
            """
            INSERT INTO receipts (sequence, id, lease, number, document, lender_signature, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        insertCosignature = try PreparedStatement(
            db,
            """
            INSERT INTO cosignatures (sequence, receipt, signature, accepted, accepted_core_time, accepted_memory_time,
                accepted_disk_time, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertAgreement = try PreparedStatement(
            db,
            """
            INSERT INTO agreements (sequence, id, lease, borrower, lender, document, borrower_signature,
                lender_signature, at, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertAdjustment = try PreparedStatement(
            db,
            """
            INSERT INTO adjustments (sequence, id, obligation, document, proposer_signature, answerer_signature, accepted, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertCheckpoint = try PreparedStatement(
            db,
            """
            INSERT INTO checkpoints (sequence, id, peer, document, first_signature, second_signature, next, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertResolution = try PreparedStatement(
            db,
            """
            INSERT INTO resolutions (sequence, dispute, number, document, proposer_signature, answerer_signature, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        setDispute = try PreparedStatement(db, Seal.insertion(into: "disputes"))
        setObligation = try PreparedStatement(db, Seal.insertion(into: "obligations"))
        setTrustLine = try PreparedStatement(db, Seal.insertion(into: "trust_lines"))
        setState = try PreparedStatement(db, Seal.insertion(into: "state"))
        removeState = try PreparedStatement(db, "DELETE FROM state WHERE kind = ? AND id = ?")
        insertEvent = try PreparedStatement(db, Seal.insertion(into: "events", "INSERT"))
        insertSubject = try PreparedStatement(db, "INSERT OR IGNORE INTO event_subjects (subject, sequence) VALUES (?, ?)")
        dropSubjects = try PreparedStatement(
            db,
            """
            DELETE FROM event_subjects WHERE (subject, sequence) IN (
                SELECT value, sequence FROM events, json_each(subjects)
                WHERE sequence IN (SELECT value FROM json_each(?)))
            """)
        dropEvents = try PreparedStatement(db, "DELETE FROM events WHERE sequence IN (SELECT value FROM json_each(?))")
        setHead = try PreparedStatement(db, "UPDATE segment SET sequence = ?, head = ?")
    }
}
