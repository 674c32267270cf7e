import Accounting
import Foundation
import GRDB
import Resources

/// The history of a machine and of the leases on it, in a SQLite file of its own that never grows beyond a bound.
///
/// What ``write(_:)`` was given is on disk when it returns, and survives the end of the process and of the machine
/// (`synchronous = FULL`: it is called a few times a minute, so what a commit costs more does not matter, while with NORMAL the
/// loss of power could take back what was written since the last checkpoint, which is minutes). All methods block.
package final class HistoryStore: Sendable {
    package static let limits = Bytes.mebibytes(8)...Bytes.gibibytes(1024)
    /// The write-ahead log, which lies beside the file, takes about so much of the limit.
    private static let logShare = Bytes.mebibytes(2)
    private static let pageSize: Int64 = 4096

    package let path: String
    let queue: DatabaseQueue
    private let mostPages: Int64

    /// Opens or creates the file.
    ///
    /// - Parameter limit: the most that the file and its write-ahead log may take together; within ``limits``.
    /// - Throws: ``HistoryStoreError``.
    package init(path: String, limit: Bytes) throws(HistoryStoreError) {
        self.path = path
        mostPages = (limit - Self.logShare).rawValue / Self.pageSize
        do {
            // A log that is still there was not folded in by an orderly close: look at the file first.
            let isAfterCrash = FileManager.default.fileExists(atPath: path + "-wal")
            Self.create(path)
            queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            let mostPages = mostPages
            try queue.writeWithoutTransaction { db in
                if isAfterCrash, let fault = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), fault != "ok" {
                    throw HistoryStoreError.damaged(file: path, fault)
                }
                try HistorySchema.migrate(db, file: path)
                try Self.makeDurable(db, file: path)
                // what a lower limit than before makes too many goes with the next writes
                try db.execute(sql: "PRAGMA max_page_count = \(mostPages)")
            }
        } catch { throw HistoryStoreError(error, file: path) }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "history"
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // Kibibytes: an idle agent has little memory.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA cache_size = -512; PRAGMA wal_autocheckpoint = 256")
            try db.execute(sql: "PRAGMA journal_size_limit = \(1 << 20)")
        }
        return configuration
    }

    /// For its owner alone.
    private static func create(_ path: String) {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }

    private static func makeDurable(_ db: Database, file: String) throws {
        // GRDB sets NORMAL when it enters WAL mode, after any preparation.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
            try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal"
        else { throw HistoryStoreError.disk(file: file, "SQLite would not be durable") }
    }

    /// Folds the write-ahead log in and closes the file. Afterwards every call fails.
    package func close() {
        // What fails to close is closed with the process; all that was written is on disk.
        try? queue.close()
    }

    // MARK: Writing

    /// Writes rows and the intervals open beside them, all or nothing.
    ///
    /// - Throws: ``HistoryStoreError``; nothing was written then.
    package func write(_ batch: HistoryBatch) throws(HistoryStoreError) {
        do {
            try queue.write { db in
                var writer = try HistoryWriter(db)
                try writer.write(batch)
            }
        } catch { throw HistoryStoreError(error, file: path) }
    }

    /// Removes what is kept no longer, and the oldest of the finest rows when there is little room.
    ///
    /// - Parameter now: the time by which rows are old, see ``Retention``.
    package func tidy(at now: Timestamp) throws(HistoryStoreError) {
        do {
            try queue.write { db in
                try HistoryCleaner(db: db).expire(at: now)
                try HistoryCleaner(db: db).makeRoom(at: now, pages: mostPages)
            }
            // gives pages that nothing is in any more back to the disk
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA incremental_vacuum(1024)") }
        } catch { throw HistoryStoreError(error, file: path) }
    }

    /// What the file and its write-ahead log take.
    package var size: Bytes {
        [path, path + "-wal"].reduce(.zero) { sum, file in
            var status = stat()
            return stat(file, &status) == 0 ? sum + Bytes(Int64(status.st_size)) : sum
        }
    }
}
