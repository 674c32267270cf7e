import CFUSE
import Resources

/// How a mount works, beside what a user says in its options.
package struct MountSettings: Sendable {
    /// How many calls are answered at once; 1 to 128. A wait for a lock does not count.
    package var threads = 16
    /// How far the kernel reads ahead of a sequential reader.
    package var readAhead: Bytes = .mebibytes(4)
    /// The kernel drops what it has cached of a file's content when it sees that the file's size or modification time has changed.
    /// Without that only a notification makes it do so, and opening a file without ``OpenAnswer/keepsCache``.
    package var dropsChangedContent = true

    /// The largest read and write that comes as one call.
    package static let largestTransfer: Bytes = .mebibytes(1)

    package init() {}

    /// What libfuse agrees with the kernel. Nothing is written later than the system call that wrote it: no write-back cache.
    func apply(to connection: inout fuse_conn_info) {
        let bytes = UInt32(clamping: Self.largestTransfer.rawValue)
        connection.max_write = min(connection.max_write, bytes)
        connection.max_read = bytes
        connection.max_readahead = min(connection.max_readahead, UInt32(clamping: readAhead.rawValue))
        // Each may wait for a peer; they are answered as threads come free.
        connection.max_background = 64
        let wanted = [
            FUSE_CAP_ASYNC_READ, FUSE_CAP_ASYNC_DIO, FUSE_CAP_ATOMIC_O_TRUNC, FUSE_CAP_PARALLEL_DIROPS, FUSE_CAP_READDIRPLUS,
            FUSE_CAP_READDIRPLUS_AUTO, FUSE_CAP_POSIX_LOCKS, FUSE_CAP_FLOCK_LOCKS, FUSE_CAP_CACHE_SYMLINKS,
            dropsChangedContent ? FUSE_CAP_AUTO_INVAL_DATA : FUSE_CAP_EXPLICIT_INVAL_DATA,
        ]
        connection.want = connection.capable & wanted.reduce(0) { $0 | UInt32($1) }
    }
}
