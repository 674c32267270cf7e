import Foundation
import GRDB

/// A segment that is never written again.
enum ClosedSegment {
    /// Reads it, where it may be tidied up at the same time.
    ///
    /// - Throws: ``LedgerStoreError`` that names the file when SQLite cannot read it; what `body` throws.
    static func read<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(60)
        do {
            return try DatabaseQueue(path: path, configuration: configuration).read(body)
        } catch let error as DatabaseError {
            throw LedgerStoreError(error, file: path)
        }
    }
}
