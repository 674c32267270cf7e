import Foundation
import GRDB
import LedgerSchema

/// Brings a ledger file to the newest schema, one step a transaction, after saving a copy of what was there.
struct Migrator {
    let path: String
    let steps: [Migration]
    /// What marks the file as one of this kind.
    var applicationID = Segment.applicationID

    /// - Throws: ``LedgerStoreError`` when the file is no ledger or of a newer schema than the newest step.
    func run(_ db: Database) throws {
        Seal.register(in: db)
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let newest = steps.last?.version ?? 0
        try checkOwner(db, isEmpty: found == 0)
        guard found <= newest else { throw LedgerStoreError.newerSchema(file: path, found: found, supported: newest) }
        let missing = steps.filter { $0.version > found }
        if found > 0, !missing.isEmpty { try backUp(db, version: found) }
        for step in missing {
            try db.inTransaction(.immediate) {
                try db.execute(sql: step.sql)
                if applicationID == Segment.applicationID, step.version == Seal.version { try Seal.sealAll(db) }
                try db.execute(sql: "PRAGMA user_version = \(step.version)")
                try db.execute(sql: "PRAGMA application_id = \(applicationID)")
                return .commit
            }
        }
    }

    private func checkOwner(_ db: Database, isEmpty: Bool) throws {
        let owner = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard owner == applicationID || isEmpty && owner == 0 && tables == 0 else {
            throw LedgerStoreError.damaged(file: path, "it is a SQLite database of another program")
        }
    }

    /// Saves `PATH.schema-N` unless an earlier attempt already did. The name appears only once the copy is complete.
    private func backUp(_ db: Database, version: Int) throws {
        let copy = path + ".schema-\(version)"
        guard !FileManager.default.fileExists(atPath: copy) else { return }
        let partial = copy + ".partial"
        try? FileManager.default.removeItem(atPath: partial)
        try db.execute(sql: "VACUUM INTO ?", arguments: [partial])
        try DataDirectory.synchronize(partial)
        try FileManager.default.moveItem(atPath: partial, toPath: copy)
        try DataDirectory.synchronize(URL(fileURLWithPath: copy).deletingLastPathComponent().path)
    }
}
