package import BlockStore
package import Resources
package import Volumes

extension BlockFault {
    /// What a store says, in the terms of the protocol.
    package init(_ error: BlockStoreError, of volume: VolumeID) {
        switch error {
        case .unknown(let key): self = .unknown(key.block, of: key.volume)
        case .conflict(let key): self = .conflict(key.block, of: key.volume)
        case .malformed(let key, let fault): self = .malformed(key.block, of: key.volume, fault)
        case .corrupted(let key, let offset): self = .corrupted(key.block, of: key.volume, offset: offset)
        case .outOfRange(let key, let length): self = .outOfRange(key.block, of: key.volume, length: length)
        case .full(let needed, let free): self = .full(needed: needed, free: free)
        case .deposed(let volume, let epoch, let current): self = .deposed(volume, epoch: epoch, current: current)
        case .disk(let file, let reason): self = .disk(file: file, reason)
        case .foreign(let file, let reason): self = .foreign(file: file, reason)
        case .removed: self = .notLent(volume)
        }
    }
}
