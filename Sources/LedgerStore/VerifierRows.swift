import Bookkeeping
import GRDB
import Resources

// The rows that share the chain, one by one in the order of their sequence, whatever table they are in.

/// A table of the chain while it is being read.
struct ChainedTable {
    enum Name: String, CaseIterable {
        case transfers, agreements, receipts, cosignatures, adjustments, checkpoints, resolutions, closing
    }

    let name: Name
    private let cursor: RowCursor
    /// Where the sequence stands in a row.
    private let place: Int
    /// The next row; valid until ``advance()``.
    private(set) var row: Row?
    /// Of the next row; beyond all others when there is none.
    private(set) var sequence = Int64.max

    /// - Parameter start: rows up to this one are passed over.
    init(_ name: Name, _ db: Database, after start: Int64) throws {
        let columns = name == .transfers ? "\(TransferReader.columns), t.sequence, t.hash" : "*"
        self.name = name
        place = name == .transfers ? TransferReader.width : 0
        cursor = try Row.fetchCursor(
            db, sql: "SELECT \(columns) FROM \(name.rawValue) AS t WHERE t.sequence > ? ORDER BY t.sequence", arguments: [start])
        try advance()
    }

    mutating func advance() throws {
        row = try cursor.next()
        sequence = row.map { $0[place] } ?? .max
    }
}

extension Verifier {
    /// Checks every row of a segment against the chain and the rules.
    mutating func walk(_ db: Database) throws {
        let transfers = try TransferReader(db)
        // Closed segments keep the schema that they were written with.
        var tables = try ChainedTable.Name.allCases.filter { try db.tableExists($0.rawValue) }.map {
            try ChainedTable($0, db, after: chain.sequence)
        }
        while true {
            var next = 0
            for index in tables.indices where tables[index].sequence < tables[next].sequence { next = index }
            guard let row = tables[next].row else { return }
            do {
                try check(row, sequence: tables[next].sequence, of: tables[next].name, db, transfers)
            } catch {
                throw fault(tables[next].name.rawValue, String(tables[next].sequence), "\(error)")
            }
            (result.sequence, result.head) = (chain.sequence, chain.head)
            pause()
            try tables[next].advance()
        }
    }

    private mutating func check(
        _ row: Row, sequence: Int64, of table: ChainedTable.Name, _ db: Database, _ transfers: TransferReader
    ) throws {
        guard sequence == chain.sequence + 1 else {
            throw MalformedRow(description: "comes after row \(chain.sequence); what was between is missing")
        }
        switch table {
        case .transfers:
            let transfer = try transfers.transfer(row)
            try link(try row.digest(at: TransferReader.width + 1), transfer.document)
            try tally.enter(transfer)
            result.transfers += 1
        case .agreements:
            let agreement = try Rows.agreement(row)
            try link(try row.digest("hash"), agreement.chainDocument)
            try checkSignature(agreement.borrowerSignature, agreement.document, agreement.borrower, "borrower")
            try checkSignature(agreement.lenderSignature, agreement.document, agreement.lender, "lender")
            result.agreements += 1
        case .receipts:
            try check(receipt: row, db)
            result.receipts += 1
        case .cosignatures:
            try check(cosignature: row, db)
            result.cosignatures += 1
        case .adjustments:
            try check(adjustment: row)
            result.adjustments += 1
        case .checkpoints:
            try check(checkpoint: row, db)
            result.checkpoints += 1
        case .resolutions:
            try check(resolution: row)
            result.resolutions += 1
        case .closing:
            let closing = Closing(tally: try row.digest("tally"), at: row.time("at"))
            try link(try row.digest("hash"), closing.chainDocument)
            guard closing.tally == tally.digest else {
                throw MalformedRow(description: "tally is not the digest of the balances")
            }
        }
    }

    /// Goes on to the next row of the chain.
    mutating func link(_ hash: Digest, _ document: [UInt8]) throws {
        chain.append(document)
        guard chain.head == hash else {
            throw MalformedRow(description: "its hash is not that of this row and those before it")
        }
    }

    private mutating func check(receipt row: Row, _ db: Database) throws {
        let signed = try Rows.receipt(row)
        let receipt = signed.receipt
        try link(try row.digest("hash"), signed.chainDocument)
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
        try link(try row.digest("hash"), cosignature.chainDocument)
        guard let signed = try Rows.receipt(db, cosignature.receipt) else {
            throw MalformedRow(description: "there is no receipt \(cosignature.receipt)")
        }
        let accepted = cosignature.accepted ?? .zero
        guard accepted.isNatural, accepted.fits(in: signed.receipt.amount) else {
            throw MalformedRow(
                description: "accepts more than the \(signed.receipt.amount.text) of receipt \(cosignature.receipt)")
        }
        try checkSignature(cosignature.signature, signed.document, signed.receipt.borrower, "borrower")
    }

    private mutating func check(adjustment row: Row) throws {
        let signed = try Rows.adjustment(row)
        let adjustment = signed.adjustment
        try link(try row.digest("hash"), signed.chainDocument)
        guard adjustment.id == (try row.id("id")), adjustment.obligation == (try row.id("obligation")),
            (signed.accepted ?? .zero) <= adjustment.premium
        else { throw MalformedRow(description: "id, obligation or what was accepted are not those of its document") }
        try checkSignature(signed.proposerSignature, signed.document, adjustment.proposer, "proposer")
        try checkSignature(signed.answererSignature ?? Signature([]), signed.document, adjustment.answerer, "answerer")
    }

    private mutating func check(checkpoint row: Row, _ db: Database) throws {
        let kept = try Rows.checkpoint(row)
        let (signed, checkpoint) = (kept.signed, kept.checkpoint)
        let peer: NodeID = try row.id("peer")
        try link(try row.digest("hash"), kept.chainDocument)
        guard checkpoint.id == (try row.id("id")), [checkpoint.first, checkpoint.second].contains(peer) else {
            throw MalformedRow(description: "id or peer are not those of its document")
        }
        try checkSignature(signed.firstSignature, signed.document, checkpoint.first, "first node")
        try checkSignature(signed.secondSignature, signed.document, checkpoint.second, "second node")
        // What was moved away is held to it once that is mounted.
        let place = checkpoint.place(of: checkpoint.peer(of: peer))
        guard place.sequence > 0, let found = try hash(of: place.sequence, db) ?? earlierHash(of: place.sequence) else { return }
        guard found == place.head else {
            throw MalformedRow(description: "row \(place.sequence) is not the one that \(peer) has signed")
        }
    }

    func checkSignature(_ signature: Signature, _ document: [UInt8], _ node: NodeID, _ role: String) throws {
        guard checkSignature?(signature, document, node) ?? true else {
            throw MalformedRow(description: "the \(role)'s signature is not by \(node)")
        }
    }
}
