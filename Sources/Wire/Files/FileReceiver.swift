internal import NIOPosix
internal import Synchronization

/// Writes files that another side sends, as a sequence of parts, below one directory and nowhere else.
///
/// What the sender says is not trusted: paths, sizes, modes and link targets are checked, nothing is written twice, every
/// file must match its announced size and checksum. A file is durable before the next part is taken. After an error
/// nothing more is taken; what was complete stays, the file that was not is removed.
package final class FileReceiver: Sendable {
    /// What to do about a file that was there before.
    package enum Existing: Hashable, Sendable {
        /// It is an error; right for a directory made for the occasion.
        case refuse
        /// The new file takes its place when it is complete; directories are shared.
        case replace
    }

    private let intake: Mutex<FileIntake>

    /// - Parameter directory: exists, and nobody else may write in it.
    package init(directory: String, limits: FileLimits = FileLimits(), existing: Existing = .refuse) throws(FileTransferError) {
        do { intake = Mutex(FileIntake(top: try Descriptor.directory(directory), limits: limits, existing: existing)) } catch {
            throw error.describing("open", directory)
        }
    }

    /// Takes the next part. To be called by one task, one part after the other.
    ///
    /// - Throws: ``FileTransferError``.
    package func take(_ part: Surplus_V1_FilePart) async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try intake.withLock { try $0.take(part) }
        }
    }

    /// Ends the sequence: the last file must be complete. Directories get their modes and become durable.
    ///
    /// - Throws: ``FileTransferError``.
    package func finish() async throws -> FileTotals {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try intake.withLock { try $0.finish() }
        }
    }

    /// Gives up, when the other side broke off. Without effect after ``finish()``.
    package func abandon() async {
        try? await NIOThreadPool.singleton.runIfActive { [self] in intake.withLock { $0.abandon() } }
    }
}
