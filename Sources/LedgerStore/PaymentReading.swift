import Bookkeeping
import GRDB
import Resources

/// What was paid for leases, as far as it can be read.
package struct Payments: Sendable {
    /// In the order of the chain.
    package var transfers: [Transfer] = []
    /// Why some of it may be missing: one for each file, or directory of files, that cannot be read now.
    package var faults: [String] = []
}

extension LedgerStore {
    /// What this node has paid in credits for leases from a time on.
    ///
    /// - Parameters:
    ///   - first: only what is in later segments than this one.
    ///   - last: only what is in segments up to this one.
    package func payments(
        for leases: some Collection<LeaseID>, since: Timestamp, after first: Int = 0, upTo last: Int = .max
    ) throws(LedgerStoreError) -> Payments {
        let portions = Array(leases).portions(of: leasesAtOnce)
        guard !portions.isEmpty else { return Payments() }
        func collect(_ found: inout Payments, _ db: Database) throws {
            let number = try SegmentRow(db).number
            guard number > first, number <= last else { return }
            for ids in portions { found.transfers += try Rows.payments(db, of: ids, since: since) }
        }
        func collect(from sources: [SegmentSource], _ found: inout Payments) throws {
            for source in sources {
                do {
                    try source.read { try collect(&found, $0) }
                } catch {
                    // What was moved meanwhile is read from where it is now.
                    guard DurableFiles.isThere(source.path) else { throw error }
                    found.faults.append("\(error)")
                }
            }
        }
        do throws(LedgerStoreError) {
            return try untilAtRest { sources in
                var found = Payments()
                try collect(from: sources, &found)
                return found
            }
        } catch {
            // A mounted directory is away: what is in the ledger's own is read all the same.
            var found = Payments(faults: ["\(error)"])
            do { try collect(from: try writer.sources(areMountedIncluded: false), &found) } catch {
                throw LedgerStoreError(error, file: writer.files.directory.path)
            }
            return found
        }
    }

    /// The last segment that ``archive(to:keeping:)`` would move now; `nil` where it would move none.
    package func lastToArchive(keeping count: Int) throws(LedgerStoreError) -> Int? {
        writer.awaitClosing()
        do {
            let current = try writer.openSegment().number
            return try writer.files.closedEntries().filter { $0.number < current }.dropLast(count).last?.number
        } catch {
            throw LedgerStoreError(error, file: writer.files.directory.path)
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
