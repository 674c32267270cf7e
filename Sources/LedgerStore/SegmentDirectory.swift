import Foundation
import GRDB
import Glibc

/// A directory with segments in it: the ledger's own, an archive, or a standby.
struct SegmentDirectory: Sendable {
    let path: String

    /// One segment's file in it.
    struct Entry: Hashable, Sendable {
        let number: Int
        let path: String

        /// The row that says which part of which chain it has.
        ///
        /// - Throws: ``LedgerStoreError`` when it is no ledger, or damaged.
        func row() throws(LedgerStoreError) -> SegmentRow {
            do {
                return try ClosedSegment.read(path) { db in
                    guard try Int.fetchOne(db, sql: "PRAGMA application_id") == Segment.applicationID else {
                        throw LedgerStoreError.damaged(file: path, "it is a SQLite database of another program")
                    }
                    return try SegmentRow(db)
                }
            } catch {
                throw LedgerStoreError(error, file: path)
            }
        }
    }

    /// The segments in it, by number.
    func entries() throws(LedgerStoreError) -> [Entry] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).compactMap { name in
                Segment.number(name).map { Entry(number: $0, path: path + "/" + name) }
            }.sorted { $0.number < $1.number }
        } catch {
            throw .archive(path, "it cannot be read: \(DurableFiles.reason())")
        }
    }

    /// Whether both are the same directory, by whatever path.
    func isSame(as other: String) -> Bool {
        var (here, there) = (stat(), stat())
        return stat(path, &here) == 0 && stat(other, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino
    }

    /// Makes it for its owner alone, if it is not there.
    func create() throws(LedgerStoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .archive(
                path, "\(DurableFiles.reason()); create it and make this user its owner, or choose another directory")
        }
    }
}

extension SegmentDirectory {
    /// Takes in a copy of a closed segment, which is then durable, and was found good. One that is there already must be the same.
    func take(_ segment: Entry, _ files: DurableFiles) throws {
        let target = path + "/" + Segment.name(segment.number)
        guard !DurableFiles.isThere(target) else {
            guard try DurableFiles.digest(target) == DurableFiles.digest(segment.path) else {
                throw LedgerStoreError.archive(
                    path, "it has another \(Segment.name(segment.number)) already; choose another directory")
            }
            try Self.check(Entry(number: segment.number, path: target), against: segment)
            return try files.synchronize(path)
        }
        let partial = target + ".partial"
        do {
            try files.copy(segment.path, to: partial)
            try files.synchronize(partial)
            try Self.check(Entry(number: segment.number, path: partial), against: segment)
            try files.protect(partial)
            try files.rename(partial, to: target)
        } catch {
            try? files.remove(partial)
            throw error
        }
        try files.synchronize(path)
    }

    /// Recounts a copy, and compares its part of the chain with the original's.
    private static func check(_ copy: Entry, against original: Entry) throws {
        let source = SegmentSource(path: copy.path, isClosed: true) { try ClosedSegment.read(copy.path, $0) }
        if let fault = try Verifier.run([source], from: nil, signatures: nil, keep: { _ in }).fault {
            throw LedgerStoreError.damaged(file: original.path, "its copy is faulty: \(fault)")
        }
        let (row, expected) = (try copy.row(), try original.row())
        guard row.number == original.number, row.opening == expected.opening, row.end == expected.end else {
            throw LedgerStoreError.damaged(file: original.path, "its copy has another part of the chain")
        }
    }
}
