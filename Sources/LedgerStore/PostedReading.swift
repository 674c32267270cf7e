import Bookkeeping
import GRDB
import Resources

/// A transfer that moved something, as it stands in the ledger.
package struct PostedTransfer: Hashable, Sendable {
    /// Its place in the chain of all rows; grows, with gaps.
    package let sequence: Int64
    package let transfer: Transfer
    package let purpose: TransferPurpose
    /// It may be what a lender pays: nobody has said who that is.
    fileprivate let hasOpenPurpose: Bool

    /// - Parameter lender: of the lease that it is about; `nil` where the agreement is not at hand.
    init(sequence: Int64, _ transfer: Transfer, lender: NodeID?) {
        self.sequence = sequence
        self.transfer = transfer
        hasOpenPurpose = transfer.kind == .direct && lender == nil && transfer.lease != nil && !transfer.isOfSwap
        purpose = transfer.purpose(lender: lender)
    }
}

/// Which of the transfers that moved something a reader wants.
package struct PostedQuery: Hashable, Sendable {
    package var unit: LedgerUnit
    /// With this peer alone, what is in dispute included; with all when `nil`.
    package var peer: NodeID?
    /// By the civil time they were booked at, from this one on.
    package var since: Timestamp?
    /// Before this one.
    package var until: Timestamp?

    package init(
        in unit: LedgerUnit = .credit, peer: NodeID? = nil, since: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.unit = unit
        self.peer = peer
        self.since = since
        self.until = until
    }

    fileprivate var accounts: [Account]? { peer.map { [.peer($0), .disputed($0)] } }
}

extension LedgerReader {
    /// A page of the transfers that moved something, in the order of the chain, from all segments that are there.
    ///
    /// - Parameters:
    ///   - sequence: only those after this one.
    ///   - limit: fewer than these are the last there are.
    package func posted(
        _ query: PostedQuery, after sequence: Int64, limit: Int
    ) throws(LedgerStoreError) -> [PostedTransfer] {
        let page = try fold(into: [PostedTransfer]()) { page, db in
            guard try SegmentRow(db).end.sequence > sequence else { return true }
            let rest = limit - page.count
            page +=
                passesOverFaults
                ? try Rows.readable(db, query, after: sequence, limit: rest)
                : try Rows.posted(db, query, after: sequence, limit: rest)
            return page.count < limit
        }
        return try withLenders(page)
    }

    /// The same where the agreement of a lease is in another segment than what is posted for it.
    private func withLenders(_ page: [PostedTransfer]) throws(LedgerStoreError) -> [PostedTransfer] {
        let open = page.filter(\.hasOpenPurpose)
        guard !open.isEmpty else { return page }
        let agreements = try agreements(of: Set(open.compactMap(\.transfer.lease)))
        return page.map { posted in
            guard posted.hasOpenPurpose, let lender = posted.transfer.lease.flatMap({ agreements[$0]?.lender(of: $0) }) else {
                return posted
            }
            return PostedTransfer(sequence: posted.sequence, posted.transfer, lender: lender)
        }
    }

    /// What stood on accounts before the time of a query, as debits less credits; those of nothing are left out.
    ///
    /// Where earlier segments were moved away it rests on what the first of the others was handed on.
    package func standing(before query: PostedQuery) throws(LedgerStoreError) -> [(account: Account, net: LedgerAmount)] {
        let sums = try fold(into: (isFirst: true, sums: SortedMap<Account, LedgerAmount>())) { result, db in
            var found: [(Account, LedgerAmount)] = []
            if result.isFirst {
                let opening = try Rows.openingEntries(db).filter { $0.line.unit == query.unit }
                found += opening.map { ($0.line.account, $0.balance.net) }
            }
            found += try Rows.sums(db, before: query)
            result.isFirst = false
            for (account, net) in found { result.sums[account] = (result.sums[account] ?? .zero) + net }
            return true
        }.sums
        return sums.pairs.compactMap { account, net in
            let isWanted = query.accounts?.contains(account) ?? true
            return isWanted && net != .zero ? (account, net) : nil
        }
    }
}

