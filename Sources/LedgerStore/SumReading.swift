import Bookkeeping
import GRDB
import Resources

/// What moved from one account to another, all of it together.
package struct MovedSum: Hashable, Sendable {
    package let unit: LedgerUnit
    package let debit: Account
    package let credit: Account
    package let amount: LedgerAmount

    /// Which balance it changed, and by how much, as ``TransferPurpose`` has it; `nil` where it changed none.
    package var change: (line: TransferPurpose.Line, amount: LedgerAmount)? {
        let all = Transfer(
            id: TransferID(high: 0, low: 0), kind: .post, unit: unit, debit: debit, credit: credit, amount: amount,
            at: Timestamp(microseconds: 0))
        return all.purpose(lender: nil).line.map { ($0, all.change) }
    }
}

extension LedgerReader {
    /// What moved between each two accounts, from all segments that are there.
    ///
    /// - Parameters:
    ///   - since: booked from this civil time on; `nil`: from the beginning.
    ///   - until: before this one.
    ///   - isForNoLease: only what is about none.
    /// - Returns: for each unit and pair, in no order that means anything; the same one again for each segment.
    package func moved(
        since: Timestamp? = nil, until: Timestamp? = nil, forNoLease isForNoLease: Bool = false
    ) throws(LedgerStoreError) -> [MovedSum] {
        try fold(into: []) { sums, db in
            sums += try Rows.moved(db, since: since, until: until, isForNoLease: isForNoLease)
            return true
        }
    }
}

extension Rows {
    /// - Parameter sequence: only what was booked after the row of this one.
    static func moved(
        _ db: Database, after sequence: Int64 = 0, since: Timestamp? = nil, until: Timestamp? = nil, isForNoLease: Bool = false
    ) throws -> [MovedSum] {
        var conditions = ["kind IN ('direct', 'post')", "sequence > ?"]
        var values = [sequence]
        for (condition, time) in [("at >= ?", since), ("at < ?", until)] {
            guard let time else { continue }
            conditions.append(condition)
            values.append(time.microseconds)
        }
        if isForNoLease { conditions.append("lease IS NULL") }
        // For the few rows after one, SQLite would still walk a whole index by account to group them.
        let source = sequence > 0 ? "transfers NOT INDEXED" : "transfers"
        let sql = """
            SELECT debit, credit, sum(amount) FROM \(source) WHERE \(conditions.joined(separator: " AND ")) GROUP BY debit, credit
            """
        let reader = try TransferReader(db)
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(values)).map { row in
            let (debit, credit) = (try reader.line(row[0]), try reader.line(row[1]))
            return MovedSum(unit: debit.unit, debit: debit.account, credit: credit.account, amount: LedgerAmount(row[2]))
        }
    }
}
