import Foundation
import GRDB
import Resources

/// Whatever a ledger's past can be read from, whether it can be written to or not.
package protocol LedgerReader: Sendable {
    /// The segments that are there, oldest first; the last is the current one.
    func sources() throws(LedgerStoreError) -> [SegmentSource]

    /// Whether what cannot be read is left out, not an error.
    var passesOverFaults: Bool { get }

    /// Where to keep how far a verification came.
    var checkpointFile: String { get }
}

/// One segment's file, and how it is read.
package struct SegmentSource {
    let path: String
    /// Whether nothing is written to it any more.
    let isClosed: Bool
    /// Calls with a connection to the file that sees one commit.
    let access: ((Database) throws -> Void) throws -> Void

    var name: String { URL(fileURLWithPath: path).lastPathComponent }

    /// - Throws: ``LedgerStoreError`` that names the file; a ``Verification/Fault`` as it is.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var value: Value?
        do {
            try access { value = try body($0) }
        } catch let fault as Verification.Fault {
            throw fault
        } catch {
            throw LedgerStoreError(error, file: path)
        }
        guard let value else { throw LedgerStoreError.closed }
        return value
    }
}

extension LedgerReader {
    /// Reads the segments, oldest first, up to the same commit; once more when some were closed or moved meanwhile.
    ///
    /// - Parameter body: returns whether it wants the next one, too.
    func fold<Value>(
        into start: Value, _ body: (inout Value, Database) throws -> Bool
    ) throws(LedgerStoreError) -> Value {
        try untilAtRest { sources in
            var value = start
            var end: Chain?
            for source in sources {
                do {
                    let goesOn = try source.read { db in
                        let row = try SegmentRow(db)
                        guard end == nil || end == row.opening || passesOverFaults else {
                            throw LedgerStoreError.damaged(
                                file: source.path, "it does not go on where the segment before it ends")
                        }
                        end = row.end
                        return try body(&value, db)
                    }
                    guard goesOn else { break }
                } catch  where passesOverFaults {
                    continue
                }
            }
            return value
        }
    }

    /// Does something with the segments; again when that failed and other segments are there by then.
    func untilAtRest<Value>(_ body: ([SegmentSource]) throws -> Value) throws(LedgerStoreError) -> Value {
        while true {
            let sources = try sources()
            do {
                return try body(sources)
            } catch {
                guard try self.sources().map(\.path) == sources.map(\.path) else { continue }
                throw LedgerStoreError(error, file: sources.last?.path ?? "")
            }
        }
    }
}

// MARK: - What is there

/// Where what can be read of a ledger begins, when older segments are not there.
package struct LedgerBeginning: Hashable, Sendable {
    /// The first segment that is there.
    package let segment: Int
    /// When its first transfer was booked; `nil` while it has none.
    package let at: Timestamp?
}

extension LedgerReader {
    /// Where what can be read begins; `nil` when that is the beginning of the ledger.
    package func beginning() throws(LedgerStoreError) -> LedgerBeginning? {
        try fold(into: nil) { found, db in
            let row = try SegmentRow(db)
            guard row.number > 1 else { return false }
            let at = try Int64.fetchOne(db, sql: "SELECT at FROM transfers ORDER BY sequence LIMIT 1")
            found = LedgerBeginning(segment: row.number, at: at.map(Timestamp.init(microseconds:)))
            return false
        }
    }
}
