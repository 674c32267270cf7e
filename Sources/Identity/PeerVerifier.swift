import Crypto
import FoundationEssentials
import Resources
import SwiftASN1
import X509

/// What a certificate chain proved.
package struct VerifiedPeer: Hashable, Sendable {
    package let node: NodeID
    /// The label in the certificate; the roster's is the newer one.
    package let name: String
    package let issuer: NodeID
    package let issuedAt: Timestamp
    package let expiresAt: Timestamp

    package init(node: NodeID, name: String, issuer: NodeID, issuedAt: Timestamp, expiresAt: Timestamp) {
        self.node = node
        self.name = name
        self.issuer = issuer
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// Checks certificate chains against the root of one pool.
///
/// The profile is fixed (see ``CertificateProfile``), so there is no path to search: leaf, issuing, root, in this order.
/// Every property that the profile gives is checked (RFC 5280, section 6.1, for this one shape), and any critical
/// extension it does not know refuses the certificate.
package struct PeerVerifier: Sendable {
    package let pool: PoolID
    let root: Certificate

    /// - Parameter root: the pool's root certificate, DER, already trusted.
    package init(root der: [UInt8]) throws(IdentityError) {
        root = try Certificate(untrusted: der)
        guard let bearer = CertificateProfile.Bearer(root), root.publicKey.isValidSignature(root.signature, for: root) else {
            throw IdentityError("the root certificate names no pool or is not signed by itself")
        }
        pool = bearer.pool
    }

    /// Who presents `chain` (DER: leaf, issuing, and perhaps the root) at `now`.
    ///
    /// Whether that member was revoked is for ``Roster/admit(_:)`` to say.
    package func verify(_ chain: [[UInt8]], at now: Timestamp) throws(CertificateRefusal) -> VerifiedPeer {
        guard (2...3).contains(chain.count) else { throw .malformed("\(chain.count) certificates where 2 or 3 belong") }
        let leaf = try Self.parse(chain[0])
        guard let bearer = CertificateProfile.Bearer(leaf) else { throw .otherPool(found: nil, expected: pool) }
        guard bearer.pool == pool else { throw .otherPool(found: bearer.pool, expected: pool) }
        guard let node = bearer.node else { throw .noNode }
        let (issuing, issuer) = try verify(issuing: chain[1], at: now)
        guard leaf.issuer == issuing.subject, leaf.signatureAlgorithm == .ecdsaWithSHA256,
            issuing.publicKey.isValidSignature(leaf.signature, for: leaf)
        else { throw .untrusted("its signature is not of the issuing certificate that came with it") }
        try Self.checkValidity(of: leaf, called: "the certificate of node \(node)", at: now)
        try Self.checkUsage(ofLeaf: leaf)
        return VerifiedPeer(
            node: node, name: leaf.commonName, issuer: issuer,
            issuedAt: Timestamp(leaf.notValidBefore) + CertificateProfile.backdating,
            expiresAt: Timestamp(leaf.notValidAfter))
    }

    /// Checks an issuing certificate and says whose it is.
    func verify(issuing der: [UInt8], at now: Timestamp) throws(CertificateRefusal) -> (Certificate, NodeID) {
        let issuing = try Self.parse(der)
        guard let bearer = CertificateProfile.Bearer(issuing), bearer.pool == pool else {
            throw .otherPool(found: CertificateProfile.Bearer(issuing)?.pool, expected: pool)
        }
        guard let issuer = bearer.node else { throw .noNode }
        guard issuing.issuer == root.subject, issuing.signatureAlgorithm == .ecdsaWithSHA256,
            root.publicKey.isValidSignature(issuing.signature, for: issuing)
        else { throw .untrusted("its issuer was not authorised by the root of pool \(pool)") }
        try Self.checkUsage(ofIssuing: issuing)
        try Self.checkValidity(of: issuing, called: "the issuing certificate of node \(issuer)", at: now)
        try Self.checkValidity(of: root, called: "the root certificate of pool \(pool)", at: now)
        return (issuing, issuer)
    }

    private static func parse(_ der: [UInt8]) throws(CertificateRefusal) -> Certificate {
        do { return try Certificate(untrusted: der) } catch { throw .malformed(error.description) }
    }

    private static func checkValidity(
        of certificate: Certificate, called what: String, at now: Timestamp
    ) throws(CertificateRefusal) {
        let from = Timestamp(certificate.notValidBefore)
        let end = Timestamp(certificate.notValidAfter)
        guard now >= from else { throw .notYetValid(what: what, from: from) }
        guard now <= end else { throw .expired(what: what, at: end) }
    }

    private static func checkUsage(ofLeaf leaf: Certificate) throws(CertificateRefusal) {
        try checkCriticalExtensions(of: leaf)
        let lifetime = Timestamp(leaf.notValidAfter) - Timestamp(leaf.notValidBefore)
        guard lifetime <= CertificateProfile.leafLifetime + CertificateProfile.backdating else {
            throw .wrongUsage("it is valid for longer than a day")
        }
        guard P256.Signing.PublicKey(leaf.publicKey) != nil else { throw .wrongUsage("its key is not P-256") }
        guard (try? leaf.extensions.keyUsage)?.digitalSignature == true else { throw .wrongUsage("its key may not sign") }
        let purposes = try? leaf.extensions.extendedKeyUsage
        guard let purposes, purposes.contains(.serverAuth), purposes.contains(.clientAuth) else {
            throw .wrongUsage("it is not for both sides of a connection")
        }
        guard case .notCertificateAuthority? = try? leaf.extensions.basicConstraints else {
            throw .wrongUsage("an issuing certificate is not a node's certificate")
        }
    }

    private static func checkUsage(ofIssuing issuing: Certificate) throws(CertificateRefusal) {
        try checkCriticalExtensions(of: issuing)
        guard case .isCertificateAuthority(maxPathLength: 0)? = try? issuing.extensions.basicConstraints,
            (try? issuing.extensions.keyUsage)?.keyCertSign == true
        else { throw .wrongUsage("its issuer may not issue certificates") }
        guard P256.Signing.PublicKey(issuing.publicKey) != nil else { throw .wrongUsage("its issuer's key is not P-256") }
    }

    private static func checkCriticalExtensions(of certificate: Certificate) throws(CertificateRefusal) {
        let known: [ASN1ObjectIdentifier] = [.X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage]
        for ext in certificate.extensions where ext.critical && !known.contains(ext.oid) {
            throw .wrongUsage("it has an unknown critical extension \(ext.oid)")
        }
    }
}
