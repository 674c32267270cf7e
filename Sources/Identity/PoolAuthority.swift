import Crypto
import Resources
import SwiftASN1
import X509

/// The root of a pool: certifies who may issue, and nothing else. It stays on the node that founded the pool.
package struct PoolAuthority: Sendable {
    package let pool: PoolID
    package let name: String
    let certificate: Certificate
    let key: P256.Signing.PrivateKey

    /// Founds a pool: a new key and its self-signed certificate, good for 10 years.
    package init(founding pool: PoolID, name: String, at now: Timestamp) throws {
        self.pool = pool
        self.name = try Names.pool(name)
        key = P256.Signing.PrivateKey()
        let subject = try CertificateProfile.distinguishedName(name)
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: (now + -CertificateProfile.backdating).date,
            notValidAfter: (now + CertificateProfile.rootLifetime).date,
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try CertificateProfile.root(CertificateProfile.Bearer(pool: pool)),
            issuerPrivateKey: Certificate.PrivateKey(key))
    }

    /// The root as it was stored.
    init(certificate: Certificate, key: P256.Signing.PrivateKey) throws(IdentityError) {
        guard let bearer = CertificateProfile.Bearer(certificate), certificate.publicKey == Certificate.PublicKey(key.publicKey)
        else { throw IdentityError("the root certificate names no pool or does not belong to the key stored with it") }
        pool = bearer.pool
        name = certificate.commonName
        self.certificate = certificate
        self.key = key
    }

    /// The root certificate, DER.
    package var root: [UInt8] {
        get throws { try certificate.der }
    }

    /// Lets `node` issue certificates for a year; `request` is for the key that it will issue with.
    ///
    /// - Returns: the issuing certificate, DER.
    package func authorise(
        _ node: NodeID, name nodeName: String, request: CertificateRequest, at now: Timestamp
    ) throws -> [UInt8] {
        let end = min(now + CertificateProfile.issuingLifetime, Timestamp(certificate.notValidAfter))
        let issuing = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: request.publicKey,
            notValidBefore: (now + -CertificateProfile.backdating).date, notValidAfter: end.date,
            issuer: certificate.subject, subject: try CertificateProfile.distinguishedName("\(name), issued by \(nodeName)"),
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try CertificateProfile.issuing(CertificateProfile.Bearer(pool: pool, node: node)),
            issuerPrivateKey: Certificate.PrivateKey(key))
        return try issuing.der
    }
}
