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

/// What the chain of a user proved.
package struct VerifiedUser: Hashable, Sendable {
    package let user: UserID
    /// The label in the certificate; the record's counts.
    package let name: String
    /// SHA-256 of the certificate's public key.
    package let key: Resources.Digest
    package let expiresAt: Timestamp

    package init(user: UserID, name: String, key: Resources.Digest, expiresAt: Timestamp) {
        self.user = user
        self.name = name
        self.key = key
        self.expiresAt = expiresAt
    }
}

/// Whose certificate it is.
package enum VerifiedBearer: Hashable, Sendable {
    case node(VerifiedPeer)
    case user(VerifiedUser)
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

    /// The node that presents `chain` (DER: leaf, issuing, and perhaps the root) at `now`.
    ///
    /// Whether that member was revoked is for ``Roster/admit(_:)-(VerifiedPeer)`` to say.
    package func verify(_ chain: [[UInt8]], at now: Timestamp) throws(CertificateRefusal) -> VerifiedPeer {
        let (leaf, bearer, issuer) = try verifySignatures(of: chain, at: now)
        guard let node = bearer.node else { throw .noNode }
        return try verify(leaf, of: node, by: issuer, at: now)
    }

    /// The node or user that presents `chain`, as ``verify(_:at:)`` does for nodes.
    package func identify(_ chain: [[UInt8]], at now: Timestamp) throws(CertificateRefusal) -> VerifiedBearer {
        let (leaf, bearer, issuer) = try verifySignatures(of: chain, at: now)
        if let node = bearer.node { return .node(try verify(leaf, of: node, by: issuer, at: now)) }
        guard let user = bearer.user else { throw .noBearer }
        return .user(try verify(leaf, of: user, by: issuer, at: now))
    }

    /// Checks that the chain is signed from the root down, and reads whom the leaf is for.
    private func verifySignatures(
        of chain: [[UInt8]], at now: Timestamp
    ) throws(CertificateRefusal) -> (leaf: Certificate, bearer: CertificateProfile.Bearer, issuer: NodeID) {
        guard (2...3).contains(chain.count) else { throw .malformed("\(chain.count) certificates where 2 or 3 belong") }
        let leaf = try Self.parse(chain[0])
        guard let bearer = CertificateProfile.Bearer(leaf) else { throw .otherPool(found: nil, expected: pool) }
        guard bearer.pool == pool else { throw .otherPool(found: bearer.pool, expected: pool) }
        let (issuing, issuer) = try verify(issuing: chain[1], at: now)
        guard leaf.issuer == issuing.subject, leaf.signatureAlgorithm == .ecdsaWithSHA256,
            issuing.publicKey.isValidSignature(leaf.signature, for: leaf)
        else { throw .untrusted("its signature is not of the issuing certificate that came with it") }
        return (leaf, bearer, issuer)
    }

    private func verify(
        _ leaf: Certificate, of node: NodeID, by issuer: NodeID, at now: Timestamp
    ) throws(CertificateRefusal) -> VerifiedPeer {
        try Self.checkValidity(of: leaf, called: "the certificate of node \(node)", at: now)
        try Self.checkUsage(ofLeaf: leaf, longest: CertificateProfile.leafLifetime)
        let purposes = try? leaf.extensions.extendedKeyUsage
        guard let purposes, purposes.contains(.serverAuth), purposes.contains(.clientAuth) else {
            throw .wrongUsage("it is not for both sides of a connection")
        }
        return VerifiedPeer(
            node: node, name: leaf.commonName, issuer: issuer,
            issuedAt: Timestamp(leaf.notValidBefore) + CertificateProfile.backdating,
            expiresAt: Timestamp(leaf.notValidAfter))
    }

    private func verify(
        _ leaf: Certificate, of user: UserID, by issuer: NodeID, at now: Timestamp
    ) throws(CertificateRefusal) -> VerifiedUser {
        let end = Timestamp(leaf.notValidAfter)
        guard now <= end else { throw .userExpired(name: leaf.commonName, at: end) }
        try Self.checkValidity(of: leaf, called: "the certificate of user \(leaf.commonName)", at: now)
        try Self.checkUsage(ofLeaf: leaf, longest: CertificateProfile.userLifetimes.upperBound)
        let purposes = try? leaf.extensions.extendedKeyUsage
        guard let purposes, purposes.contains(.clientAuth) else { throw .wrongUsage("it is not for clients") }
        guard let key = leaf.keyDigest else { throw .wrongUsage("its key is not P-256") }
        return VerifiedUser(user: user, name: leaf.commonName, key: key, expiresAt: end)
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

    private static func checkUsage(
        ofLeaf leaf: Certificate, longest: Microseconds
    ) throws(CertificateRefusal) {
        try checkCriticalExtensions(of: leaf)
        let lifetime = Timestamp(leaf.notValidAfter) - Timestamp(leaf.notValidBefore)
        guard lifetime <= longest + CertificateProfile.backdating else {
            throw .wrongUsage("it is valid for longer than \(longest.text)")
        }
        guard P256.Signing.PublicKey(leaf.publicKey) != nil else { throw .wrongUsage("its key is not P-256") }
        guard (try? leaf.extensions.keyUsage)?.digitalSignature == true else { throw .wrongUsage("its key may not sign") }
        guard case .notCertificateAuthority? = try? leaf.extensions.basicConstraints else {
            throw .wrongUsage("an issuing certificate is not for connections")
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
