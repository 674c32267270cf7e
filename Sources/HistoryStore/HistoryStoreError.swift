import GRDB

/// Why the history cannot be written or read.
package enum HistoryStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file is damaged, or cut short.
    case damaged(file: String, String)
    /// It is of another program, or of a newer version of this one.
    case foreign(file: String, String)
    /// The disk, or the room that the file may take, is full.
    case full(file: String)
    case disk(file: String, String)

    package var description: String {
        switch self {
        case .damaged(let file, let fault): "failed to read history \(file): it is damaged (\(fault))"
        case .foreign(let file, let fault): "failed to open history \(file): \(fault)"
        case .full(let file): "failed to write history \(file): no space left; free some"
        case .disk(let file, let fault): "failed to access history \(file): \(fault); check the disk"
        }
    }

    /// Whether the file will never be of use to this program, so that another has to be begun.
    package var isLasting: Bool {
        switch self {
        case .damaged, .foreign: true
        case .full, .disk: false
        }
    }

    /// What an error thrown by SQLite says about `file`.
    init(_ error: any Error, file: String) {
        switch error {
        case let error as HistoryStoreError: self = error
        case let error as Malformed: self = .damaged(file: file, error.description)
        case let error as DatabaseError:
            let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH: self = .damaged(file: file, message)
            case .SQLITE_FULL: self = .full(file: file)
            // a table that is missing, or a page of zeros where there should be one
            case .SQLITE_ERROR where message.contains("no such table"): self = .damaged(file: file, message)
            default: self = .disk(file: file, message)
            }
        default: self = .disk(file: file, "\(error)")
        }
    }
}
