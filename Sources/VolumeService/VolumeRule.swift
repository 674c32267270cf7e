package import Resources

/// What a node wants to do with the blocks of a volume.
package enum VolumeAccess: Hashable, Sendable {
    /// Read blocks.
    case read
    /// Store blocks, have them made durable, have room granted.
    case write
    /// Delete blocks, depose who was the volume's home before.
    case administer
    /// See which blocks there are, whether they are whole, how the room is used.
    case inspect
}

/// Who may do what with which volume. Asked at each request, so that what changes takes effect at once; from many threads.
///
/// It returns the reason when the node may not, for people to read.
package typealias VolumeRule = @Sendable (NodeID, VolumeAccess, VolumeID) -> String?
