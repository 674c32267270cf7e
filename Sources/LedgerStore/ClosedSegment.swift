import Foundation
import GRDB

/// A segment that is never written again.
enum ClosedSegment {
    /// Reads it, where it may be tidied up at the same time.
    ///
    /// - Parameter isDamaged: whether what is left of it is wanted, though it is shorter than it says.
    /// - Throws: ``LedgerStoreError`` that names the file when SQLite cannot read it; what `body` throws.
    static func read<Value>(_ path: String, isDamaged: Bool = false, _ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(60)
        // https://www.sqlite.org/pragma.html#pragma_writable_schema: without it SQLite gives nothing of a truncated file.
        if isDamaged { configuration.prepareDatabase { try $0.execute(sql: "PRAGMA writable_schema = ON") } }
        do {
            return try DatabaseQueue(path: path, configuration: configuration).read(body)
        } catch let error as DatabaseError {
            throw LedgerStoreError(error, file: path)
        }
    }
}
