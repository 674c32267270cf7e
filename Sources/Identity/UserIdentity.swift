import Crypto
import Resources
import SwiftASN1
import X509

/// A new user's key, until an issuer has certified it. It is made where it will be used and goes nowhere.
package struct UserKey: Sendable {
    let key = P256.Signing.PrivateKey()

    package init() {}

    /// Asks for a certificate for the key.
    package func request() throws(IdentityError) -> CertificateRequest { try CertificateRequest(for: key) }
}

/// What a user, or a node, shows to an agent elsewhere: one PEM file with a key, the certificate for it, the issuing one
/// and the pool's root, and before them, as a comment, where an agent of the pool is.
package struct UserIdentity: Sendable {
    private static let addressMark = "# agent: "

    /// Where an agent is, `host:port`; `nil` when the file does not say.
    package let address: String?
    package let pool: PoolID
    /// The label in the certificate.
    package let name: String
    package let expiresAt: Timestamp
    package let verifier: PeerVerifier
    private let isUser: Bool
    private let key: P256.Signing.PrivateKey
    /// DER: the certificate, the issuing one, the root.
    private let chain: [[UInt8]]

    /// Puts together what an issuer answered.
    ///
    /// - Parameters:
    ///   - chain: DER: the certificate, then the issuing one.
    ///   - root: DER.
    package init(key: UserKey, chain: [[UInt8]], root: [UInt8], address: String) throws(IdentityError) {
        try self.init(key: key.key, chain: chain + [root], address: address)
    }

    private init(key: P256.Signing.PrivateKey, chain: [[UInt8]], address: String?) throws(IdentityError) {
        guard chain.count == 3 else { throw IdentityError("\(chain.count) certificates where 3 belong") }
        let leaf = try Certificate(untrusted: chain[0])
        verifier = try PeerVerifier(root: chain[2])
        guard let bearer = CertificateProfile.Bearer(leaf), bearer.pool == verifier.pool, bearer.node != nil || bearer.user != nil
        else { throw IdentityError("the certificate names no user of the pool whose root is with it") }
        guard leaf.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw IdentityError("the certificate is not for the key that is with it")
        }
        pool = verifier.pool
        name = leaf.commonName
        isUser = bearer.user != nil
        expiresAt = Timestamp(leaf.notValidAfter)
        self.key = key
        self.chain = chain
        self.address = address
    }

    /// Reads an identity from a file that nobody else may read.
    package static func load(_ path: String) throws(IdentityError) -> UserIdentity {
        guard let text = try SecretFile(path: path).read() else {
            throw IdentityError(
                "failed to read \(path): no such file: name yours with --identity, or ask an operator for one "
                    + "('surplus pool user add NAME --role ROLE --out FILE')")
        }
        do { return try UserIdentity(text: text) } catch {
            throw IdentityError("\(path) is no identity: \(error): use the file that 'surplus pool user add' made, unchanged")
        }
    }

    private init(text: String) throws(IdentityError) {
        let documents: [PEMDocument]
        do { documents = try PEMDocument.parseMultiple(pemString: text) } catch { throw IdentityError("it is not PEM") }
        guard let der = documents.first(where: { $0.discriminator == "PRIVATE KEY" })?.derBytes,
            let key = try? P256.Signing.PrivateKey(derRepresentation: der)
        else { throw IdentityError("there is no P-256 key in it") }
        let address = text.split(separator: "\n", maxSplits: 8).first { $0.hasPrefix(Self.addressMark) }
        try self.init(
            key: key, chain: documents.filter { $0.discriminator == "CERTIFICATE" }.map(\.derBytes),
            address: address.map { String($0.dropFirst(Self.addressMark.count)) })
    }

    /// The file's content. Secret.
    package var text: String {
        let blocks =
            [PEMDocument(type: "PRIVATE KEY", derBytes: [UInt8](key.derRepresentation))]
            + chain.map { PEMDocument(type: "CERTIFICATE", derBytes: $0) }
        let comment = "# surplus: \(name), until \(expiresAt.text)\n" + (address.map { "\(Self.addressMark)\($0)\n" } ?? "")
        return comment + blocks.map { $0.pemString + "\n" }.joined()
    }

    /// Finds out before anybody is asked whether the certificate is still good.
    package func check(at now: Timestamp) throws(CertificateRefusal) {
        guard now > expiresAt else { return }
        throw isUser
            ? .userExpired(name: name, at: expiresAt) : .expired(what: "the certificate of node \(name)", at: expiresAt)
    }

    /// What is shown when a connection begins, DER.
    package var presentedChain: [[UInt8]] { chain }

    /// PKCS#8 DER. Secret.
    package var privateKey: [UInt8] { [UInt8](key.derRepresentation) }
}
