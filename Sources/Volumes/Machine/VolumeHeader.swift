import Resources

/// What is known of a volume as a whole.
package struct VolumeHeader: Hashable, Sendable {
    package var traits: VolumeTraits
    /// The record that was applied last; the first is number 1.
    package var applied: UInt64 = 0
    /// Of the home that wrote it.
    package var epoch: UInt64 = 1
    /// When that was. Each record is later than the one before it.
    package var time: FileTime
    /// Higher than that of any inode that was ever made.
    package var nextInode: InodeNumber
    /// The most bytes of content that it holds, and the most files and directories.
    package var capacity: UInt64
    package var inodeLimit: UInt64
    /// Bytes of content that are stored or have room set aside, without copies.
    package var used: UInt64 = 0
    /// Promised to sessions, for what they will write.
    package var reserved: UInt64 = 0
    package var inodes: UInt64 = 1
    /// Of blocks: those that are stored from now on are of this one, and those of the one before it can still get into files.
    package var generation: UInt64 = 1
    /// Which nodes keep the journal; `nil` for the home alone, whichever that is.
    package var membership: JournalMembership?

    package init(_ traits: VolumeTraits = VolumeTraits(), capacity: UInt64, inodeLimit: UInt64, at time: FileTime) {
        self.traits = traits
        self.capacity = capacity
        self.inodeLimit = inodeLimit
        self.time = time
        nextInode = InodeNumber(rawValue: InodeNumber.root.rawValue + 1)
    }

    /// Bytes that nobody has and nobody was promised.
    package var free: UInt64 { capacity - min(capacity, used + reserved) }

    /// New blocks are of this generation at least; older ones that are in no file will never be.
    package var oldestGeneration: UInt64 { generation - 1 }
}
