import Foundation
import GRDB

extension LedgerStore {
    /// Looks whether the current segment is a whole database (SQLite's `quick_check`): much faster than
    /// ``verify(_:)``, and blind to what only the rules of the ledger tell.
    ///
    /// - Returns: the first fault; `nil` when there is none.
    package func quickCheck() throws(LedgerStoreError) -> String? { try read(Self.fault) }

    /// The same for a ledger that nobody has open, without changing anything.
    ///
    /// - Returns: the first fault; `nil` when there is none, or no ledger in `directory`.
    package static func quickCheck(directory: String) throws(LedgerStoreError) -> String? {
        let manager = FileManager.default
        guard manager.fileExists(atPath: directory) else { return nil }
        do {
            let segments = try manager.contentsOfDirectory(atPath: directory).filter { Segment.number($0) != nil }.sorted()
            guard let current = segments.last else { return nil }
            var configuration = Configuration()
            configuration.readonly = true
            return try DatabaseQueue(path: "\(directory)/\(current)", configuration: configuration).read(fault)
        } catch {
            throw LedgerStoreError(error, file: directory)
        }
    }

    private static func fault(_ db: Database) throws -> String? {
        let found = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        return found == "ok" ? nil : found ?? "SQLite did not answer"
    }
}
