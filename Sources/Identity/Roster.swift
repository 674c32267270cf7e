import Crypto
import Resources
import X509

/// Everyone this node knows in its pool. Records arrive in any order, from anyone, any number of times; all nodes that
/// know the same records hold the same roster: revoked wins for ever, left beats active, then the higher version.
package struct Roster: Sendable {
    /// The most members.
    package static let capacity = 100_000

    package let verifier: PeerVerifier
    /// The users of the pool. What an issuer states about them counts as long as its statements about members do.
    package private(set) var users = UserRoster()
    private var statements = Statements<Member>()
    /// Issuing certificates that were checked before, by their bytes.
    private var issuers: [[UInt8]: (certificate: Certificate, node: NodeID)] = [:]

    package init(verifier: PeerVerifier) { self.verifier = verifier }

    package var count: Int { statements.count }

    /// All members, the oldest id first.
    package var members: [Member] { statements.subjects }

    package subscript(node: NodeID) -> Member? { statements[node]?.subject }
    package func record(of node: NodeID) -> MemberRecord? { statements[node]?.record }

    /// The member that people mean by `text`: an id, or a name when exactly one member that is still there has it.
    package func find(_ text: String) throws(IdentityError) -> Member {
        if let node = NodeID(text) {
            guard let member = self[node] else { throw Self.unknown("\(text)") }
            return member
        }
        let named = members.filter { $0.name == text }
        let present = named.filter { $0.status == .active }
        let candidates = present.isEmpty ? named : present
        guard let first = candidates.first else { throw Self.unknown("'\(text.prefix(64))'") }
        guard candidates.count == 1 else {
            throw IdentityError(
                "\(candidates.count) nodes are called '\(text)': give the id instead, one of "
                    + candidates.prefix(8).map(\.node.description).joined(separator: ", "), isUsage: true)
        }
        return first
    }

    private static func unknown(_ text: String) -> IdentityError {
        IdentityError("no node \(text) in this pool: see 'surplus nodes'", isUsage: true)
    }

    /// Whether the pool's records say that `node` is a member now.
    package func isAdmitted(_ node: NodeID) -> Bool { self[node]?.status == .active }

    /// Refuses a peer whose certificate verifies but which is not wanted any more. A peer that no record names yet is
    /// admitted: its certificate proves that an issuer took it in within the last day.
    package func admit(_ peer: VerifiedPeer) throws(CertificateRefusal) {
        switch self[peer.node]?.status {
        case .revoked: throw .revoked(peer.node)
        case .left: throw .left(peer.node)
        case .active, nil: break
        }
        // Certificates from before an issuer's revocation stay good for the rest of their day, so that
        // revoking one issuer does not take down everyone whom it certified last.
        if let issuer = self[peer.issuer], issuer.status == .revoked, peer.issuedAt >= issuer.at {
            throw .issuerRevoked(node: peer.node, issuer: peer.issuer)
        }
    }
}

extension Roster {
    /// Takes in a record.
    ///
    /// - Returns: whether it was news.
    /// - Throws: ``IdentityError`` when it is malformed, badly signed or not signed by an issuer of this pool, and when the
    ///   roster is full; the roster is then unchanged.
    @discardableResult
    package mutating func merge(_ record: MemberRecord) throws(IdentityError) -> Bool {
        let member = try Self.read(record)
        guard member.pool == verifier.pool else {
            throw IdentityError("a record about \(member.node) of pool \(member.pool), this node is in \(verifier.pool)")
        }
        let issuer = try author(of: record, about: "\(member.node)", stated: member.at) {
            member.node == $0 && member.status == .revoked
        }
        return try insert(Statements.Entry(subject: member, record: record, issuer: issuer))
    }

    /// Takes in a record about a user, as ``merge(_:)`` does those about members.
    @discardableResult
    package mutating func merge(user record: UserRecord) throws(IdentityError) -> Bool {
        try Self.checkSize(of: record)
        let user: PoolUser
        do { user = try PoolUser(document: record.document) } catch {
            throw IdentityError("a user record that cannot be read: \(error.description)")
        }
        guard user.pool == verifier.pool else {
            throw IdentityError("a record about \(user.user) of pool \(user.pool), this node is in \(verifier.pool)")
        }
        let issuer = try author(of: record, about: "\(user.user)", stated: user.at) { _ in false }
        return try users.insert(Statements.Entry(subject: user, record: record, issuer: issuer))
    }

    /// Who signed a statement about `subject`, made at `stated`.
    ///
    /// - Parameter isItsEnd: whether the statement is the one that revokes the given issuer.
    private mutating func author(
        of record: SignedStatement, about subject: String, stated: Timestamp, isItsEnd: (NodeID) -> Bool
    ) throws(IdentityError) -> NodeID {
        let (certificate, issuer) = try self.issuer(of: record, stated: stated)
        if let standing = self[issuer], standing.status == .revoked, stated >= standing.at, !isItsEnd(issuer) {
            throw IdentityError("a record about \(subject) signed by \(issuer) after that node was revoked")
        }
        guard let key = P256.Signing.PublicKey(certificate.publicKey),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: record.signature),
            key.isValidSignature(signature, for: record.document)
        else { throw IdentityError("a record about \(subject) whose signature is not that of its issuer \(issuer)") }
        return issuer
    }

    /// What this side knows of each member, the oldest id first.
    package var knowledge: [Knowledge<Member>] { statements.knowledge }

    /// The records that someone who knows `theirs` lacks or has older; the oldest id first, together at most `bytes` long.
    package func records(beyond theirs: [Knowledge<Member>], atMost bytes: Int) -> [MemberRecord] {
        statements.records(beyond: theirs, atMost: bytes)
    }

    private mutating func insert(_ entry: Statements<Member>.Entry) throws(IdentityError) -> Bool {
        guard try statements.insert(entry, atMost: Self.capacity, of: "members") else { return false }
        if entry.subject.status == .revoked { forgetStatements(by: entry.subject.node, since: entry.subject.at) }
        return true
    }

    /// What a revoked issuer stated after its revocation counts for nothing, also when it arrived first.
    private mutating func forgetStatements(by issuer: NodeID, since revocation: Timestamp) {
        statements.forget(by: issuer, since: revocation, except: issuer)
        users.forgetStatements(by: issuer, since: revocation)
    }

    private static func read(_ record: MemberRecord) throws(IdentityError) -> Member {
        try checkSize(of: record)
        do { return try Member(document: record.document) } catch {
            throw IdentityError("a member record that cannot be read: \(error.description)")
        }
    }

    private static func checkSize(of record: SignedStatement) throws(IdentityError) {
        guard record.document.count <= 4096, record.issuerChain.count == 1 else {
            throw IdentityError("a record of \(record.document.count) bytes with \(record.issuerChain.count) certificates")
        }
    }

    private mutating func issuer(
        of record: MemberRecord, stated: Timestamp
    ) throws(IdentityError) -> (certificate: Certificate, node: NodeID) {
        if let known = issuers[record.issuerChain[0]],
            (Timestamp(known.certificate.notValidBefore)...Timestamp(known.certificate.notValidAfter)).contains(stated)
        {
            return known
        }
        do {
            let (certificate, node) = try verifier.verify(issuing: record.issuerChain[0], at: stated)
            if issuers.count >= 1024 { issuers.removeAll() }
            issuers[record.issuerChain[0]] = (certificate, node)
            return (certificate, node)
        } catch {
            throw IdentityError("a record from no issuer of this pool: \(error.description)")
        }
    }
}
