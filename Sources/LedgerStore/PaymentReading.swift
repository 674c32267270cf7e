import Bookkeeping
import GRDB
import Resources

extension LedgerStore {
    /// What this node has paid in credits for leases from a time on, in the order of the chain. Of files that cannot be read now, such
    /// as those in a mounted directory that is away, nothing is told.
    package func payments(for leases: some Collection<LeaseID>, since: Timestamp) throws(LedgerStoreError) -> [Transfer] {
        let portions = Array(leases).portions(of: leasesAtOnce)
        guard !portions.isEmpty else { return [] }
        func collect(_ found: inout [Transfer], _ db: Database) throws {
            for ids in portions { found += try Rows.payments(db, of: ids, since: since) }
        }
        do throws(LedgerStoreError) {
            return try fold(into: []) { found, db in
                try collect(&found, db)
                return true
            }
        } catch {
            return try read { db in
                var found: [Transfer] = []
                try collect(&found, db)
                return found
            }
        }
    }
}

extension Rows {
    fileprivate static func payments(_ db: Database, of leases: ArraySlice<LeaseID>, since: Timestamp) throws -> [Transfer] {
        var values: [any DatabaseValueConvertible] = leases.map(\.column)
        values.append(since.microseconds)
        let condition = "d.unit = 'credit' AND t.lease IN (\(placeholders(leases.count))) AND t.at >= ? ORDER BY t.sequence"
        return try posted(db, condition, values).map(\.transfer).filter(\.paysForLease)
    }
}
