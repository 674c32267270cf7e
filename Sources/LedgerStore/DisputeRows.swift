import Bookkeeping
import Foundation
import GRDB
import Resources

// Disputes as they stand, and the steps towards their end in the chain.

extension SignedResolution {
    /// As both signed it.
    var chainDocument: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.ledger.resolution")
        writer.write(document)
        writer.write(proposerSignature.bytes)
        writer.write(answererSignature?.bytes ?? [])
        return writer.bytes
    }
}

extension Journal {
    /// - Throws: ``LedgerStoreError/refused(_:)`` when one of the signatures is missing.
    mutating func write(_ signed: SignedResolution) throws {
        let resolution = signed.resolution
        guard let signature = signed.answererSignature else {
            throw LedgerStoreError.refused("step \(resolution.number) of \(resolution.dispute) is not signed by both")
        }
        if let known = try Rows.resolution(db, resolution.dispute, number: resolution.number) {
            guard known == signed else {
                throw LedgerStoreError.conflict("step \(resolution.number) of \(resolution.dispute)")
            }
            return
        }
        var chain = position.chain
        chain.append(signed.chainDocument)
        try statements.insertResolution.execute([
            chain.sequence, resolution.dispute.column, resolution.number, Data(signed.document),
            Data(signed.proposerSignature.bytes), Data(signature.bytes), chain.head.column,
        ])
        position.chain = chain
    }

    func write(_ dispute: Dispute, body: String) throws {
        try statements.setDispute.execute([
            dispute.id.column, dispute.receipt?.column, dispute.lease.column, dispute.creditor.column, dispute.debtor.column,
            dispute.opened.microseconds, dispute.resolved?.microseconds, body,
        ])
    }
}

extension Rows {
    static func resolution(_ db: Database, _ id: DisputeID, number: Int64) throws -> SignedResolution? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM resolutions WHERE dispute = ? AND number = ?", arguments: [id.column, number]
        ).map(resolution)
    }

    static func resolution(_ row: Row) throws -> SignedResolution {
        let document = row.bytes("document")
        return SignedResolution(
            resolution: try Resolution(document: document), document: document,
            proposerSignature: Signature(row.bytes("proposer_signature")),
            answererSignature: Signature(row.bytes("answerer_signature")))
    }

    static func dispute(_ row: Row) throws -> Dispute {
        try JSONDecoder().decode(Dispute.self, from: Data((row["body"] as String).utf8))
    }
}

extension LedgerStore {
    /// Disputes in the order of their ids; those that were over before `time` are left out.
    package func disputes(resolvedSince time: Timestamp) throws(LedgerStoreError) -> [Dispute] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT body FROM disputes WHERE resolved_at IS NULL OR resolved_at >= ? ORDER BY id",
                arguments: [time.microseconds]
            ).map(Rows.dispute)
        }
    }

    /// A dispute as it stands, however long it has been over; `nil` when there never was one.
    package func dispute(_ id: DisputeID) throws(LedgerStoreError) -> Dispute? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT body FROM disputes WHERE id = ?", arguments: [id.column]).map(Rows.dispute)
        }
    }

    /// The disputes about a lease, in the order of their ids.
    package func disputes(lease: LeaseID) throws(LedgerStoreError) -> [Dispute] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT body FROM disputes WHERE lease = ? ORDER BY id", arguments: [lease.column])
                .map(Rows.dispute)
        }
    }
}

extension LedgerReader {
    /// A receipt, from all segments that are in the directory; `nil` when it is in none of them.
    package func receipt(_ id: ReceiptID) throws(LedgerStoreError) -> SignedReceipt? {
        // One that was answered after its segment was closed is in the next one, too.
        try fold(into: nil) { found, db in
            found = try Rows.receipt(db, id) ?? found
            return true
        }
    }
}

extension Verifier {
    mutating func check(resolution row: Row) throws {
        let signed = try Rows.resolution(row)
        let resolution = signed.resolution
        try link(try row.digest("hash"), signed.chainDocument)
        guard resolution.dispute == (try row.id("dispute")), resolution.number == row["number"] else {
            throw MalformedRow(description: "dispute or number are not those of its document")
        }
        try checkSignature(signed.proposerSignature, signed.document, resolution.proposer, "proposer")
        try checkSignature(signed.answererSignature ?? Signature([]), signed.document, resolution.answerer, "answerer")
    }
}
