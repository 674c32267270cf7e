import Foundation
import GRDBSQLite

/// What a dead agent wrote down last.
enum LastEvent {
    /// The kind of the last event in the newest file of a ledger; `nil` when there is none. Reads a copy, so that the agent finds its
    /// files as it left them.
    static func kind(in directory: String) -> String? {
        let files = FileManager.default
        let names = ((try? files.contentsOfDirectory(atPath: directory)) ?? [])
            .filter { $0.hasPrefix("ledger-") && $0.hasSuffix(".sqlite") }
        guard let newest = names.max() else { return nil }
        let copy = NSTemporaryDirectory() + "/surplus-last-\(getpid())"
        defer { for suffix in ["", "-wal", "-shm"] { try? files.removeItem(atPath: copy + suffix) } }
        for suffix in ["", "-wal"] { try? files.copyItem(atPath: "\(directory)/\(newest)\(suffix)", toPath: copy + suffix) }
        var db: OpaquePointer?
        defer { sqlite3_close(db) }
        guard sqlite3_open(copy, &db) == SQLITE_OK else { return nil }
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        let sql = "SELECT kind FROM events ORDER BY sequence DESC LIMIT 1"
        guard sqlite3_prepare_v2(db, sql, -1, &statement, nil) == SQLITE_OK, sqlite3_step(statement) == SQLITE_ROW else {
            return nil
        }
        return sqlite3_column_text(statement, 0).map { String(cString: $0) }
    }
}
