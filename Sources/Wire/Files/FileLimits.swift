/// How much of other people's files is taken in at most.
package struct FileLimits: Hashable, Sendable {
    /// All files together.
    package var bytes: Int64
    /// Files, directories and links together.
    package var entries: Int

    package init(bytes: Int64 = 1 << 40, entries: Int = 100_000) {
        self.bytes = bytes
        self.entries = entries
    }

    /// The largest piece of a file in one message, in bytes.
    package static let chunk = 1 << 20
}

/// What was sent or received.
package struct FileTotals: Hashable, Sendable {
    package var bytes: Int64 = 0
    /// Files, directories and links.
    package var entries = 0
    /// Names that were to be sent but do not exist.
    package var missing: [String] = []
    /// Names that are neither file, directory nor link (sockets, devices, ...) and were left out.
    package var skipped: [String] = []

    package init() {}
}

/// Why files could not be sent or received; the text names the file.
package struct FileTransferError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The other side sent something it must not send.
        case refused
        /// It is more than the limits allow.
        case tooMuch
        /// The file system of this side failed; the value is `errno`.
        case system(Int32)
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
