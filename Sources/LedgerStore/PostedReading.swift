import Bookkeeping
import GRDB
import Resources

/// A transfer that moved something, as it stands in the ledger.
package struct PostedTransfer: Hashable, Sendable {
    /// What an amount was for.
    package enum Purpose: String, Hashable, Sendable {
        /// The peer used something of this node's.
        case lent
        /// This node used something of the peer's.
        case borrowed
        /// For notice that the lender did not keep: the peer pays it, or this node.
        case compensationEarned = "compensation_earned"
        case compensationPaid = "compensation_paid"
        /// This node billed it, and the peer did not accept it.
        case disputed
    }

    /// Its place in the chain of all rows; grows, with gaps.
    package let sequence: Int64
    package let transfer: Transfer
    package let purpose: Purpose

    /// - Parameter lender: of the lease that it is about; `nil` where the agreement is not at hand.
    init(sequence: Int64, _ transfer: Transfer, lender: NodeID?) {
        self.sequence = sequence
        self.transfer = transfer
        let lenderPays = transfer.kind == .direct && lender != nil
        purpose =
            switch (transfer.debit, transfer.credit) {
            case (.disputed, _): .disputed
            case (.peer(let peer), _): lenderPays && lender == peer ? .compensationEarned : .lent
            case (_, .peer(let peer)): lenderPays && lender != peer ? .compensationPaid : .borrowed
            default: .lent
            }
    }
}

/// Which of the transfers that moved something a reader wants.
package struct PostedQuery: Hashable, Sendable {
    /// With this peer alone, what is in dispute included; with all when `nil`.
    package var peer: NodeID?
    /// By the civil time they were booked at, from this one on.
    package var since: Timestamp?
    /// Before this one.
    package var until: Timestamp?

    package init(peer: NodeID? = nil, since: Timestamp? = nil, until: Timestamp? = nil) {
        self.peer = peer
        self.since = since
        self.until = until
    }

    fileprivate var accounts: [String]? { peer.map { [Account.peer($0).description, Account.disputed($0).description] } }
}

extension LedgerStore {
    /// A page of the transfers that moved something, in the order of the chain, from all segments that are in the directory.
    ///
    /// - Parameters:
    ///   - sequence: only those after this one.
    ///   - limit: fewer than these are the last there are.
    package func posted(
        _ query: PostedQuery, after sequence: Int64, limit: Int
    ) throws(LedgerStoreError) -> [PostedTransfer] {
        try fold(into: []) { page, db in
            guard try SegmentRow(db).end.sequence > sequence else { return true }
            page += try Rows.posted(db, query, after: sequence, limit: limit - page.count)
            return page.count < limit
        }
    }

    /// What stood on accounts before the time of a query, as debits less credits; those of nothing are left out.
    ///
    /// Where earlier segments were moved away it rests on what the first of the others was handed on.
    package func standing(before query: PostedQuery) throws(LedgerStoreError) -> [(account: Account, net: Microcredits)] {
        let sums = try fold(into: (isFirst: true, sums: SortedMap<Account, Microcredits>())) { result, db in
            var found: [(Account, Microcredits)] = []
            if result.isFirst { found += try Rows.openingEntries(db).map { ($0.line.account, $0.balance.net) } }
            found += try Rows.sums(db, before: query.since)
            result.isFirst = false
            for (account, net) in found { result.sums[account] = (result.sums[account] ?? .zero) + net }
            return true
        }.sums
        return sums.pairs.compactMap { account, net in
            let isWanted = query.accounts?.contains(account.description) ?? true
            return isWanted && net != .zero ? (account, net) : nil
        }
    }

    /// Reads the segments that are in the directory, oldest first, up to the same commit.
    ///
    /// - Parameter body: returns whether it wants the next one, too.
    private func fold<Value>(
        into start: Value, _ body: (inout Value, Database) throws -> Bool
    ) throws(LedgerStoreError) -> Value {
        while true {
            let current = try writer.openSegment()
            var value = start
            var goesOn = true
            do {
                for path in try writer.closedSegments().prefix(while: { $0 != current.path }) where goesOn {
                    try writer.readClosed { goesOn = try ClosedSegment.read(path) { try body(&value, $0) } }
                }
                if goesOn { _ = try current.pool.read { try body(&value, $0) } }
                return value
            } catch {
                guard writer.segment?.path == current.path else { continue }
                throw LedgerStoreError(error, file: current.path)
            }
        }
    }
}

extension Rows {
    fileprivate static func posted(
        _ db: Database, _ query: PostedQuery, after sequence: Int64, limit: Int
    ) throws -> [PostedTransfer] {
        var (conditions, values): ([String], [any DatabaseValueConvertible]) = (["t.sequence > ?"], [sequence])
        if let since = query.since { (conditions, values) = (conditions + ["t.at >= ?"], values + [since.microseconds]) }
        if let until = query.until { (conditions, values) = (conditions + ["t.at < ?"], values + [until.microseconds]) }
        if let accounts = query.accounts {
            conditions.append("(d.name IN (?, ?) OR c.name IN (?, ?))")
            values += accounts + accounts
        }
        let sql = """
            SELECT t.sequence, \(transferColumns), (SELECT lender FROM agreements WHERE lease = t.lease) AS lender
            FROM transfers AS t \(accountJoins)
            WHERE t.kind IN ('direct', 'post') AND \(conditions.joined(separator: " AND ")) ORDER BY t.sequence LIMIT ?
            """
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(values + [limit])).map { row in
            PostedTransfer(sequence: row["sequence"], try transfer(row), lender: try row.optionalID("lender"))
        }
    }

    /// What the transfers of a segment before a time came to on each account.
    fileprivate static func sums(_ db: Database, before time: Timestamp?) throws -> [(Account, Microcredits)] {
        guard let time else { return [] }
        let sql = """
            SELECT a.name, sum(m.amount) AS amount FROM (
                SELECT debit AS account, amount FROM transfers WHERE kind IN ('direct', 'post') AND at < ?1
                UNION ALL SELECT credit, -amount FROM transfers WHERE kind IN ('direct', 'post') AND at < ?1
            ) AS m JOIN accounts AS a ON a.id = m.account GROUP BY a.name
            """
        return try Row.fetchAll(db, sql: sql, arguments: [time.microseconds]).map {
            (try account($0, "name"), $0.quantity("amount"))
        }
    }
}
