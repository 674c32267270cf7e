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
        guard now < expiresAt else {
            throw IdentityError(
                "the issuing certificate of \(self.node) expired at \(expiresAt.text): renew it at the pool's root")
        }
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: request.publicKey,
            notValidBefore: (now + -CertificateProfile.backdating).date,
            notValidAfter: min(now + CertificateProfile.leafLifetime, expiresAt).date,
            issuer: certificate.subject, subject: try CertificateProfile.distinguishedName(try Names.node(name)),
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try CertificateProfile.leaf(CertificateProfile.Bearer(pool: pool, node: node)),
            issuerPrivateKey: Certificate.PrivateKey(key))
        return [try leaf.der, try certificate.der]
    }

    /// Signs a statement about a member.
    package func sign(_ member: Member) throws -> MemberRecord {
        let document = member.document
        let signature = try key.signature(for: document)
        return MemberRecord(
            document: document, signature: [UInt8](signature.rawRepresentation), issuerChain: [try certificate.der])
    }
}
