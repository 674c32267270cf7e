import Resources

/// Why a peer's certificate is not accepted; the text says what is wrong and what helps.
package enum CertificateRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// It cannot be read, or the chain is not leaf, issuing, root.
    case malformed(String)
    case otherPool(found: PoolID?, expected: PoolID)
    /// It says it is of this pool, but no signature leads to the pool's root.
    case untrusted(String)
    case expired(what: String, at: Timestamp)
    case notYetValid(what: String, from: Timestamp)
    case wrongUsage(String)
    case noNode
    case otherNode(found: NodeID, expected: NodeID)
    case revoked(NodeID)
    case left(NodeID)
    case issuerRevoked(node: NodeID, issuer: NodeID)
    case noBearer
    case userExpired(name: String, at: Timestamp)
    /// No record names the user, or none that was signed by an issuer in good standing.
    case userUnknown(UserID)
    case userRevoked(name: String)
    /// The user has a renewed certificate.
    case userReplaced(name: String)
    case userWithoutRole(name: String)
    /// Two issuers gave a name at the same time; it is the older user's.
    case userNameTaken(name: String, by: UserID)

    package var description: String {
        switch self {
        case .malformed(let fault): "the certificate chain is malformed: \(fault)"
        case .otherPool(let found, let expected):
            "the certificate is of \(found.map { "pool \($0)" } ?? "no pool"), not of pool \(expected): "
                + "join this pool first, with a token of one of its issuing nodes"
        case .untrusted(let fault): "the certificate is not trusted: \(fault): enrol the node again with a token of this pool"
        case .expired(let what, let at):
            "\(what) expired at \(at.text): it is renewed when the node reaches an issuing node in time; "
                + "check the clocks, or enrol the node again with a token"
        case .notYetValid(let what, let from): "\(what) is valid only from \(from.text): check the clocks of both nodes"
        case .wrongUsage(let fault): "the certificate is not for this use: \(fault)"
        case .noNode: "the certificate names no node"
        case .otherNode(let found, let expected): "the certificate is of node \(found), not of \(expected): check the address"
        case .revoked(let node): "node \(node) was revoked: it can come back only as a new node, with a new token"
        case .left(let node): "node \(node) has left the pool: it can come back only as a new node, with a new token"
        case .issuerRevoked(let node, let issuer):
            "the certificate of node \(node) was issued by \(issuer) after that node was revoked: enrol it again with a token"
        case .noBearer: "the certificate names neither a node nor a user"
        case .userExpired(let name, let at):
            "the certificate of user \(name) expired at \(at.text): "
                + "ask an operator for another one ('surplus pool user renew \(name) --out FILE')"
        case .userUnknown(let user):
            "no record of user \(user) is known here: news of a new user takes up to half a minute; "
                + "otherwise ask an operator ('surplus pool user list')"
        case .userRevoked(let name):
            "user \(name) was revoked: ask an operator for a certificate under another name ('surplus pool user add')"
        case .userReplaced(let name):
            "the certificate of user \(name) was renewed: use the file that 'surplus pool user renew' made last"
        case .userWithoutRole(let name):
            "user \(name) has no role that is known here: ask an operator for one ('surplus pool user role \(name) ROLE')"
        case .userNameTaken(let name, let other):
            "the name \(name) is that of another user, \(other): ask an operator for a certificate under another name"
        }
    }
}
