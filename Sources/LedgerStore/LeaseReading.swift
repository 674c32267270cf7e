import Bookkeeping
import GRDB
import Resources

// What the ledger knows of many leases at once.

/// So many leases are looked for in one statement.
let leasesAtOnce = 500

extension LedgerReader {
    /// The agreements of leases, from all segments that are in the directory; those that were moved away with theirs are missing.
    package func agreements(of leases: some Collection<LeaseID>) throws(LedgerStoreError) -> [LeaseID: AgreementRecord] {
        let leases = Array(leases)
        return try fold(into: [:]) { found, db in
            for ids in leases.portions(of: leasesAtOnce) {
                for agreement in try Rows.agreements(db, of: ids) { found[agreement.lease] = agreement }
            }
            return true
        }
    }
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
