import Resources

/// Content that was written once, never changes and lies on several nodes, as the metadata know it.
package struct Block: Hashable, Sendable {
    /// The most bytes of content in one.
    package static let largest: UInt32 = 4 << 20

    package let id: BlockID
    /// Bytes of content; what is stored is longer, for it is encrypted.
    package let length: UInt32
    /// Of the checksums of what is stored: a copy that has others is none.
    package let checksum: UInt32
    /// Where it lies, in order and each node once.
    package var replicas: [NodeID]
    /// Bytes that files still refer to; a block without any is dead and its room is won back.
    package var live: UInt64

    package init(id: BlockID, length: UInt32, checksum: UInt32, replicas: [NodeID], live: UInt64 = 0) {
        self.id = id
        self.length = length
        self.checksum = checksum
        self.replicas = replicas
        self.live = live
    }
}
