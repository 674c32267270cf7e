import Resources

/// Why a block store does not do what it was asked to. Nothing has changed then.
package enum BlockStoreError: Error, Hashable, Sendable {
    /// There is no such block.
    case unknown(BlockKey)
    /// There is a block of that id with other content.
    case conflict(BlockKey)
    /// What came is not what its checksums say, or no block can be that long.
    case malformed(BlockKey, String)
    /// What is stored is not what its checksums say, from this byte on.
    case corrupted(BlockKey, offset: Int)
    /// Part of the range lies beyond the block.
    case outOfRange(BlockKey, length: Int)
    /// The owner lends no more than this.
    case full(needed: Bytes, free: Bytes)
    /// Whoever asks was deposed: the volume is at a later epoch.
    case deposed(VolumeID, epoch: UInt64, current: UInt64)
    /// The disk failed; the store takes no more writes until it is opened anew.
    case disk(file: String, String)
    /// A file is not one of a block store, or of a newer one.
    case foreign(file: String, String)
    /// All that was stored was deleted.
    case removed
}

extension BlockStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknown(let key): "there is no \(key)"
        case .conflict(let key): "\(key) is there with other content; a block never changes, so choose another id"
        case .malformed(let key, let fault): "\(key) is not taken: \(fault)"
        case .corrupted(let key, let offset): "\(key) is damaged on disk at byte \(offset); it has to come from another replica"
        case .outOfRange(let key, let length): "\(key) has only \(length) bytes"
        case .full(let needed, let free): "no room for \(needed.rawValue) bytes, \(free.rawValue) are free"
        case .deposed(let volume, let epoch, let current): "\(volume) is at epoch \(current), epoch \(epoch) has no say any more"
        case .disk(let file, let reason): "\(file): \(reason); blocks are only read until the store is opened again"
        case .foreign(let file, let reason): "\(file): \(reason)"
        case .removed: "this node does not lend to the volume any more, and has deleted what it stored"
        }
    }
}
