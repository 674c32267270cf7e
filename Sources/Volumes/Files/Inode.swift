/// The number of a file or directory in its volume; never used again.
package struct InodeNumber: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The directory that a volume begins with.
    package static let root = InodeNumber(rawValue: 1)

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What an inode is. Raw values are the type bits of a mode shifted right by 12 (inode(7)), as directory entries have them.
package enum FileKind: UInt8, Hashable, Sendable {
    case pipe = 1
    case characterDevice = 2
    case directory = 4
    case blockDevice = 6
    case regular = 8
    case symbolicLink = 10
    case socket = 12
}

/// Nanoseconds since 1970 in UTC, with those before it negative; 1677 to 2262.
package struct FileTime: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What is known of a file or directory beside its content.
package struct Inode: Hashable, Sendable {
    package let number: InodeNumber
    package let kind: FileKind
    /// Permissions, and the set-user-id, set-group-id and sticky bits: the lower 12 bits of a mode.
    package var permissions: UInt16
    package var owner: UInt32
    package var group: UInt32
    /// How many entries lead here; a directory has 2 and one for each directory in it.
    package var links: UInt32
    /// In bytes: of a file's content, and of the path in a symbolic link.
    package var size: UInt64
    /// Bytes of content that are stored; at most the size, less where there are holes.
    package var allocated: UInt64
    /// Of a device that a special file stands for.
    package var device: UInt32
    package var accessed: FileTime
    package var modified: FileTime
    package var changed: FileTime
    /// Where a directory is; of the root the root itself. Of others the directory where they were made or moved to last.
    package var parent: InodeNumber
    /// Higher after each change to content or attributes, so that copies can be told to be old.
    package var version: UInt64

    package init(
        number: InodeNumber, kind: FileKind, permissions: UInt16, owner: UInt32, group: UInt32, links: UInt32, device: UInt32 = 0,
        at time: FileTime, parent: InodeNumber
    ) {
        self.number = number
        self.kind = kind
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.links = links
        size = 0
        allocated = 0
        self.device = device
        accessed = time
        modified = time
        changed = time
        self.parent = parent
        version = 1
    }
}
