import Resources

extension LocalRights {
    /// Names in one file; a site has groups for more.
    private static let mostNames = 1000

    /// Reads a mapping from roles to lists of names, or to a single one.
    init(_ section: YAMLValue) throws(ConfigurationError) {
        let keys = try section.mapping(of: Role.self)
        roles = [:]
        for role in Role.allCases {
            guard let value = keys[role] else { continue }
            for name in value.isScalar ? [value] : try value.list() { try add(name, role) }
        }
        // Who takes `everyone` away from the borrowers, or gives them another role, has said so.
        if keys[.borrower] == nil, roles[.everyone] == nil { roles[.everyone] = .borrower }
    }

    private mutating func add(_ value: YAMLValue, _ role: Role) throws(ConfigurationError) {
        let text = try value.string()
        guard let principal = Principal(text) else {
            throw value.fault("is '\(text.prefix(64))'; write a user, %group, NAME@pool for a user of the pool, or everyone")
        }
        if role == .owner, principal == .everyone {
            throw value.fault("is everyone; name the users and groups that own this node")
        }
        if role != .owner, [.user("root"), .user("0")].contains(principal) {
            throw value.fault("is root, who owns every node; remove it")
        }
        if let other = roles[principal] {
            throw value.fault(
                other == role ? "names '\(text)' twice; keep one" : "contradicts: '\(text)' is \(role) and \(other); keep one")
        }
        guard roles.count < Self.mostNames else {
            throw value.fault("is one name too many, \(Self.mostNames) are allowed; use groups")
        }
        roles[principal] = role
    }
}
