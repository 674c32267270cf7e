import GRDB
import Resources

/// Why the ledger could not be opened, written or read.
package enum LedgerStoreError: Error, Hashable, Sendable {
    /// The data directory cannot be used; the text says why and what to do.
    case directory(String, String)
    /// An archive or standby cannot be used; the text says why and what to do.
    case archive(String, String)
    /// Another process has the data directory open.
    case locked(directory: String, holder: String)
    /// A file in the directory is not a ledger, or is damaged.
    case damaged(file: String, String)
    /// The file was written by a newer program.
    case newerSchema(file: String, found: Int, supported: Int)
    /// The disk, or what may be used of it, is full. Nothing of the group was written.
    case full(file: String)
    /// The disk failed. Nothing of the group was written.
    case disk(file: String, String)
    /// An id is on disk with other content.
    case conflict(String)
    /// The records break a rule of the ledger. Nothing of the batch was written.
    case refused(String)
    /// More batches wait than the queue holds.
    case overloaded(Int)
    /// A batch decided earlier could not be written, so this one, which was decided in the belief that it would be,
    /// was not written either.
    case afterFailure(String)
    /// The store was closed.
    case closed
    /// The store has closed itself because the current segment could be neither continued nor followed; the text says
    /// why. Opening it again completes what was interrupted.
    case abandoned(String)
}

extension LedgerStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .directory(let path, let fault): "failed to open data directory \(path): \(fault)"
        case .archive(let path, let fault): "\(path): \(fault)"
        case .locked(let path, let holder):
            "failed to open data directory \(path): \(holder) uses it; stop that agent or choose another directory"
        case .damaged(let file, let fault):
            "failed to read ledger \(file): it is damaged: \(fault); restore it with 'surplus ledger restore'"
        case .newerSchema(let file, let found, let supported):
            "failed to open ledger \(file): it has schema \(found), this program knows up to \(supported); upgrade the program"
        case .full(let file): "failed to write ledger \(file): no space left; free some and try again"
        case .disk(let file, let fault): "failed to access ledger \(file): \(fault); check the disk"
        case .conflict(let id): "failed to write ledger: \(id) is already there with other content"
        case .refused(let fault): "failed to write ledger: \(fault)"
        case .overloaded(let count): "failed to write ledger: \(count) batches wait already; slow down"
        case .afterFailure(let fault): "failed to write ledger: what came before was not written (\(fault))"
        case .closed: "failed to access ledger: it is closed"
        case .abandoned(let fault): "failed to go on with the ledger (\(fault)); mend that and start again"
        }
    }

    /// Whether a file is not what was written to it.
    package var isDamage: Bool { if case .damaged = self { true } else { false } }

    /// Whether the fault lies in the one batch, so that others are not concerned.
    var concernsBatchOnly: Bool {
        switch self {
        case .conflict, .refused: true
        default: false
        }
    }

    /// What an error thrown by SQLite says about `file`.
    init(_ error: any Error, file: String) {
        switch error {
        case let error as LedgerStoreError: self = error
        case let error as DatabaseError: self.init(error, file: file)
        default: self = .damaged(file: file, "\(error)")
        }
    }

    private init(_ error: DatabaseError, file: String) {
        let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG: self = .refused(message)
        case .SQLITE_FULL: self = .full(file: file)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(file: file, message)
        default: self = .disk(file: file, message)
        }
    }
}
