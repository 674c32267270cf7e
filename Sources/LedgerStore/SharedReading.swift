import Bookkeeping
import GRDB
import Resources

extension LedgerReader {
    /// What the ledger has of a scope of all that was settled with a peer: the rows of the peer's accounts alone, by index.
    ///
    /// - Returns: why not, when the scope cannot be read.
    /// - Throws: ``LedgerStoreError`` when a file cannot be read at all.
    package func sharedHistory(_ query: SharedHistoryQuery) throws(LedgerStoreError) -> Result<SharedHistory, Refusal> {
        let (beginning, checkpoints) = try fold(into: (Int64?.none, [Checkpoint]())) { found, db in
            found.0 = try found.0 ?? SegmentRow(db).opening.sequence
            found.1 += try Rows.checkpoints(db, with: query.peer).map(\.checkpoint)
            return true
        }
        let reader: SharedHistoryReader
        do {
            reader = try SharedHistoryReader(
                query, checkpoints: checkpoints, beginning: beginning ?? 0, digest: Digest.init(sha256:))
        } catch {
            return .failure(error)
        }
        var (read, end) = try fold(into: (reader, Chain.start)) { found, db in
            let segment = try SegmentRow(db)
            if segment.end.sequence > query.start { try Rows.take(db, query, into: &found.0) }
            found.1 = segment.end
            return true
        }
        return .success(read.finish(at: LedgerPlace(sequence: end.sequence, head: end.head)))
    }

    /// The latest checkpoint with a peer that stands in the rows that can be read; `nil` while there is none.
    package func lastCheckpoint(with peer: NodeID) throws(LedgerStoreError) -> SignedCheckpoint? {
        try fold(into: nil) { last, db in
            last = try Rows.checkpoints(db, with: peer).last ?? last
            return true
        }
    }
}

extension Rows {
    /// In the order of their rows.
    static func checkpoints(_ db: Database, with peer: NodeID) throws -> [SignedCheckpoint] {
        // Closed segments keep the schema that they were written with.
        guard try db.tableExists("checkpoints") else { return [] }
        let sql = "SELECT * FROM checkpoints WHERE peer = ? ORDER BY sequence"
        return try Row.fetchAll(db, sql: sql, arguments: [peer.column]).map(checkpoint)
    }

    static func checkpoint(_ db: Database, _ id: CheckpointID) throws -> SignedCheckpoint? {
        try Row.fetchOne(db, sql: "SELECT * FROM checkpoints WHERE id = ?", arguments: [id.column]).map(checkpoint)
    }

    static func checkpoint(_ row: Row) throws -> SignedCheckpoint {
        let document = row.bytes("document")
        return SignedCheckpoint(
            checkpoint: try Checkpoint(document: document), document: document,
            firstSignature: Signature(row.bytes("first_signature")), secondSignature: Signature(row.bytes("second_signature")))
    }

    /// Passes what moved something on the line with the peer, in the order of the rows.
    fileprivate static func take(_ db: Database, _ query: SharedHistoryQuery, into reader: inout SharedHistoryReader) throws {
        let accounts = try TransferReader(db)
        var sources: [String] = []
        for (place, unit) in Charge.units.enumerated() {
            for id in accounts.ids(of: [.peer(query.peer)], in: unit) {
                for (side, sign) in [("debit", ""), ("credit", "-")] {
                    sources.append(
                        "SELECT sequence, \(place) AS unit, \(sign)amount AS moved FROM transfers"
                            + " WHERE kind IN ('direct', 'post') AND \(side) = \(id) AND sequence > ?1")
                }
            }
        }
        guard !sources.isEmpty else { return }
        let sql = """
            SELECT t.sequence, t.id, t.lease, m.unit, m.moved
            FROM (\(sources.joined(separator: " UNION ALL ")) ORDER BY sequence) AS m
            CROSS JOIN transfers AS t ON t.sequence = m.sequence ORDER BY m.sequence
            """
        let cursor = try Row.fetchCursor(db, sql: sql, arguments: [query.start])
        while let row = try cursor.next() {
            let unit: Int = row[3]
            reader.take(
                SharedHistoryReader.Movement(
                    sequence: row[0], transfer: try row.id(at: 1), lease: try row.optionalID(at: 2), unit: Charge.units[unit],
                    amount: LedgerAmount(row[4])))
        }
    }
}
