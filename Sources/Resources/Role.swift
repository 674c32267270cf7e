/// What somebody is to a node and its pool. Each role may do what those before it may, and more.
package enum Role: String, Hashable, Codable, Sendable, CaseIterable, Comparable {
    /// Looks.
    case viewer
    /// Also borrows, and runs jobs under what it borrowed.
    case borrower
    /// Also says who belongs to the pool, and sees to what others borrowed and run.
    case `operator`
    /// Also decides about the node itself. Nobody has this role in a pool: each node has owners of its own.
    case owner

    /// The roles that a pool gives to its users and nodes.
    package static let ofPools: [Role] = [.viewer, .borrower, .operator]

    package static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .borrower: 1
        case .operator: 2
        case .owner: 3
        }
    }
}
