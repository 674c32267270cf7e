import Bookkeeping
import Foundation
import GRDB
import LedgerSchema

/// The ledger's files in the data directory: one current segment, the last, and closed ones before it, which are never
/// written again and may be moved away.
///
/// To close a segment, its successor is built under another name, the closing row is committed (from then on nothing
/// else may be written to it), the successor gets its name, and the closed file is cleared of what moved on and made
/// read-only. Whatever of this a crash interrupts is done again when the directory is opened.
struct SegmentFiles: Sendable {
    let directory: DataDirectory
    let options: LedgerStore.Options

    /// How files are changed.
    var steps: DurableFiles { options.steps }

    /// Opens the last segment, or creates the first.
    func openCurrent() throws(LedgerStoreError) -> Segment {
        let number = try numbers().last ?? 1
        let segment = try Segment(path: path(number), options: options)
        do {
            guard try segment.pool.read(Closing.init) != nil else {
                try segment.pool.write { try Self.begin($0, number: number) }
                try directory.synchronize()
                return segment
            }
            let next = try replace(segment, by: try buildSuccessor(of: segment))
            try? segment.close()
            return next
        } catch {
            throw LedgerStoreError(error, file: segment.path)
        }
    }

    private func numbers() throws(LedgerStoreError) -> [Int] {
        try SegmentDirectory(path: directory.path).entries().map(\.number)
    }

    private func path(_ number: Int) -> String { directory.file(Segment.name(number)) }

    /// Gives the very first segment its row.
    private static func begin(_ db: Database, number: Int) throws {
        guard number == 1, try Int.fetchOne(db, sql: "SELECT count(*) FROM segment") == 0 else { return }
        try SegmentRow.insert(db, number: 1, opening: .start, tally: Tally().digest, horizon: nil)
    }
}

// MARK: - Closing a segment

extension SegmentFiles {
    /// A complete segment that has not got its name yet.
    struct Successor {
        fileprivate let path: String
        fileprivate let finalPath: String
        fileprivate let handover: Handover
    }

    /// Builds the segment that follows, without changing anything in `segment`.
    func buildSuccessor(of segment: Segment) throws -> Successor {
        let handover = try segment.pool.read { try Handover(of: $0, memoryCapacity: options.memoryCapacity) }
        let finalPath = path(handover.number + 1)
        let partial = finalPath + ".partial"
        for leftover in [partial, partial + "-journal"] { try steps.remove(leftover) }
        try steps.announce(.create, partial)
        Segment.create(partial)
        let queue = try DatabaseQueue(path: partial)
        try queue.writeWithoutTransaction { db in
            try Migrator(path: partial, steps: Migration.all).run(db)
            try steps.announce(.database("fill"), partial)
            try handover.fill(db, from: segment.path)
        }
        try queue.close()
        return Successor(path: partial, finalPath: finalPath, handover: handover)
    }

    /// Closes `segment`, after which nothing is written to it, and opens its successor.
    func replace(_ segment: Segment, by successor: Successor) throws -> Segment {
        try steps.announce(.database("close"), segment.path)
        try segment.pool.write { try successor.handover.close($0) }
        try steps.rename(successor.path, to: successor.finalPath)
        try steps.synchronize(directory.path)
        try steps.announce(.database("open"), successor.finalPath)
        return try Segment(path: successor.finalPath, options: options)
    }

    /// Folds the write-ahead log of a closed segment in, removes what has moved on, and makes the file read-only. What
    /// cannot be done now is done at the next start: it frees space and guards against mishaps, nothing depends on it.
    func seal(_ path: String) throws {
        // One that was moved away must not be made anew.
        guard DurableFiles.isThere(path), !DurableFiles.isProtected(path) else { return }
        try steps.announce(.database("seal"), path)
        // Opening it for writing also rolls back what a crash has left half done here.
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            try steps.announce(.database("clear"), path)
            for table in ["state", "obligations", "disputes", "events", "event_subjects"] where try db.tableExists(table) {
                try db.execute(sql: "DELETE FROM \(table)")
            }
            try db.execute(sql: "VACUUM")
        }
        try queue.close()
        try steps.protect(path)
    }
}
