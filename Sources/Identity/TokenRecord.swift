import Crypto
import Resources

import struct Resources.Digest

/// The issuer's side of an ``EnrolmentToken``. Making sure that a use is recorded before it is answered is the agent's
/// part; this is the rule.
package struct TokenRecord: Hashable, Codable, Sendable {
    package let id: TokenID
    private let secret: [UInt8]
    package let expiresAt: Timestamp
    /// Who joined with it.
    package private(set) var usedBy: NodeID?
    private var usedFor: Digest?

    init(id: TokenID, secret: [UInt8], expiresAt: Timestamp) {
        self.id = id
        self.secret = secret
        self.expiresAt = expiresAt
    }

    /// What an issuer may do about a request.
    package enum Admission: Hashable, Sendable {
        /// Take in a new node, after recording the use.
        case new
        /// The same request again, because the answer got lost: certify the same node once more.
        case again(NodeID)
    }

    /// Checks that `proof` shows knowledge of the secret, in time, for a token not used otherwise.
    package func admit(_ request: CertificateRequest, proof: [UInt8], at now: Timestamp) throws(IdentityError) -> Admission {
        guard
            HMAC<SHA256>.isValidAuthenticationCode(proof, authenticating: request.bytes, using: SymmetricKey(data: secret))
        else { throw IdentityError("the proof for token \(id) is wrong: use the token exactly as it was created") }
        if let usedBy {
            guard usedFor == Self.digest(of: request) else {
                throw IdentityError("token \(id) was already used, by \(usedBy): create another one")
            }
            return .again(usedBy)
        }
        guard now <= expiresAt else {
            throw IdentityError("token \(id) expired at \(expiresAt.text): create another one")
        }
        return .new
    }

    /// Marks the token as used up by `node` for `request`.
    package mutating func use(by node: NodeID, for request: CertificateRequest) {
        usedBy = node
        usedFor = Self.digest(of: request)
    }

    /// Whether the record can be forgotten: nobody can come back with it.
    package func isObsolete(at now: Timestamp) -> Bool { now > expiresAt + .hours(24) }

    private static func digest(of request: CertificateRequest) -> Digest { Digest([UInt8](SHA256.hash(data: request.bytes))) }
}
