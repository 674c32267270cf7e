import Foundation
import GRDB
import LedgerSchema

/// One file of the ledger, opened for writing: a SQLite database in WAL mode whose commits are durable when they return.
struct Segment: Sendable {
    /// Marks the file as a Surplus ledger (`application_id`): "SPLS".
    static let applicationID = 0x5350_4c53
    private static let prefix = "ledger-"
    private static let suffix = ".sqlite"

    let path: String
    let pool: DatabasePool
    /// Its write-ahead log, for a standby.
    let tap: WriteAheadLogTap

    /// As its name says.
    var number: Int { Self.number(URL(fileURLWithPath: path).lastPathComponent) ?? 0 }

    /// `ledger-000001.sqlite` for 1.
    static func name(_ number: Int) -> String {
        let digits = String(number)
        return prefix + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + suffix
    }

    /// The number in a name that ``name(_:)`` gave; `nil` for other files.
    static func number(_ name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            let number = Int(name.dropFirst(prefix.count).dropLast(suffix.count)), number > 0, Self.name(number) == name
        else { return nil }
        return number
    }

    /// Opens or creates the file, brings its schema up to date, and makes sure that commits are durable.
    ///
    /// - Throws: ``LedgerStoreError`` when it is damaged, of a newer schema, no ledger, or cannot be written.
    init(path: String, options: LedgerStore.Options) throws(LedgerStoreError) {
        self.path = path
        tap = WriteAheadLogTap(database: path)
        do {
            Self.create(path)
            pool = try DatabasePool(path: path, configuration: Self.configuration(options))
            try Self.prepare(pool, path: path)
        } catch {
            throw LedgerStoreError(error, file: path)
        }
    }

    /// Makes a file for its owner alone if there is none; SQLite takes an empty file for an empty database and gives the
    /// files beside it the same mode. What goes wrong SQLite reports when it opens the file.
    static func create(_ path: String) {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }

    /// Closes the file such that its write-ahead log is folded in.
    func close() throws {
        // Only the writer's connection can do that, and only as the last.
        pool.releaseMemory()
        try pool.close()
    }

    private static func configuration(_ options: LedgerStore.Options) -> Configuration {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { db in
            // Kibibytes, for each connection: an idle agent has little memory.
            try db.execute(sql: "PRAGMA cache_size = -1024")
            Seal.register(in: db)
            if let pages = options.maximumPages { try db.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        return configuration
    }

    private static func prepare(_ pool: DatabasePool, path: String) throws {
        try pool.writeWithoutTransaction { db in
            // A fraction of a second for a million transfers.
            if let fault = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), fault != "ok" {
                throw LedgerStoreError.damaged(file: path, fault)
            }
            try Migrator(path: path, steps: Migration.all).run(db)
            // GRDB sets NORMAL when it enters WAL mode, after any preparation: commits could then be lost with the power.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            guard synchronous == 2, journal == "wal" else {
                throw LedgerStoreError.disk(
                    file: path, "SQLite would not be durable (synchronous \(synchronous ?? -1), journal \(journal ?? "none"))")
            }
        }
    }
}
