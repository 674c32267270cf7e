import Foundation
import GRDB
import GRDBSQLite
import Glibc
import Resources
import Synchronization

/// The layout of SQLite's write-ahead log (https://www.sqlite.org/fileformat2.html#walformat): a head, then frames, each a page
/// with its number.
enum WriteAheadLog {
    static let headLength = 32
    static let frameHeadLength = 24

    static func length(frames: Int, pageSize: Int) -> Int { headLength + frames * (frameHeadLength + pageSize) }

    /// Writes the pages of whole frames to a database file.
    ///
    /// - Parameter bytes: from the log's head, or from the beginning of a frame.
    static func redo(_ bytes: ArraySlice<UInt8>, hasHead: Bool, pageSize: Int, to descriptor: CInt, _ path: String) throws {
        var rest = hasHead ? bytes.dropFirst(headLength) : bytes
        while rest.count >= frameHeadLength + pageSize {
            let page = UInt64(number(rest))
            let size = number(rest.dropFirst(4))
            let content = rest.dropFirst(frameHeadLength).prefix(pageSize)
            guard page > 0, lseek(descriptor, off_t((page - 1) * UInt64(pageSize)), SEEK_SET) >= 0 else {
                throw LedgerStoreError.damaged(file: path, "a frame names no page")
            }
            try DurableFiles.write(content, to: descriptor, path)
            // Of the last frame of a commit: how many pages the database has then.
            if size > 0, ftruncate(descriptor, off_t(UInt64(size) * UInt64(pageSize))) != 0 {
                throw LedgerStoreError.disk(file: path, DurableFiles.reason())
            }
            rest = rest.dropFirst(frameHeadLength + pageSize)
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

    /// How many frames it has, after moving into the database what nobody reads any more.
    ///
    /// - Returns: also how many of them are in the database now.
    static func checkpoint(_ db: Database) throws -> (frames: Int, moved: Int) {
        var (frames, moved): (CInt, CInt) = (0, 0)
        let code = sqlite3_wal_checkpoint_v2(db.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved)
        guard code == SQLITE_OK || code == SQLITE_BUSY else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        return (Int(max(0, frames)), Int(max(0, moved)))
    }
}

/// The write-ahead log of a segment: how long it is after each commit, and what is in it. While it is watched SQLite makes no
/// checkpoints by itself.
final class WriteAheadLogTap: Sendable {
    private let path: String
    private let position = Mutex((frames: 0, at: Timestamp(microseconds: 0)))
    private let descriptor = Mutex<CInt?>(nil)

    /// - Parameter path: of the database.
    init(database path: String) { self.path = path + "-wal" }

    deinit { if let open = descriptor.withLock({ $0 }) { close(open) } }

    /// How many frames there were after the last commit, and when that was, before anybody was told of it.
    var last: (frames: Int, at: Timestamp) { position.withLock { $0 } }

    /// - Parameter db: the only connection that writes; the tap must outlive it.
    func attach(to db: Database) throws {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            db.sqliteConnection,
            { context, _, _, frames in
                guard let context else { return SQLITE_OK }
                Unmanaged<WriteAheadLogTap>.fromOpaque(context).takeUnretainedValue().note(Int(frames))
                return SQLITE_OK
            }, context)
        note(try WriteAheadLog.checkpoint(db).frames)
    }

    private func note(_ frames: Int) { position.withLock { $0 = (frames, Standby.now()) } }

    /// What tells one life of the log from the next; empty while there is none.
    var salt: [UInt8] { (try? read(at: 16, 8)) ?? [] }

    /// The size of a page.
    var pageSize: Int {
        get throws { try read(at: 8, 4).reduce(0) { $0 << 8 | Int($1) } }
    }

    func read(at offset: Int, _ count: Int) throws -> [UInt8] {
        let log = try descriptor.withLock { descriptor in
            let log = try descriptor ?? DurableFiles.open(path, O_RDONLY)
            descriptor = log
            return log
        }
        return try DurableFiles.read(log, at: offset, count, path: path)
    }
}
