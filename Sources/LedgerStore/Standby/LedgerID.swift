import Bookkeeping
import Foundation
import GRDB

// What tells one ledger from all others; it goes on into later segments and restored copies.

extension Segment {
    private static let idKey = "ledger.id"

    /// Gives the ledger its id, unless it has one.
    func giveID() throws(LedgerStoreError) {
        do {
            try pool.write { db in
                try db.execute(
                    sql: Seal.insertion(into: "state", "INSERT OR IGNORE"),
                    arguments: [StateKind.setting.rawValue, Self.idKey, "\"\(UUID().uuidString.lowercased())\""])
            }
        } catch {
            throw LedgerStoreError(error, file: path)
        }
    }

    /// As it stands in the state.
    ///
    /// - Throws: when it has none.
    func id() throws -> String {
        try pool.read { db in
            let sql = "SELECT body FROM state WHERE kind = ? AND id = ?"
            guard let body = try String.fetchOne(db, sql: sql, arguments: [StateKind.setting.rawValue, Self.idKey]) else {
                throw MalformedRow(description: "the ledger has no id")
            }
            return body
        }
    }
}
