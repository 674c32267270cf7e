import Resources

/// The users of a pool as its issuers stated them. As with members, all nodes that know the same records hold the same
/// roster: revoked wins for ever, then the higher version. It belongs to a ``Roster``, which checks what comes in.
package struct UserRoster: Sendable {
    /// The most users, past ones included: what a node knows of them travels in one message.
    package static let capacity = 4096

    private var statements = Statements<PoolUser>()
    /// Whose each name is.
    private var holders: [String: UserID] = [:]

    /// All users, the oldest id first.
    package var all: [PoolUser] { statements.subjects }

    package subscript(user: UserID) -> PoolUser? { statements[user]?.subject }

    /// The user whom people mean by `text`: an id or a name.
    package func find(_ text: String) throws(IdentityError) -> PoolUser {
        if let user = UserID(text).flatMap({ self[$0] }) ?? holder(of: text) { return user }
        throw IdentityError("no user '\(text.prefix(64))' in this pool: see 'surplus pool user list'", isUsage: true)
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
    package var knowledge: [Knowledge<PoolUser>] { statements.knowledge }

    /// The records that someone who knows `theirs` lacks or has older; the oldest id first, together at most `bytes` long.
    package func records(beyond theirs: [Knowledge<PoolUser>], atMost bytes: Int) -> [UserRecord] {
        statements.records(beyond: theirs, atMost: bytes)
    }

    mutating func insert(_ entry: Statements<PoolUser>.Entry) throws(IdentityError) -> Bool {
        let former = self[entry.subject.user]?.name
        guard try statements.insert(entry, atMost: Self.capacity, of: "users") else { return false }
        if former ?? entry.subject.name == entry.subject.name { claimName(of: entry.subject) } else { claimNames() }
        return true
    }

    private mutating func claimName(of user: PoolUser) {
        if let holder = holders[user.name], holder < user.user { return }
        holders[user.name] = user.user
    }

    private mutating func claimNames() {
        holders = [:]
        for user in all { claimName(of: user) }
    }

    /// What a revoked issuer stated after its revocation counts for nothing, also when it arrived first.
    mutating func forgetStatements(by issuer: NodeID, since revocation: Timestamp) {
        statements.forget(by: issuer, since: revocation)
        claimNames()
    }
}
