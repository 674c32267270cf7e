import Bookkeeping
import Foundation
import GRDB
import Resources

/// All that the ledger has about one lease.
package struct LeaseRecords: Sendable {
    /// `nil` where its segment was moved away. Of a lease that is given in return, that of the other half of the swap.
    package var agreement: AgreementRecord?
    /// By number.
    package var receipts: [SignedReceipt] = []
    /// What was posted for it in all units, in the order of the chain.
    package var posted: [PostedTransfer] = []

    package init(agreement: AgreementRecord? = nil) { self.agreement = agreement }
}

extension LedgerReader {
    /// The leases for which something was posted or a receipt drawn up in a time, by id.
    ///
    /// - Parameters:
    ///   - since: from this civil time on; `nil`: from the beginning.
    ///   - until: before this one.
    package func tradedLeases(since: Timestamp?, until: Timestamp?) throws(LedgerStoreError) -> [LeaseID] {
        try fold(into: Set<LeaseID>()) { leases, db in
            leases.formUnion(try Rows.tradedLeases(db, since: since, until: until))
            return true
        }.sorted()
    }

    /// What was agreed, billed and posted for leases, from all segments that are in the directory.
    package func records(of leases: some Collection<LeaseID>) throws(LedgerStoreError) -> [LeaseID: LeaseRecords] {
        let leases = Array(leases)
        let agreements = try agreements(of: leases).mapValues { LeaseRecords(agreement: $0) }
        return try fold(into: agreements) { found, db in
            for ids in leases.portions(of: leasesAtOnce) {
                for receipt in try Rows.receipts(db, of: ids) {
                    found[receipt.receipt.lease, default: .init()].receipts.append(receipt)
                }
                for posted in try Rows.posted(db, of: ids) {
                    if let lease = posted.transfer.lease { found[lease, default: .init()].posted.append(posted) }
                }
            }
            return true
        }
    }

    /// The receipts of leases, by number, from all segments that are there.
    package func receipts(of leases: some Collection<LeaseID>) throws(LedgerStoreError) -> [LeaseID: [Receipt]] {
        let leases = Array(leases)
        return try fold(into: [:]) { found, db in
            for ids in leases.portions(of: leasesAtOnce) {
                for receipt in try Rows.receipts(db, of: ids).map(\.receipt) {
                    // One that was answered after its segment was closed is in the next one, too.
                    guard found[receipt.lease]?.contains(where: { $0.id == receipt.id }) != true else { continue }
                    found[receipt.lease, default: []].append(receipt)
                }
            }
            return true
        }
    }
}

extension Rows {
    fileprivate static func tradedLeases(_ db: Database, since: Timestamp?, until: Timestamp?) throws -> [LeaseID] {
        let (since, until) = (since ?? Timestamp(microseconds: 0), until ?? Bounds.civilTime.upperBound)
        let posted = """
            SELECT DISTINCT lease FROM transfers WHERE lease IS NOT NULL AND kind IN ('direct', 'post') AND at >= ? AND at < ?
            """
        // ids begin with the time of their making
        let drawn = "SELECT DISTINCT lease FROM receipts WHERE id >= ? AND id < ?"
        return try Row.fetchAll(db, sql: posted, arguments: [since.microseconds, until.microseconds]).map { try $0.id("lease") }
            + Row.fetchAll(
                db, sql: drawn,
                arguments: [ReceiptID(firstAt: since).column, ReceiptID(firstAt: until + .milliseconds(1)).column]
            ).map { try $0.id("lease") }
    }

    fileprivate static func receipts(_ db: Database, of leases: ArraySlice<LeaseID>) throws -> [SignedReceipt] {
        let sql = "\(receiptQuery) WHERE r.lease IN (\(placeholders(leases.count))) ORDER BY r.lease, r.number"
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(leases.map(\.column))).map(receipt)
    }

    fileprivate static func posted(_ db: Database, of leases: ArraySlice<LeaseID>) throws -> [PostedTransfer] {
        try posted(db, "t.lease IN (\(placeholders(leases.count))) ORDER BY t.sequence", leases.map(\.column))
    }
}

extension Identifier {
    /// The first there can be of those made at `time`, to the millisecond.
    fileprivate init(firstAt time: Timestamp) {
        self.init(high: UInt64(max(0, time.microseconds / 1000)) << 16, low: 0)
    }
}
