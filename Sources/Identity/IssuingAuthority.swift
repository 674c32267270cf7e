import Crypto
import Resources
import SwiftASN1
import X509

/// The issuing role of one node: signs other members' certificates and the records about them.
package struct IssuingAuthority: Sendable {
    package let pool: PoolID
    /// Who issues.
    package let node: NodeID
    let certificate: Certificate
    let key: P256.Signing.PrivateKey

    /// The role that `certificate` (DER, from ``PoolAuthority/authorise(_:name:request:at:)``) gives to `key`.
    package init(certificate der: [UInt8], key: P256.Signing.PrivateKey) throws(IdentityError) {
        try self.init(certificate: try Certificate(untrusted: der), key: key)
    }

    init(certificate: Certificate, key: P256.Signing.PrivateKey) throws(IdentityError) {
        guard let bearer = CertificateProfile.Bearer(certificate), let node = bearer.node,
            certificate.publicKey == Certificate.PublicKey(key.publicKey)
        else { throw IdentityError("the issuing certificate names no node or does not belong to the key stored with it") }
        pool = bearer.pool
        self.node = node
        self.certificate = certificate
        self.key = key
    }

    /// The issuing certificate, DER.
    package var issuingCertificate: [UInt8] {
        get throws { try certificate.der }
    }

    /// When the issuing certificate ends. From half a year before, a new one should be asked for.
    package var expiresAt: Timestamp { Timestamp(certificate.notValidAfter) }

    /// Certifies a member for 24 hours, or until the issuing certificate ends when that is sooner.
    ///
    /// - Returns: the chain, DER: the new certificate, then the issuing one.
    package func certify(
        _ node: NodeID, name: String, request: CertificateRequest, at now: Timestamp
    ) throws -> [[UInt8]] {
        let extensions = try CertificateProfile.leaf(CertificateProfile.Bearer(pool: pool, node: node))
        let leaf = try certify(
            request, name: name, until: now + CertificateProfile.leafLifetime, extensions: extensions, at: now)
        return [try leaf.der, try certificate.der]
    }

    package struct CertifiedUser: Sendable {
        /// DER: the new certificate, then the issuing one.
        package let chain: [[UInt8]]
        /// For the user's record.
        package let key: Resources.Digest
        package let expiresAt: Timestamp
    }

    /// Certifies a user for `span`, or until the issuing certificate ends when that is sooner.
    package func certify(
        _ user: UserID, name: String, request: CertificateRequest, for span: Microseconds, at now: Timestamp
    ) throws -> CertifiedUser {
        guard CertificateProfile.userLifetimes.contains(span) else {
            let (shortest, longest) = (CertificateProfile.userLifetimes.lowerBound, CertificateProfile.userLifetimes.upperBound)
            throw IdentityError("a user is certified for \(shortest.text) to \(longest.text), not for \(span.text)")
        }
        let extensions = try CertificateProfile.user(CertificateProfile.Bearer(pool: pool, user: user))
        let leaf = try certify(request, name: name, until: now + span, extensions: extensions, at: now)
        guard let key = leaf.keyDigest else { throw IdentityError("a certificate request whose key is not P-256") }
        return CertifiedUser(
            chain: [try leaf.der, try certificate.der], key: key, expiresAt: Timestamp(leaf.notValidAfter))
    }

    private func certify(
        _ request: CertificateRequest, name: String, until end: Timestamp, extensions: Certificate.Extensions,
        at now: Timestamp
    ) throws -> Certificate {
        guard now < expiresAt else {
            throw IdentityError(
                "the issuing certificate of \(node) expired at \(expiresAt.text): renew it at the pool's root")
        }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: request.publicKey,
            notValidBefore: (now + -CertificateProfile.backdating).date, notValidAfter: min(end, expiresAt).date,
            issuer: certificate.subject, subject: try CertificateProfile.distinguishedName(try Names.node(name)),
            signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(key))
    }

    /// Signs a statement about a member.
    package func sign(_ member: Member) throws -> MemberRecord { try sign(member.document) }

    /// Signs a statement about a user.
    package func sign(_ user: PoolUser) throws -> UserRecord { try sign(user.document) }

    private func sign(_ document: [UInt8]) throws -> SignedStatement {
        let signature = try key.signature(for: document)
        return SignedStatement(
            document: document, signature: [UInt8](signature.rawRepresentation), issuerChain: [try certificate.der])
    }
}