extension Rows {
    static func posted(
        _ db: Database, _ query: PostedQuery, after sequence: Int64, limit: Int
    ) throws -> [PostedTransfer] {
        let reader = try TransferReader(db)
        var times = ""
        var values: [Int64] = [sequence]
        for (condition, time) in [(">=", query.since), ("<", query.until)] {
            guard let time else { continue }
            values.append(time.microseconds)
            times += " AND at \(condition) ?\(values.count)"
        }
        let rows = "SELECT sequence FROM transfers WHERE kind IN ('direct', 'post') AND sequence > ?1\(times)"
        // Either side of each account is in order by itself, and merged without looking at anybody else's rows.
        let accounts = reader.ids(of: query.accounts, in: query.unit)
        guard !accounts.isEmpty else { return [] }
        // Of all peers they are read in the order of the chain: the sign keeps SQLite from going by account, and sorting then.
        let sources =
            query.peer == nil
            ? ["\(rows) AND +debit IN (\(list(accounts)))"]
            : accounts.flatMap { ["\(rows) AND debit = \($0)", "\(rows) AND credit = \($0)"] }
        let sql = """
            SELECT \(TransferReader.columns), t.sequence, (SELECT lender FROM agreements WHERE lease = t.lease)
            FROM (\(sources.joined(separator: " UNION ")) ORDER BY sequence LIMIT \(limit)) AS m
            CROSS JOIN transfers AS t ON t.sequence = m.sequence ORDER BY t.sequence
            """
        let cursor = try Row.fetchCursor(db, sql: sql, arguments: StatementArguments(values))
        var found: [PostedTransfer] = []
        while let row = try cursor.next() {
            let next = TransferReader.width
            found.append(
                PostedTransfer(sequence: row[next], try reader.transfer(row), lender: try row.optionalID(at: next + 1)))
        }
        return found
    }

    /// Those of a segment's transfers that moved something for which a condition holds, in all units.
    static func posted(
        _ db: Database, _ condition: String, _ values: [any DatabaseValueConvertible]
    ) throws -> [PostedTransfer] {
        let sql = """
            SELECT t.sequence, \(transferColumns), (SELECT lender FROM agreements WHERE lease = t.lease) AS lender
            FROM transfers AS t \(accountJoins) WHERE t.kind IN ('direct', 'post') AND \(condition)
            """
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(values)).map { row in
            PostedTransfer(sequence: row["sequence"], try transfer(row), lender: try row.optionalID("lender"))
        }
    }

    /// The same without the rows that cannot be read.
    static func readable(
        _ db: Database, _ query: PostedQuery, after sequence: Int64, limit: Int
    ) throws -> [PostedTransfer] {
        if let page = try? posted(db, query, after: sequence, limit: limit) { return page }
        let end = try SegmentRow(db).end.sequence
        var (found, after): ([PostedTransfer], Int64) = ([], sequence)
        while found.count < limit, after < end {
            if let row = try? posted(db, query, after: after, limit: 1) {
                guard let next = row.first else { break }
                found.append(next)
                after = next.sequence
            } else {
                after = beyondFault(db, query, after: after, end)
            }
        }
        return found
    }

    /// The first place from which something can be read again; the end where there is none.
    private static func beyondFault(_ db: Database, _ query: PostedQuery, after sequence: Int64, _ end: Int64) -> Int64 {
        func isReadable(after place: Int64) -> Bool { (try? posted(db, query, after: place, limit: 1)) != nil }
        var (bad, step) = (sequence, Int64(1))
        while bad + step < end, !isReadable(after: bad + step) { (bad, step) = (bad + step, step * 2) }
        var good = min(bad + step, end)
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2
            if isReadable(after: middle) { good = middle } else { bad = middle }
        }
        return good
    }

    /// What the transfers of a segment before a time came to on each account.
    static func sums(_ db: Database, before query: PostedQuery) throws -> [(Account, LedgerAmount)] {
        guard let time = query.since else { return [] }
        let reader = try TransferReader(db)
        let ids = reader.ids(of: query.accounts, in: query.unit)
        guard !ids.isEmpty else { return [] }
        let accounts = list(ids)
        return try [("debit", Int64(1)), ("credit", -1)].flatMap { side, sign in
            let sql = """
                SELECT \(side), sum(amount) FROM transfers
                WHERE kind IN ('direct', 'post') AND at < ? AND \(side) IN (\(accounts)) GROUP BY \(side)
                """
            return try Row.fetchAll(db, sql: sql, arguments: [time.microseconds]).map { row in
                (try reader.line(row[0]).account, LedgerAmount(sign * row[1]))
            }
        }
    }

    private static func list(_ ids: [Int64]) -> String { ids.map(String.init).joined(separator: ", ") }
}
