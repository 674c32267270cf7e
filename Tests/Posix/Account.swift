import CCalls
import Glibc

/// Whom a system call is made as.
struct Account: Sendable, Hashable, CustomStringConvertible {
    let name: String
    let user: uid_t
    let group: gid_t
    /// Beside its own.
    var groups: [gid_t] = []

    var description: String { name }
    var isRoot: Bool { user == 0 }

    static let root = Account(name: "root", user: 0, group: 0)
    /// Whose tests they are, when they are not root's.
    static let owner = Account(name: "an ordinary user", user: 4001, group: 4001, groups: [4101])
    /// In the same group as the owner.
    static let fellow = Account(name: "another of the group", user: 4002, group: 4001)
    /// In the group of the owner, but not in the first place.
    static let helper = Account(name: "another, in the group besides", user: 4003, group: 4003, groups: [4001])
    static let stranger = Account(name: "a stranger", user: 4004, group: 4004)

    /// A group that the owner is in besides its own.
    static let secondGroup: gid_t = 4101

    /// Makes the calling thread this user; it can become root again.
    func enter() throws(Fault) {
        if isRoot {
            try sys("becoming root") { calls_become_root() }
        } else {
            let groups = groups
            try sys("becoming \(name)") { calls_become(user, group, groups, groups.count) }
        }
    }
}
