import Bookkeeping
import GRDB
import Resources

// What the ledger knows of many leases at once.

/// So many leases are looked for in one statement.
let leasesAtOnce = 500

extension LedgerReader {
    /// The agreements of leases, from all segments that are in the directory; those that were moved away with theirs are missing.
    ///
    /// A lease that is given in return in a swap has no agreement of its own: its receipts name the one of the other half, which stands
    /// for it here too. ``AgreementRecord/lender(of:)`` tells who lends it.
    package func agreements(of leases: some Collection<LeaseID>) throws(LedgerStoreError) -> [LeaseID: AgreementRecord] {
        let leases = Array(leases)
        var found = try fold(into: [LeaseID: AgreementRecord]()) { found, db in
            for ids in leases.portions(of: leasesAtOnce) {
                for agreement in try Rows.agreements(db, of: ids) { found[agreement.lease] = agreement }
            }
            return true
        }
        let missing = leases.filter { found[$0] == nil }
        guard !missing.isEmpty else { return found }
        let named = try fold(into: [LeaseID: AgreementID]()) { named, db in
            for ids in missing.portions(of: leasesAtOnce) {
                for receipt in try Rows.firstReceipts(db, of: ids) { named[receipt.lease] = receipt.agreement }
            }
            return true
        }
        let others = try fold(into: [AgreementID: AgreementRecord]()) { others, db in
            for ids in Set(named.values).sorted().portions(of: leasesAtOnce) {
                for agreement in try Rows.agreements(db, ids) { others[agreement.id] = agreement }
            }
            return true
        }
        for (lease, agreement) in named { found[lease] = others[agreement] }
        return found
    }
}

extension AgreementRecord {
    /// Who lends `lease`: of one that is given in return it is the borrower of the other half.
    package func lender(of lease: LeaseID) -> NodeID { lease == self.lease ? lender : borrower }
}

extension LedgerStore {
    /// The programs that ran under leases, each once, in the order in which they were first told of; as far back as the story goes.
    package func programs(of leases: some Collection<LeaseID>) throws(LedgerStoreError) -> [LeaseID: [String]] {
        let leases = Array(leases)
        return try read { db in
            var found: [LeaseID: [String]] = [:]
            for ids in leases.portions(of: leasesAtOnce) {
                for (lease, program) in try Rows.programs(db, of: ids) where found[lease]?.contains(program) != true {
                    found[lease, default: []].append(program)
                }
            }
            return found
        }
    }
}

extension Rows {
    static func agreements(_ db: Database, of leases: ArraySlice<LeaseID>) throws -> [AgreementRecord] {
        let sql = "SELECT * FROM agreements WHERE lease IN (\(placeholders(leases.count)))"
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(leases.map(\.column))).map(agreement)
    }

    fileprivate static func agreements(_ db: Database, _ ids: ArraySlice<AgreementID>) throws -> [AgreementRecord] {
        let sql = "SELECT * FROM agreements WHERE id IN (\(placeholders(ids.count)))"
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(ids.map(\.column))).map(agreement)
    }

    /// The first that a segment has of each lease.
    fileprivate static func firstReceipts(_ db: Database, of leases: ArraySlice<LeaseID>) throws -> [Receipt] {
        let sql = """
            SELECT document, min(number) FROM receipts WHERE lease IN (\(placeholders(leases.count))) GROUP BY lease
            """
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(leases.map(\.column)))
            .map { try Receipt(document: $0.bytes("document")) }
    }

    /// The programs that events of jobs under leases name, in the order of the story.
    fileprivate static func programs(
        _ db: Database, of leases: ArraySlice<LeaseID>
    ) throws -> [(lease: LeaseID, program: String)] {
        let sql = """
            SELECT s.subject, e.* FROM event_subjects AS s JOIN events AS e ON e.sequence = s.sequence
            WHERE s.subject IN (\(placeholders(leases.count))) AND e.kind LIKE 'job.%' ORDER BY e.sequence
            """
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(leases.map(\.description))).compactMap { row in
            let program = try event(row).event.details.first { $0.name == "program" }?.value
            guard let lease = LeaseID(row["subject"] as String), let program else { return nil }
            return (lease, program)
        }
    }

    /// Of a list in a statement.
    static func placeholders(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }
}

extension Array {
    func portions(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
