import Resources

/// Which role people have on this node, as its owner says. Root and the user that runs the agent are owners in any case.
package struct LocalRights: Hashable, Sendable {
    /// Who is meant.
    package enum Principal: Hashable, Sendable {
        /// A local user, by name or number.
        case user(String)
        /// Whoever is in a local group, by name or number.
        case group(String)
        /// A user of the pool, wherever it calls from.
        case poolUser(String)
        /// Every local user.
        case everyone

        /// What follows the name of a user of the pool.
        package static let poolSuffix = "@pool"
        private static let longest = 256

        /// Reads `anna`, `1000`, `%wheel`, `anna@pool` or `everyone`; `nil` for what can be no name.
        package init?(_ text: String) {
            guard text != "everyone" else {
                self = .everyone
                return
            }
            let isGroup = text.hasPrefix("%")
            let name = isGroup ? text.dropFirst() : text[...]
            let isName = name.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value != 0x7f && !"%,:/".unicodeScalars.contains($0)
            }
            guard !name.isEmpty, name.utf8.count <= Self.longest, isName else { return nil }
            if isGroup {
                self = .group(String(name))
            } else if name.hasSuffix(Self.poolSuffix) {
                guard name != Self.poolSuffix else { return nil }
                self = .poolUser(String(name.dropLast(Self.poolSuffix.count)))
            } else {
                self = .user(String(name))
            }
        }
    }

    /// What was said of each.
    package var roles: [Principal: Role]

    /// Where nothing is said, everyone borrows.
    package init(roles: [Principal: Role] = [.everyone: .borrower]) { self.roles = roles }
}
