import Resources

/// Whom a limit binds, and together with whom its amounts are counted.
package enum Subject: Hashable, Codable, Sendable {
    /// All borrowers together.
    case everyone
    /// Each node by itself.
    case eachPeer
    /// Each user by itself; a user is one who asks on one node.
    case eachUser
    /// One node, by name or id.
    case peer(String)
    /// One user of one node, or of any node when that is `nil`, then counted together.
    case user(String, at: String?)
    /// All members of a group together.
    case group(String)
    /// Each node that has a role in the pool, by itself.
    case role(String)

    /// As it is written in a policy file.
    package var text: String {
        switch self {
        case .everyone: "everyone"
        case .eachPeer: "each peer"
        case .eachUser: "each user"
        case .peer(let name): "peer \(name)"
        case .user(let name, let node): "user \(name)@\(node ?? "*")"
        case .group(let name): "group \(name)"
        case .role(let name): "role \(name)"
        }
    }

    /// Where two rules disagree about a price or a credit limit, the one with the higher rank decides.
    var rank: Int {
        switch self {
        case .everyone: 0
        case .eachPeer: 1
        case .eachUser: 2
        case .role: 3
        case .group: 4
        case .peer: 5
        case .user: 6
        }
    }
}

/// Nodes and users that are limited together.
package struct Group: Hashable, Codable, Sendable {
    package var name: String
    /// Names or ids of nodes.
    package var peers: [String]
    package var users: [User]

    package struct User: Hashable, Codable, Sendable {
        package var name: String
        /// Name or id of the node; `nil` for any.
        package var node: String?

        package init(name: String, node: String?) {
            self.name = name
            self.node = node
        }
    }

    package init(name: String, peers: [String] = [], users: [User] = []) {
        self.name = name
        self.peers = peers
        self.users = users
    }

    /// Whether the node itself is a member, as opposed to one of its users.
    package func hasNode(_ borrower: Borrower) -> Bool { peers.contains(where: borrower.isNode) }

    func contains(_ borrower: Borrower) -> Bool {
        hasNode(borrower)
            || users.contains { $0.name == borrower.user && ($0.node.map(borrower.isNode) ?? true) }
    }
}
