import Crypto
import Resources
import X509

/// Everything that comes into being when a node founds a pool: it holds the root, issues, and is the first member.
package struct PoolFounding: Sendable {
    package let authority: PoolAuthority
    package let issuing: IssuingAuthority
    package let identity: NodeIdentity
    package let record: MemberRecord

    /// - Parameter address: where the node's peer listener is, as `host:port`.
    package init(
        pool: PoolID, name: String, node: NodeID, nodeName: String, address: String, at now: Timestamp
    ) throws {
        authority = try PoolAuthority(founding: pool, name: name, at: now)
        issuing = try IssuingAuthority(authorisedBy: authority, node: node, name: nodeName, at: now)
        let keys = NodeKeys()
        let chain = try issuing.certify(node, name: nodeName, request: try keys.request(), at: now)
        identity = try NodeIdentity(keys: keys, chain: chain, root: try authority.root)
        record = try issuing.sign(
            Member(
                pool: pool, node: node, name: nodeName, address: address, receiptKeys: [keys.receiptPublicKey], roles: [.issuer],
                at: now))
    }
}

extension IssuingAuthority {
    /// The role for the holder of the root itself, with a new key.
    package init(authorisedBy authority: PoolAuthority, node: NodeID, name: String, at now: Timestamp) throws {
        let key = P256.Signing.PrivateKey()
        let request = try CertificateRequest(for: key)
        try self.init(certificate: try authority.authorise(node, name: name, request: request, at: now), key: key)
    }
}

/// A node on its way to the issuing role: the key it will issue with, until the root answers.
package struct IssuingCandidate: Sendable {
    private let key = P256.Signing.PrivateKey()

    package init() {}

    package func request() throws(IdentityError) -> CertificateRequest { try CertificateRequest(for: key) }

    /// - Parameter certificate: DER, from ``PoolAuthority/authorise(_:name:request:at:)``.
    package func authority(certificate: [UInt8]) throws(IdentityError) -> IssuingAuthority {
        try IssuingAuthority(certificate: certificate, key: key)
    }
}
