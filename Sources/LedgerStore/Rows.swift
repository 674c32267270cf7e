import Bookkeeping
import Foundation
import GRDB
import Resources

/// Reads the ledger's tables into the types of Bookkeeping.
enum Rows {
    /// A transfer with the names of its accounts, from `transfers AS t`.
    static let transferColumns = """
        t.id, t.kind, d.unit, c.unit AS credit_unit, d.name AS debit, c.name AS credit, t.amount, t.reservation, t.lease,
        t.expires_boot, t.expires_instant, t.expires_utc, t.at
        """
    static let accountJoins = "JOIN accounts AS d ON d.id = t.debit JOIN accounts AS c ON c.id = t.credit"

    static func transfer(_ row: Row) throws -> Transfer {
        guard row["unit"] as String == row["credit_unit"] else {
            throw MalformedRow(description: "debit and credit are in different units")
        }
        return Transfer(
            id: try row.id("id"), kind: try row.word("kind"), unit: try row.word("unit"), debit: try account(row, "debit"),
            credit: try account(row, "credit"), amount: row.quantity("amount"), of: try row.optionalID("reservation"),
            lease: try row.optionalID("lease"), expires: deadline(row), at: row.time("at"))
    }

    static func account(_ row: Row, _ column: String) throws -> Account {
        let name: String = row[column]
        guard let account = Account(name) else { throw MalformedRow(description: "'\(name)' is no account") }
        return account
    }

    private static func deadline(_ row: Row) -> Deadline? {
        guard let boot = row["expires_boot"] as String? else { return nil }
        return Deadline(
            Moment(
                boot: BootID(boot), instant: Instant(microseconds: row["expires_instant"]), utc: row.time("expires_utc")))
    }

    static func transfer(_ db: Database, _ id: TransferID) throws -> Transfer? {
        let sql = "SELECT \(transferColumns) FROM transfers AS t \(accountJoins) WHERE t.id = ?"
        return try Row.fetchOne(db, sql: sql, arguments: [id.column]).map(transfer)
    }

    static func transfers(_ db: Database, lease: LeaseID) throws -> [Transfer] {
        let sql = "SELECT \(transferColumns) FROM transfers AS t \(accountJoins) WHERE t.lease = ? ORDER BY t.sequence"
        return try Row.fetchAll(db, sql: sql, arguments: [lease.column]).map(transfer)
    }

    static func lastTransfers(_ db: Database, _ count: Int) throws -> [Transfer] {
        let sql = "SELECT \(transferColumns) FROM transfers AS t \(accountJoins) ORDER BY t.sequence DESC LIMIT ?"
        return try Row.fetchAll(db, sql: sql, arguments: [count]).reversed().map(transfer)
    }
}

// MARK: - Agreements and receipts

extension Rows {
    static func agreement(_ db: Database, _ id: AgreementID) throws -> AgreementRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM agreements WHERE id = ?"), arguments: [id.column])
            .map(agreement)
    }

    static func agreement(_ row: Row) throws -> AgreementRecord {
        AgreementRecord(
            id: try row.id("id"), lease: try row.id("lease"), borrower: try row.id("borrower"), lender: try row.id("lender"),
            document: row.bytes("document"), borrowerSignature: Signature(row.bytes("borrower_signature")),
            lenderSignature: Signature(row.bytes("lender_signature")), at: row.time("at"))
    }

    static let receiptQuery = """
        SELECT r.*, s.* FROM receipts AS r LEFT JOIN cosignatures AS s ON s.receipt = r.id
        """

    static func receipt(_ db: Database, _ id: ReceiptID) throws -> SignedReceipt? {
        try Row.fetchOne(db.cachedStatement(sql: "\(receiptQuery) WHERE r.id = ?"), arguments: [id.column]).map(receipt)
    }

    static func receipt(_ db: Database, lease: LeaseID, number: Int64) throws -> SignedReceipt? {
        let statement = try db.cachedStatement(sql: "\(receiptQuery) WHERE r.lease = ? AND r.number = ?")
        return try Row.fetchOne(statement, arguments: [lease.column, number]).map(receipt)
    }

    static func receipts(_ db: Database, lease: LeaseID) throws -> [SignedReceipt] {
        let statement = try db.cachedStatement(sql: "\(receiptQuery) WHERE r.lease = ? ORDER BY r.number")
        return try Row.fetchAll(statement, arguments: [lease.column]).map(receipt)
    }

    static func unansweredReceipts(_ db: Database) throws -> [SignedReceipt] {
        let sql = "\(receiptQuery) WHERE s.receipt IS NULL ORDER BY r.sequence"
        return try Row.fetchAll(db, sql: sql).map(receipt)
    }

    /// From the columns of `receipts` and, where they were joined, those of `cosignatures`.
    static func receipt(_ row: Row) throws -> SignedReceipt {
        let document = row.bytes("document")
        return SignedReceipt(
            receipt: try Receipt(document: document), document: document,
            lenderSignature: Signature(row.bytes("lender_signature")),
            borrowerSignature: (row["signature"] as Data?).map { Signature(Array($0)) }, accepted: accepted(row))
    }

    static func cosignature(_ db: Database, of id: ReceiptID) throws -> Cosignature? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM cosignatures WHERE receipt = ?"), arguments: [id.column])
            .map(cosignature)
    }

    static func cosignature(_ row: Row) throws -> Cosignature {
        Cosignature(
            receipt: try row.id("receipt"), signature: Signature(row.bytes("signature")), accepted: accepted(row))
    }

    /// How much of a receipt was accepted. Closed segments of an older schema have no columns for what is in kind.
    private static func accepted(_ row: Row) -> Charge? {
        let credits: Microcredits? = row.optionalQuantity("accepted")
        let (cpu, memory): (Int64?, Int64?) = (row["accepted_core_time"], row["accepted_memory_time"])
        let disk: Int64? = row["accepted_disk_time"]
        return credits.map {
            Charge(credits: $0, inKind: Usage(cpu: .init(cpu ?? 0), memory: .init(memory ?? 0), disk: .init(disk ?? 0)))
        }
    }
}

// MARK: - Obligations

extension Rows {
    static func adjustment(_ db: Database, _ id: AdjustmentID) throws -> SignedAdjustment? {
        try Row.fetchOne(db, sql: "SELECT * FROM adjustments WHERE id = ?", arguments: [id.column]).map(adjustment)
    }

    static func adjustment(_ row: Row) throws -> SignedAdjustment {
        let document = row.bytes("document")
        return SignedAdjustment(
            adjustment: try Adjustment(document: document), document: document,
            proposerSignature: Signature(row.bytes("proposer_signature")),
            answererSignature: Signature(row.bytes("answerer_signature")), accepted: row.quantity("accepted"))
    }

    static func obligation(_ row: Row) throws -> Obligation {
        try JSONDecoder().decode(Obligation.self, from: Data((row["body"] as String).utf8))
    }
}

// MARK: - Events

extension Rows {
    static func event(_ row: Row) throws -> StoredEvent {
        let decoder = JSONDecoder()
        let event = Event(
            at: row.time("at"), kind: row["kind"],
            subjects: try decoder.decode([String].self, from: Data((row["subjects"] as String).utf8)), text: row["text"],
            details: try decoder.decode([Event.Detail].self, from: Data((row["details"] as String).utf8)))
        return StoredEvent(sequence: row["sequence"], event: event)
    }
}
