package import BlockStore
package import Resources

/// Why a node does not set room aside. Nothing has changed then.
package enum LendingError: Error, Hashable, Sendable {
    /// The owner sets aside no more for others.
    case noRoom(needed: Bytes, left: Bytes)
    /// The file system has less than what would be promised.
    case diskFull(needed: Bytes, left: Bytes)
    /// The lease is somebody else's.
    case borrowed(LeaseID, by: NodeID)
    /// It is being given back.
    case ending(LeaseID)
    case store(BlockStoreError)
    /// The book of what is lent makes no sense.
    case book(String)
}

extension LendingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noRoom(let needed, let left):
            "no \(needed.rawValue) bytes can be lent, \(left.rawValue) are left of what the owner lends; raise the size of "
                + "the storage in the node's settings or ask for less"
        case .diskFull(let needed, let left):
            "no \(needed.rawValue) bytes can be lent, the file system has only \(left.rawValue) that are not promised; free some or "
                + "ask for less"
        case .borrowed(let lease, let node): "\(lease) is lent to \(node), and to nobody else"
        case .ending(let lease): "\(lease) is being given back; borrow another one"
        case .store(let error): error.description
        case .book(let fault):
            "the book of what is lent (lending.json) makes no sense: \(fault); restore it, or remove the directory"
        }
    }
}
