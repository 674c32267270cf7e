import Resources

/// Something that changes a volume. Everything that has to be the same wherever it is carried out again is in it.
package enum Operation: Hashable, Sendable {
    // MARK: Names
    case make(NewInode)
    case link(InodeNumber, parent: InodeNumber, name: FileName)
    /// - Parameter isOpen: whether some session has what it leads to open: it is kept then until ``discard(_:)``.
    case unlink(parent: InodeNumber, name: FileName, isOpen: Bool)
    case removeDirectory(parent: InodeNumber, name: FileName, isOpen: Bool)
    case rename(Rename)

    // MARK: Attributes
    case setAttributes(InodeNumber, AttributeChanges)
    case setExtendedAttribute(InodeNumber, name: [UInt8], value: [UInt8], mode: ExtendedAttributeMode)
    case removeExtendedAttribute(InodeNumber, name: [UInt8])

    // MARK: Content
    /// What was written to some files, and the blocks that it is in, where they are new.
    ///
    /// - Parameter promised: bytes of what the session was promised that this uses up, whether or not it needs them.
    case write([FileWrite], blocks: [NewBlock], promised: UInt64)
    /// Sets room aside where a file has holes.
    ///
    /// - Parameter zeroes: whether what is there is removed first.
    case allocate(InodeNumber, Range<UInt64>, keepsSize: Bool, zeroes: Bool)
    /// Makes a hole.
    case punch(InodeNumber, Range<UInt64>)
    /// Removes part of what an inode has that no entry leads to and nobody has open.
    case discard(InodeNumber)

    // MARK: Blocks
    /// Where blocks are now; those that are gone meanwhile are passed over.
    case place([BlockPlacement])
    /// Blocks without any use were deleted wherever they were.
    case forget([BlockID])

    // MARK: Sessions and limits
    case begin(SessionID, node: NodeID)
    case end(SessionID)
    /// Promises a session room for what it will write, or takes back what it does not need, when below zero.
    case reserve(SessionID, bytes: Int64)
    case resize(capacity: UInt64, inodeLimit: UInt64)

    // MARK: Upkeep
    /// Which nodes keep the journal.
    case appoint(JournalMembership)
    /// The next generation of blocks begins: those of the one before the last that are in no file yet never will be.
    case advance
}

/// A file or directory to be made.
package struct NewInode: Hashable, Sendable {
    package let parent: InodeNumber
    package let name: FileName
    /// Assigned by the home.
    package let number: InodeNumber
    package let kind: FileKind
    package let permissions: UInt16
    package let owner: UInt32
    package let group: UInt32
    package let device: UInt32
    /// The path of a symbolic link.
    package let target: [UInt8]

    package init(
        parent: InodeNumber, name: FileName, number: InodeNumber, kind: FileKind, permissions: UInt16, owner: UInt32,
        group: UInt32,
        device: UInt32 = 0, target: [UInt8] = []
    ) {
        self.parent = parent
        self.name = name
        self.number = number
        self.kind = kind
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.device = device
        self.target = target
    }
}

/// An entry that gets another name, place, or both (rename(2)).
package struct Rename: Hashable, Sendable {
    package enum Mode: UInt8, Hashable, Sendable {
        case replace
        /// Fails where something has the new name.
        case noReplace
        /// Both change places.
        case exchange
    }

    package let parent: InodeNumber
    package let name: FileName
    package let newParent: InodeNumber
    package let newName: FileName
    package let mode: Mode
    /// Whether some session has open what is replaced.
    package let isOpen: Bool

    package init(
        parent: InodeNumber, name: FileName, newParent: InodeNumber, newName: FileName, mode: Mode = .replace,
        isOpen: Bool = false
    ) {
        self.parent = parent
        self.name = name
        self.newParent = newParent
        self.newName = newName
        self.mode = mode
        self.isOpen = isOpen
    }
}

/// What is to be different about an inode; what is `nil` stays.
package struct AttributeChanges: Hashable, Sendable {
    package enum Instant: Hashable, Sendable {
        /// When the record is written.
        case now
        case at(FileTime)
    }

    package var permissions: UInt16?
    package var owner: UInt32?
    package var group: UInt32?
    package var size: UInt64?
    package var accessed: Instant?
    package var modified: Instant?
    /// Whether set-user-id falls, and set-group-id where the group may execute, as when somebody without privileges writes.
    package var dropsPrivileges = false

    package init() {}
}

/// As setxattr(2) has it.
package enum ExtendedAttributeMode: UInt8, Hashable, Sendable {
    case either
    case create
    case replace
}

/// What was written to one file.
package struct FileWrite: Hashable, Sendable {
    package let inode: InodeNumber
    /// In order, none over another.
    package let extents: [Extent]
    /// When it was last written, not later than the record; `nil` for what must not show, such as content that was put together anew.
    package let modified: AttributeChanges.Instant?
    package let dropsPrivileges: Bool

    package init(
        inode: InodeNumber, extents: [Extent], modified: AttributeChanges.Instant? = .now, dropsPrivileges: Bool = false
    ) {
        self.inode = inode
        self.extents = extents
        self.modified = modified
        self.dropsPrivileges = dropsPrivileges
    }
}

/// A block that a client has stored.
package struct NewBlock: Hashable, Sendable {
    package let id: BlockID
    package let length: UInt32
    package let checksum: UInt32
    package let replicas: [NodeID]

    package init(id: BlockID, length: UInt32, checksum: UInt32, replicas: [NodeID]) {
        self.id = id
        self.length = length
        self.checksum = checksum
        self.replicas = replicas
    }
}

/// Where a block is now.
package struct BlockPlacement: Hashable, Sendable {
    package let block: BlockID
    /// In order, each once, at least one.
    package let replicas: [NodeID]

    package init(block: BlockID, replicas: [NodeID]) {
        self.block = block
        self.replicas = replicas
    }
}
