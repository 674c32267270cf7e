import Crypto
import Resources
import SwiftASN1
import Testing
import X509

@testable import Identity

@Suite("Certificates")
struct CertificateTests {
    let now = TestPool.start

    @Test("A certified node is recognised by its chain, with or without the root in it")
    func accepted() throws {
        var pool = try TestPool()
        let node = pool.newNode()
        let identity = try pool.certify(node, name: "blade-1")
        let peer = try pool.verifier.verify(identity.chain, at: now)
        #expect(peer.node == node)
        #expect(peer.name == "blade-1")
        #expect(peer.issuer == pool.founder)
        #expect(peer.issuedAt == now)
        #expect(peer.expiresAt == now + .hours(24))
        #expect(try pool.verifier.verify(identity.presentedChain, at: now) == peer)
    }

    @Test("A certificate is good from five minutes before its issue until a day after, and no longer")
    func validity() throws {
        var pool = try TestPool()
        let node = pool.newNode()
        let chain = try pool.certify(node, at: now + .hours(48)).chain
        let verifier = pool.verifier
        #expect(
            throws: CertificateRefusal.notYetValid(what: "the certificate of node \(node)", from: now + .minutes(48 * 60 - 5))
        ) {
            try verifier.verify(chain, at: now + .minutes(48 * 60 - 6))
        }
        #expect(throws: Never.self) { try verifier.verify(chain, at: now + .minutes(48 * 60 - 5)) }
        #expect(throws: Never.self) { try verifier.verify(chain, at: now + .hours(72)) }
        #expect(throws: CertificateRefusal.expired(what: "the certificate of node \(node)", at: now + .hours(72))) {
            try verifier.verify(chain, at: now + .hours(72) + .seconds(1))
        }
    }

    @Test("Renewal is due at half of a certificate's life")
    func renewal() throws {
        var pool = try TestPool()
        let identity = try pool.certify(pool.newNode())
        #expect(!identity.needsRenewal(at: now + .hours(12) + .seconds(-1)))
        #expect(identity.needsRenewal(at: now + .hours(12)))
    }

    @Test("A certificate of another pool is refused by name")
    func otherPool() throws {
        let pool = try TestPool(seed: 1)
        var other = try TestPool(seed: 2)
        let chain = try other.certify(other.newNode()).chain
        let refusal = CertificateRefusal.otherPool(found: other.verifier.pool, expected: pool.verifier.pool)
        #expect(throws: refusal) { try pool.verifier.verify(chain, at: now) }
        #expect(refusal.description.contains(other.verifier.pool.description))
    }

    @Test("A chain that only says it is of this pool is not trusted")
    func forgedRoot() throws {
        var pool = try TestPool()
        let node = pool.newNode()
        let forged = try PoolFounding(
            pool: pool.verifier.pool, name: "lab", node: pool.founder, nodeName: "founder", address: "", at: now)
        let keys = NodeKeys()
        let chain = try forged.issuing.certify(node, name: "node", request: try keys.request(), at: now)
        #expect(throws: CertificateRefusal.untrusted("its issuer was not authorised by the root of pool \(pool.verifier.pool)")) {
            try pool.verifier.verify(chain, at: now)
        }
        let own = try pool.certify(node).chain
        #expect(throws: CertificateRefusal.self) { try pool.verifier.verify([chain[0], own[1]], at: now) }
    }

    @Test("An issuing certificate is not a node's certificate, and a node's certificate issues nothing")
    func usage() throws {
        var pool = try TestPool()
        let identity = try pool.certify(pool.newNode())
        let issuing = identity.chain[1]
        let root = try pool.founding.authority.root
        #expect(throws: CertificateRefusal.self) { try pool.verifier.verify([issuing, root], at: now) }
        #expect(throws: CertificateRefusal.self) { try pool.verifier.verify([issuing, issuing], at: now) }
        let victim = pool.newNode()
        let forged = try Self.leaf(for: victim, pool: pool.verifier.pool, issuedBy: identity)
        #expect(throws: CertificateRefusal.self) { try pool.verifier.verify([forged, identity.chain[0]], at: now) }
        #expect(throws: CertificateRefusal.self) { try pool.verifier.verify([forged, identity.chain[0], issuing], at: now) }
    }

    @Test("A certificate that lives longer than a day is refused, whoever signed it")
    func lifetime() throws {
        var pool = try TestPool()
        let key = P256.Signing.PrivateKey()
        let issuing = pool.founding.issuing
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now.date, notValidAfter: (now + .days(30)).date, issuer: issuing.certificate.subject,
            subject: try CertificateProfile.distinguishedName("node"), signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try CertificateProfile.leaf(.init(pool: pool.verifier.pool, node: pool.newNode())),
            issuerPrivateKey: Certificate.PrivateKey(issuing.key))
        #expect(throws: CertificateRefusal.wrongUsage("it is valid for longer than 1 d")) {
            try pool.verifier.verify([try leaf.der, try issuing.issuingCertificate], at: now)
        }
    }

    @Test(
        "What is no chain is refused, not crashed on",
        arguments: [
            [], [[]], [[], []], [[0x30], [0x30]], [[UInt8](repeating: 0x30, count: 9000), []], [[], [], [], []],
        ] as [[[UInt8]]])
    func malformed(chain: [[UInt8]]) throws {
        let pool = try TestPool()
        #expect(throws: CertificateRefusal.self) { try pool.verifier.verify(chain, at: now) }
    }

    @Test("A damaged certificate is refused wherever the damage is")
    func damaged() throws {
        var pool = try TestPool()
        let chain = try pool.certify(pool.newNode()).chain
        for position in stride(from: 0, to: chain[0].count, by: 7) {
            var leaf = chain[0]
            leaf[position] ^= 0x01
            #expect(throws: CertificateRefusal.self) { try pool.verifier.verify([leaf, chain[1]], at: now) }
        }
    }

    @Test("Requests are taken only when signed by their own P-256 key")
    func requests() throws {
        let request = try NodeKeys().request()
        #expect(throws: Never.self) { try CertificateRequest(untrusted: request.bytes) }
        var damaged = request.bytes
        damaged[damaged.count - 4] ^= 1
        #expect(throws: IdentityError.self) { try CertificateRequest(untrusted: damaged) }
        #expect(throws: IdentityError.self) { try CertificateRequest(untrusted: [UInt8](repeating: 0, count: 10_000)) }
        let other = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName(), privateKey: Certificate.PrivateKey(P384.Signing.PrivateKey()),
            attributes: CertificateSigningRequest.Attributes())
        var serializer = DER.Serializer()
        try serializer.serialize(other)
        #expect(throws: IdentityError.self) { try CertificateRequest(untrusted: serializer.serializedBytes) }
    }

    @Test("An issuer whose own certificate ended issues nothing more")
    func expiredIssuer() throws {
        let pool = try TestPool()
        let issuing = pool.founding.issuing
        #expect(throws: IdentityError.self) {
            try issuing.certify(pool.founder, name: "late", request: try NodeKeys().request(), at: now + .days(366))
        }
        let chain = try issuing.certify(
            pool.founder, name: "last", request: try NodeKeys().request(), at: issuing.expiresAt + .hours(-1))
        #expect(try pool.verifier.verify(chain, at: issuing.expiresAt + .hours(-1)).expiresAt == issuing.expiresAt)
    }

    /// What a node could make with its own key if it took itself for an issuer.
    private static func leaf(for node: NodeID, pool: PoolID, issuedBy identity: NodeIdentity) throws -> [UInt8] {
        let issuer = try Certificate(derEncoded: identity.chain[0])
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(P256.Signing.PrivateKey().publicKey),
            notValidBefore: TestPool.start.date, notValidAfter: (TestPool.start + .hours(1)).date, issuer: issuer.subject,
            subject: try CertificateProfile.distinguishedName("forged"), signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try CertificateProfile.leaf(.init(pool: pool, node: node)),
            issuerPrivateKey: Certificate.PrivateKey(identity.keys.transport))
        return try leaf.der
    }
}
