import Resources

/// The users of a pool as its issuers stated them. As with members, all nodes that know the same records hold the same
/// roster: revoked wins for ever, then the higher version. It belongs to a ``Roster``, which checks what comes in.
package struct UserRoster: Sendable {
    /// The most users, past ones included: what a node knows of them travels in one message.
    package static let capacity = 4096

    /// What one side knows of a user, to find out who knows better.
    package struct Knowledge: Hashable, Sendable {
        package var user: UserID
        package var status: PoolUser.Status
        package var version: UInt64

        package init(user: UserID, status: PoolUser.Status, version: UInt64) {
            self.user = user
            self.status = status
            self.version = version
        }

        func isBehind(_ other: Knowledge) -> Bool {
            (status.precedence, version) < (other.status.precedence, other.version)
        }
    }

    struct Entry: Sendable {
        var user: PoolUser
        var record: UserRecord
        var issuer: NodeID

        var knowledge: Knowledge { Knowledge(user: user.user, status: user.status, version: user.version) }

        /// The last two only matter when two issuers stated something at the same time.
        func isBehind(_ other: Entry) -> Bool {
            if knowledge.isBehind(other.knowledge) { return true }
            if other.knowledge.isBehind(knowledge) { return false }
            if user.at != other.user.at { return user.at < other.user.at }
            return record.document.lexicographicallyPrecedes(other.record.document)
        }
    }

    private var entries: [UserID: Entry] = [:]
    /// Whose each name is.
    private var holders: [String: UserID] = [:]

    /// All users, the oldest id first.
    package var all: [PoolUser] { entries.values.map(\.user).sorted { $0.user < $1.user } }

    package subscript(user: UserID) -> PoolUser? { entries[user]?.user }

    /// The user whom people mean by `text`: an id or a name.
    package func find(_ text: String) throws(IdentityError) -> PoolUser {
        if let user = UserID(text).flatMap({ self[$0] }) ?? holder(of: text) { return user }
        throw IdentityError("no user '\(text.prefix(64))' in this pool: see 'surplus pool user list'")
    }

    /// Whose name it is: names are never used again, and when two issuers gave one at the same time the older user has it.
    package func holder(of name: String) -> PoolUser? { holders[name].flatMap { self[$0] } }

    /// The user behind a certificate that verifies, if the records say that it is still wanted.
    package func admit(_ verified: VerifiedUser) throws(CertificateRefusal) -> PoolUser {
        guard let user = self[verified.user] else { throw .userUnknown(verified.user) }
        guard user.status == .active else { throw .userRevoked(name: user.name) }
        guard user.key == verified.key else { throw .userReplaced(name: user.name) }
        if let holder = holder(of: user.name), holder.user != user.user {
            throw .userNameTaken(name: user.name, by: holder.user)
        }
        return user
    }

    // MARK: Records

    /// What this side knows of each user, the oldest id first.
    package var knowledge: [Knowledge] { entries.values.map(\.knowledge).sorted { $0.user < $1.user } }

    /// The records that someone who knows `theirs` lacks or has older; the oldest id first, together at most `bytes` long.
    package func records(beyond theirs: [Knowledge], atMost bytes: Int) -> [UserRecord] {
        let known = Dictionary(theirs.map { ($0.user, $0) }, uniquingKeysWith: { first, _ in first })
        var left = bytes
        var result: [UserRecord] = []
        for entry in entries.values.sorted(by: { $0.user.user < $1.user.user }) {
            if let their = known[entry.user.user], !their.isBehind(entry.knowledge) { continue }
            guard entry.record.size <= left else { break }
            left -= entry.record.size
            result.append(entry.record)
        }
        return result
    }

    mutating func insert(_ entry: Entry) throws(IdentityError) -> Bool {
        let user = entry.user.user
        if let known = entries[user] {
            guard known.isBehind(entry) else { return false }
        } else if entries.count >= Self.capacity {
            throw IdentityError("no room for \(user): a pool has at most \(Self.capacity) users, past ones included")
        }
        let former = entries.updateValue(entry, forKey: user)?.user.name
        if former ?? entry.user.name == entry.user.name { claimName(of: entry.user) } else { claimNames() }
        return true
    }

    private mutating func claimName(of user: PoolUser) {
        if let holder = holders[user.name], holder < user.user { return }
        holders[user.name] = user.user
    }

    private mutating func claimNames() {
        holders = [:]
        for entry in entries.values { claimName(of: entry.user) }
    }

    /// What a revoked issuer stated after its revocation counts for nothing, also when it arrived first.
    mutating func forgetStatements(by issuer: NodeID, since revocation: Timestamp) {
        entries = entries.filter { $0.value.issuer != issuer || $0.value.user.at < revocation }
        claimNames()
    }
}

extension PoolUser.Status {
    fileprivate var precedence: Int {
        switch self {
        case .active: 0
        case .revoked: 1
        }
    }
}
