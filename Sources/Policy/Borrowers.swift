import Resources

/// A peer that asks: its certified identity and the name it goes by.
package struct Borrower: Hashable, Codable, Sendable {
    package var id: NodeID
    package var name: String

    package init(id: NodeID, name: String) {
        self.id = id
        self.name = name
    }
}

/// Who may borrow. Entries are node names or node ids; a name is a label that the pool vouches for, an id cannot be
/// taken over by another node.
package struct Borrowers: Hashable, Codable, Sendable {
    package enum Admitted: Hashable, Codable, Sendable {
        case everyone
        case nobody
        case only([String])
    }

    package var admitted: Admitted
    /// Left out even when admitted.
    package var except: [String]

    package init(_ admitted: Admitted, except: [String] = []) {
        self.admitted = admitted
        self.except = except
    }

    package static let everyone = Borrowers(.everyone)
    package static let nobody = Borrowers(.nobody)

    /// Whether the policy lends to this peer at all.
    package func admits(_ borrower: Borrower) -> Bool {
        let names = [borrower.name, borrower.id.description]
        guard !names.contains(where: except.contains) else { return false }
        return switch admitted {
        case .everyone: true
        case .nobody: false
        case .only(let list): names.contains(where: list.contains)
        }
    }
}
