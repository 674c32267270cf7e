package import BlockStore
internal import Resources
package import Volumes

extension BlockFault {
    /// What a store says, in the terms of the protocol.
    package init(_ error: BlockStoreError) {
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
        }
    }
}

extension BlockStoreError {
    /// What a server said, as its store did.
    package init(_ fault: BlockFault) {
        switch fault {
        case .unknown(let block, let volume): self = .unknown(BlockKey(volume: volume, block: block))
        case .conflict(let block, let volume): self = .conflict(BlockKey(volume: volume, block: block))
        case .malformed(let block, let volume, let fault): self = .malformed(BlockKey(volume: volume, block: block), fault)
        case .corrupted(let block, let volume, let offset):
            self = .corrupted(BlockKey(volume: volume, block: block), offset: offset)
        case .outOfRange(let block, let volume, let length):
            self = .outOfRange(BlockKey(volume: volume, block: block), length: length)
        case .full(let needed, let free): self = .full(needed: needed, free: free)
        case .deposed(let volume, let epoch, let current): self = .deposed(volume, epoch: epoch, current: current)
        case .disk(let file, let reason): self = .disk(file: file, reason)
        case .foreign(let file, let reason): self = .foreign(file: file, reason)
        }
    }
}
