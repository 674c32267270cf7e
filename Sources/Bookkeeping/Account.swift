import Resources

/// An account in a node's own books. A debit balance on a peer's account is what that peer owes this node; the
/// same line stands with the opposite sign in the peer's books.
package enum Account: Hashable, Codable, Sendable {
    /// The trust line with one peer.
    case peer(NodeID)
    /// What lending brought in.
    case earned
    /// What borrowing cost.
    case spent
    /// What one side billed and the other did not accept, by peer.
    case disputed(NodeID)
    /// What the halves of swaps with one peer came to, until both are settled and the difference is owed.
    case swap(NodeID)
    /// What became credits that was owed in kind, and the credits that it became.
    case converted
    /// What was owed in kind and is asked for no more.
    case cancelled
    /// What idle credits have lost: a debit balance is what this node lost, a credit balance what it came to owe less.
    case decayed
}

extension Account {
    private static let peerPrefix = "peer:"
    private static let disputedPrefix = "disputed:"
    private static let swapPrefix = "swap:"

    /// The other node concerned, if any.
    package var node: NodeID? {
        switch self {
        case .peer(let node), .disputed(let node), .swap(let node): node
        case .earned, .spent, .converted, .cancelled, .decayed: nil
        }
    }

    /// The place of this kind of account in every ordered list; also its mark in canonical documents, so never changed.
    var rank: UInt64 {
        switch self {
        case .peer: 0
        case .earned: 1
        case .spent: 2
        case .disputed: 3
        case .converted: 4
        case .cancelled: 5
        case .swap: 6
        case .decayed: 7
        }
    }
}

extension Account: LosslessStringConvertible {
    /// The name on disk and in reports: `earned`, `spent`, `converted`, `cancelled`, `decayed`, `peer:nde_...`, `disputed:nde_...`,
    /// `swap:nde_...`.
    package var description: String {
        switch self {
        case .peer(let node): Self.peerPrefix + node.description
        case .earned: "earned"
        case .spent: "spent"
        case .disputed(let node): Self.disputedPrefix + node.description
        case .swap(let node): Self.swapPrefix + node.description
        case .converted: "converted"
        case .cancelled: "cancelled"
        case .decayed: "decayed"
        }
    }

    /// Parses the name; `nil` when it is not one of those ``description`` gives.
    package init?(_ name: String) {
        switch name {
        case "earned": self = .earned
        case "spent": self = .spent
        case "converted": self = .converted
        case "cancelled": self = .cancelled
        case "decayed": self = .decayed
        default:
            if name.hasPrefix(Self.peerPrefix), let node = NodeID(String(name.dropFirst(Self.peerPrefix.count))) {
                self = .peer(node)
            } else if name.hasPrefix(Self.disputedPrefix), let node = NodeID(String(name.dropFirst(Self.disputedPrefix.count))) {
                self = .disputed(node)
            } else if name.hasPrefix(Self.swapPrefix), let node = NodeID(String(name.dropFirst(Self.swapPrefix.count))) {
                self = .swap(node)
            } else {
                return nil
            }
        }
    }
}

extension Account: Comparable {
    /// Peers first, then earned, spent, disputed, converted, cancelled, swaps and decayed; within a kind by node id.
    package static func < (a: Account, b: Account) -> Bool {
        guard a.rank == b.rank else { return a.rank < b.rank }
        guard let left = a.node, let right = b.node else { return false }
        return left < right
    }
}

extension CanonicalWriter {
    /// Writes which account, without its text form.
    mutating func write(_ account: Account) {
        write(account.rank)
        if let node = account.node { write(node) }
    }
}
