/// One numbered step of a schema. Steps are never edited once released; a change is a new step.
package struct Migration: Sendable {
    /// 1, 2, 3, ...; kept in the database as `user_version`.
    package let version: Int
    /// The statements that lead here from the version before.
    package let sql: String

    package init(version: Int, sql: String) {
        self.version = version
        self.sql = sql
    }

    /// All steps of the ledger, in order.
    package static var all: [Migration] {
        [
            PackageResources.V0001_ledger_sql, PackageResources.V0002_ledger_sql, PackageResources.V0003_ledger_sql,
            PackageResources.V0004_ledger_sql, PackageResources.V0005_ledger_sql, PackageResources.V0006_ledger_sql,
            PackageResources.V0007_ledger_sql,
        ].enumerated().map { index, sql in Migration(version: index + 1, sql: String(decoding: sql, as: UTF8.self)) }
    }

    /// All steps of the audit log, in order.
    package static var audit: [Migration] {
        [Migration(version: 1, sql: String(decoding: PackageResources.V0001_audit_sql, as: UTF8.self))]
    }
}
