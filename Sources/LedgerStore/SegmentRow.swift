import Bookkeeping
import GRDB
import Resources

/// The one row of the table `segment`: which segment the file is, and where its part of the chain begins and ends.
struct SegmentRow {
    let number: Int
    /// Where the segment before ended.
    let opening: Chain
    /// Digest of the balances and open reservations handed on by it.
    let openingTally: Digest
    /// The youngest transfer id that was forgotten before this segment began.
    let horizon: TransferID?
    /// The last row of this segment.
    let end: Chain

    /// - Throws: when the row is missing or malformed.
    init(_ db: Database) throws {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM segment") else {
            throw MalformedRow(description: "the segment table is empty")
        }
        number = row["number"]
        opening = Chain(sequence: row["opening_sequence"], head: try row.digest("opening_head"))
        openingTally = try row.digest("opening_tally")
        horizon = try row.optionalID("horizon")
        end = Chain(sequence: row["sequence"], head: try row.digest("head"))
    }

    /// Writes the row of a segment that begins.
    static func insert(_ db: Database, number: Int, opening: Chain, tally: Digest, horizon: TransferID?) throws {
        try db.execute(
            sql: """
                INSERT INTO segment (only, number, opening_sequence, opening_head, opening_tally, horizon, sequence, head)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                number, opening.sequence, opening.head.column, tally.column, horizon?.column, opening.sequence,
                opening.head.column,
            ])
    }
}
