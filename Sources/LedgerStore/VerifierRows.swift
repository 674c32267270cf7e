import Bookkeeping
import GRDB
import Resources

// The rows that share the chain, one by one in the order of their sequence, whatever table they are in.

/// A table of the chain while it is being read.
private struct ChainedTable {
    enum Name: String, CaseIterable {
        case transfers, agreements, receipts, cosignatures, closing
    }

    let name: Name
    private let cursor: RowCursor
    /// The next row; valid until ``advance()``.
    private(set) var row: Row?
    private(set) var sequence: Int64 = 0

    init(_ name: Name, _ db: Database) throws {
        let sql =
            switch name {
            case .transfers:
                "SELECT t.sequence, t.hash, \(Rows.transferColumns) FROM transfers AS t \(Rows.accountJoins) ORDER BY t.sequence"
            default: "SELECT * FROM \(name.rawValue) ORDER BY sequence"
            }
        self.name = name
        cursor = try Row.fetchCursor(db, sql: sql)
        try advance()
    }

    mutating func advance() throws {
        row = try cursor.next()
        if let row { sequence = row["sequence"] }
    }
}

extension Verifier {
    /// Checks every row of a segment against the chain and the rules.
    mutating func walk(_ db: Database) throws {
        var tables = try ChainedTable.Name.allCases.map { try ChainedTable($0, db) }
        while let next = tables.indices.filter({ tables[$0].row != nil }).min(by: { tables[$0].sequence < tables[$1].sequence }),
            let row = tables[next].row
        {
            do {
                try check(row, sequence: tables[next].sequence, of: tables[next].name, db)
            } catch {
                throw fault(tables[next].name.rawValue, String(tables[next].sequence), "\(error)")
            }
            (result.sequence, result.head) = (chain.sequence, chain.head)
            try tables[next].advance()
        }
    }

    private mutating func check(_ row: Row, sequence: Int64, of table: ChainedTable.Name, _ db: Database) throws {
        guard sequence == chain.sequence + 1 else {
            throw MalformedRow(description: "comes after row \(chain.sequence); what was between is missing")
        }
        switch table {
        case .transfers:
            let transfer = try Rows.transfer(row)
            try link(row, transfer.document)
            try tally.enter(transfer)
            result.transfers += 1
        case .agreements:
            let agreement = try Rows.agreement(row)
            try link(row, agreement.chainDocument)
            try checkSignature(agreement.borrowerSignature, agreement.document, agreement.borrower, "borrower")
            try checkSignature(agreement.lenderSignature, agreement.document, agreement.lender, "lender")
            result.agreements += 1
        case .receipts:
            try check(receipt: row, db)
            result.receipts += 1
        case .cosignatures:
            try check(cosignature: row, db)
            result.cosignatures += 1
        case .closing:
            let closing = Closing(tally: try row.digest("tally"), at: row.time("at"))
            try link(row, closing.chainDocument)
            guard closing.tally == tally.digest else {
                throw MalformedRow(description: "tally is not the digest of the balances")
            }
        }
    }

    /// Goes on to the next row of the chain.
    private mutating func link(_ row: Row, _ document: [UInt8]) throws {
        chain.append(document)
        guard chain.head == (try row.digest("hash")) else {
            throw MalformedRow(description: "its hash is not that of this row and those before it")
        }
    }

    private mutating func check(receipt row: Row, _ db: Database) throws {
        let signed = try Rows.receipt(row)
        let receipt = signed.receipt
        try link(row, signed.chainDocument)
        guard receipt.id == (try row.id("id")), receipt.lease == (try row.id("lease")), receipt.sequence == row["number"] else {
            throw MalformedRow(description: "id, lease or number are not those of its document")
        }
        try checkSignature(signed.lenderSignature, signed.document, receipt.lender, "lender")
        // What stands in an earlier segment is not looked for: that link was checked when the receipt was accepted.
        let predecessor =
            receipt.sequence == 1
            ? try Rows.agreement(db, receipt.agreement)?.document
            : try Rows.receipt(db, lease: receipt.lease, number: receipt.sequence - 1)?.document
        guard predecessor.map({ Digest(sha256: $0) == receipt.previous }) ?? true else {
            throw MalformedRow(description: "receipt \(receipt.id) does not follow the one before it")
        }
    }

    private mutating func check(cosignature row: Row, _ db: Database) throws {
        let cosignature = try Rows.cosignature(row)
        try link(row, cosignature.chainDocument)
        guard let signed = try Rows.receipt(db, cosignature.receipt) else {
            throw MalformedRow(description: "there is no receipt \(cosignature.receipt)")
        }
        guard (Microcredits.zero...signed.receipt.amount).contains(cosignature.accepted ?? .zero) else {
            throw MalformedRow(description: "accepts more than the \(signed.receipt.amount) of receipt \(cosignature.receipt)")
        }
        try checkSignature(cosignature.signature, signed.document, signed.receipt.borrower, "borrower")
    }

    private func checkSignature(_ signature: Signature, _ document: [UInt8], _ node: NodeID, _ role: String) throws {
        guard checkSignature(signature, document, node) else {
            throw MalformedRow(description: "the \(role)'s signature is not by \(node)")
        }
    }
}
