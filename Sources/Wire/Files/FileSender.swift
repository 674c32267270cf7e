internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Something to send: what is at `path` below the trusted directory `root`, under the name `name` on the other side.
package struct FileSource: Hashable, Sendable {
    package let root: String
    package let path: RelativePath
    package let name: RelativePath

    /// - Parameters:
    ///   - root: a directory; links on the way to it are followed.
    ///   - path: below `root`; no link on the way is followed, and a link at its end is sent as a link.
    package init(root: String, path: RelativePath, name: RelativePath) {
        self.root = root
        self.path = path
        self.name = name
    }
}

/// Reads files and directory trees as a sequence of parts, in the order of their names, a megabyte at a time.
///
/// Symbolic links are sent as links, never followed, so that a program whose outputs are collected cannot make this side
/// read anything outside of its directory.
package final class FileSender: Sendable {
    private let walk: Mutex<FileWalk>

    /// - Parameter sources: what to send, in this order. A source that does not exist is left out and named in the totals.
    package init(_ sources: [FileSource], limits: FileLimits = FileLimits()) {
        walk = Mutex(FileWalk(sources, limits: limits))
    }

    /// The next part; `nil` after the last.
    ///
    /// - Throws: ``FileTransferError`` when something cannot be read, or changes while it is read.
    package func next() async throws -> Surplus_V1_FilePart? {
        try await NIOThreadPool.singleton.runIfActive { [self] in try walk.withLock { try $0.next() } }
    }

    /// What was sent so far.
    package var totals: FileTotals { walk.withLock { $0.totals } }

    /// Sends everything, one part after the other was accepted by `write`.
    package func send(_ write: (Surplus_V1_FilePart) async throws -> Void) async throws -> FileTotals {
        while let part = try await next() { try await write(part) }
        return totals
    }
}
