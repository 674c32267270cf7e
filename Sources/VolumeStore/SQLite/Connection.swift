import GRDBSQLite
import Resources

/// A connection to a database, for one thread at a time.
///
/// It is bare SQLite: a transaction stays open over many calls of its owner, which GRDB's queues do not let it, and each record takes
/// a dozen statements.
final class Connection {
    enum Mode {
        /// Read and written; the file is made.
        case create
        case write
        case read
    }

    /// `PRAGMA synchronous`.
    enum Synchronous: Int64 {
        /// The log is synced before a checkpoint only: what was committed last may be gone after the loss of power, and nothing else.
        case normal = 1
        /// What was committed stays.
        case full = 2
    }

    let path: String
    let handle: OpaquePointer

    /// - Throws: ``VolumeStoreError/missing(file:)`` when there is no file and none is to be made.
    init(path: String, _ mode: Mode) throws(VolumeStoreError) {
        self.path = path
        let access =
            switch mode {
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .write: SQLITE_OPEN_READWRITE
            case .read: SQLITE_OPEN_READONLY
            }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw code == SQLITE_CANTOPEN && mode != .create
                ? .missing(file: path) : .disk(file: path, String(cString: sqlite3_errstr(code)))
        }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit { sqlite3_close_v2(handle) }

    /// - Parameter sql: statements without parameters whose rows are of no interest.
    func execute(_ sql: String) throws(VolumeStoreError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw fault(code) }
    }

    /// The first column of the first row.
    func integer(_ sql: String) throws(VolumeStoreError) -> Int64 {
        let statement = try PreparedStatement(self, sql)
        defer { statement.reset() }
        return try statement.step() ? try statement.integer(0) : 0
    }

    /// The first column of all rows.
    func texts(_ sql: String) throws(VolumeStoreError) -> [String] {
        let statement = try PreparedStatement(self, sql)
        defer { statement.reset() }
        var texts: [String] = []
        while try statement.step() { texts.append(String(decoding: try statement.blob(0), as: UTF8.self)) }
        return texts
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Sets a mode of writing, and looks whether SQLite took it.
    ///
    /// - Parameter logPages: at how many pages the write-ahead log is folded into the file.
    func configure(_ synchronous: Synchronous, cacheKibibytes: Int, logPages: Int) throws(VolumeStoreError) {
        try execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = \(synchronous.rawValue); PRAGMA cell_size_check = ON;
            PRAGMA cache_size = -\(cacheKibibytes); PRAGMA wal_autocheckpoint = \(logPages); PRAGMA journal_size_limit = \(64 << 20)
            """)
        guard try integer("PRAGMA synchronous") == synchronous.rawValue, try texts("PRAGMA journal_mode") == ["wal"] else {
            throw .disk(file: path, "SQLite does not take the mode that it is to write in")
        }
    }

    /// What a result code of SQLite means.
    func fault(_ code: CInt) -> VolumeStoreError {
        let message = String(cString: sqlite3_errmsg(handle))
        return switch code & 0xFF {
        // Constraints are for what a row cannot be, and a table is missing only where another page stands in its place.
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_ERROR: .damaged(file: path, message)
        case SQLITE_FULL: .full(file: path)
        default: .disk(file: path, "\(message) (\(code))")
        }
    }
}
