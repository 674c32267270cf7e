import Configuration
import Glibc
import Resources
import Wire

/// Which role people have on this node by its owner's word.
struct LocalRoles: Sendable {
    let rights: LocalRights

    /// A user of this machine; `nil` for one without a role. Root and the agent's own user own the node.
    func user(_ caller: LocalCaller) -> CallingUser? {
        let account = Account(uid: caller.uid)
        let name = account?.name ?? String(caller.uid)
        let isOwner = caller.uid == 0 || caller.uid == geteuid()
        guard let role = isOwner ? .owner : role(of: caller, named: name, account) else { return nil }
        // A name that looks like that of a user of the pool, or of a node, is nobody's.
        let isAmbiguous = name.hasSuffix(LocalRights.Principal.poolSuffix) || name.hasSuffix(CallingUser.nodeSuffix)
        return CallingUser(
            identity: .local(caller), name: isAmbiguous ? String(caller.uid) : name, role: role,
            origin: "uid \(caller.uid), pid \(caller.pid)")
    }

    /// The users and groups that were named but that this machine does not know: perhaps misspelt.
    var strangers: [String] {
        rights.roles.keys.compactMap { principal in
            switch principal {
            case .user(let name): UInt32(name) == nil && !Account.exists(name) ? name : nil
            case .group(let name): Account.number(ofGroup: name) == nil ? "%\(name)" : nil
            case .poolUser, .everyone: nil
            }
        }.sorted()
    }

    /// What was said of a user of the pool by name; `nil`: nothing.
    func role(ofPoolUser name: String) -> Role? { rights.roles[.poolUser(name)] }

    private func role(of caller: LocalCaller, named name: String, _ account: Account?) -> Role? {
        if let role = rights.roles[.user(name)] ?? rights.roles[.user(String(caller.uid))] { return role }
        return highestOfGroups(caller, account) ?? rights.roles[.everyone]
    }

    private func highestOfGroups(_ caller: LocalCaller, _ account: Account?) -> Role? {
        let named = rights.roles.compactMap { principal, role in
            if case .group(let group) = principal { (group, role) } else { nil }
        }
        guard !named.isEmpty else { return nil }
        let member = Set([caller.gid] + (account?.groups ?? []))
        return named.filter { group, _ in Account.number(ofGroup: group).map(member.contains) ?? false }.map(\.1).max()
    }
}

/// What users are called on this machine.
enum UserName {
    /// The name, or the number where there is none.
    static func of(_ uid: UInt32) -> String { Account(uid: uid)?.name ?? String(uid) }
}

/// A local user as the system's user database has it.
private struct Account {
    private static let bufferSize = 16_384
    private static let mostGroups: Int32 = 1024

    let name: String
    /// The numbers of all its groups.
    let groups: [UInt32]

    init?(uid: UInt32) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: Self.bufferSize)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let text = entry.pw_name else {
            return nil
        }
        name = String(cString: text)
        var count = Self.mostGroups
        var numbers = [gid_t](repeating: 0, count: Int(count))
        let result = getgrouplist(text, entry.pw_gid, &numbers, &count)
        groups = result < 0 ? [entry.pw_gid] : Array(numbers.prefix(Int(count)))
    }

    static func exists(_ name: String) -> Bool {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: bufferSize)
        return getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0 && found != nil
    }

    static func number(ofGroup name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: bufferSize * 4)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.gr_gid
    }
}
