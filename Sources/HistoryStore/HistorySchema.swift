import GRDB

/// The numbered steps of the schema of a history file. Steps are never edited once released; a change is a new step.
enum HistorySchema {
    /// Marks the file as a history of Surplus (`application_id`): "SPLH".
    static let applicationID = 0x5350_4c48

    private static var steps: [String] {
        [PackageResources.V0001_history_sql, PackageResources.V0002_shares_sql].map { String(decoding: $0, as: UTF8.self) }
    }

    /// Brings the file to the newest schema, all steps in one transaction.
    ///
    /// - Throws: ``HistoryStoreError/foreign(file:_:)`` when the file is no history or of a newer schema.
    static func migrate(_ db: Database, file: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let owner = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard owner == applicationID || owner == 0 && found == 0 && tables == 0 else {
            throw HistoryStoreError.foreign(file: file, "it is a SQLite database of another program")
        }
        guard found <= steps.count else {
            throw HistoryStoreError.foreign(file: file, "it has schema \(found), this program knows up to \(steps.count)")
        }
        guard found < steps.count else { return }
        try db.inTransaction(.immediate) {
            for step in steps[found...] { try db.execute(sql: step) }
            try db.execute(sql: "PRAGMA user_version = \(steps.count); PRAGMA application_id = \(applicationID)")
            return .commit
        }
    }
}
