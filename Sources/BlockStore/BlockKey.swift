import Resources

/// Names a block in a store. A volume cannot touch what is another's.
package struct BlockKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let volume: VolumeID
    package let block: BlockID

    package init(volume: VolumeID, block: BlockID) {
        self.volume = volume
        self.block = block
    }

    /// The most bytes of one: 4 MiB of content, and what encrypting it adds.
    package static let largest = (4 << 20) + (64 << 10)

    package static func < (a: Self, b: Self) -> Bool { (a.volume, a.block) < (b.volume, b.block) }

    package var description: String { "\(block) of \(volume)" }
}
