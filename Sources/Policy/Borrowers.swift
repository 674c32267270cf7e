import Resources

/// Who asks: a node's certified identity, the name it goes by, its roles in the pool, and its user who wants something. The
/// user is what the node says, so limits on users are only as good as one's trust in that node.
package struct Borrower: Hashable, Codable, Sendable {
    package var id: NodeID
    package var name: String
    /// The roles the pool has given the node.
    package var roles: [String]
    /// Empty when it is not known.
    package var user: String

    package init(id: NodeID, name: String, roles: [String] = [], user: String = "") {
        self.id = id
        self.name = name
        self.roles = roles
        self.user = user
    }

    /// What the node can be called in a policy.
    var nodeNames: [String] { [name, id.description] }

    func isNode(_ text: String) -> Bool { text == name || text == id.description }
}

/// Who may borrow. Entries are node names or node ids; a name is a label that the pool vouches for, an id cannot be
/// taken over by another node.
package struct Borrowers: Hashable, Codable, Sendable {
    package enum Admitted: Hashable, Codable, Sendable {
        case everyone
        case nobody
        case only(Set<String>)
    }

    package var admitted: Admitted
    /// Left out even when admitted.
    package var except: Set<String>

    package init(_ admitted: Admitted, except: Set<String> = []) {
        self.admitted = admitted
        self.except = except
    }

    package static let everyone = Borrowers(.everyone)
    package static let nobody = Borrowers(.nobody)

    /// Whether the policy lends to this peer at all.
    package func admits(_ borrower: Borrower) -> Bool {
        guard !borrower.nodeNames.contains(where: except.contains) else { return false }
        return switch admitted {
        case .everyone: true
        case .nobody: false
        case .only(let list): borrower.nodeNames.contains(where: list.contains)
        }
    }
}
