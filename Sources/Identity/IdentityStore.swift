import Crypto
import Glibc
import Resources
import SwiftASN1
import X509

/// Keys and certificates in a node's data directory, as PEM that `openssl` reads too:
///
/// - `identity/node.pem`: transport key, certificate, issuing certificate, root certificate (one file, so that a renewal is
///   whole or did not happen);
/// - `identity/receipt.pem`: receipt key;
/// - `identity/issuer.pem`: key and certificate of the issuing role, where the node has it;
/// - `identity/root.pem`: key and certificate of the pool's root, on the node that founded it.
package struct IdentityStore: Sendable {
    private let directory: String

    /// - Parameter dataDirectory: exists already; `identity` below it is made when something is first saved.
    package init(dataDirectory: String) { directory = dataDirectory + "/identity" }

    /// The node's identity; `nil` before it is in a pool.
    package func identity() throws -> NodeIdentity? {
        guard let node = try read("node.pem") else { return nil }
        guard let receipt = try read("receipt.pem") else { throw damaged("receipt.pem") }
        let key = try transportKey(in: node, of: "node.pem")
        guard node.certificates.count == 3 else { throw damaged("node.pem") }
        guard let der = receipt.key, let receiptKey = try? Curve25519.Signing.PrivateKey(pkcs8: der) else {
            throw damaged("receipt.pem")
        }
        let keys = NodeKeys(transport: key, receipt: receiptKey)
        return try NodeIdentity(keys: keys, chain: Array(node.certificates[..<2]), root: node.certificates[2])
    }

    package func save(_ identity: NodeIdentity) throws {
        try write("receipt.pem", [PEMDocument(type: "PRIVATE KEY", derBytes: identity.keys.receipt.pkcs8)])
        try write("node.pem", try Self.documents(identity.keys.transport, identity.chain + [identity.root]))
    }

    package func issuing() throws -> IssuingAuthority? {
        guard let bundle = try read("issuer.pem") else { return nil }
        guard let certificate = bundle.certificates.first else { throw damaged("issuer.pem") }
        return try IssuingAuthority(certificate: certificate, key: try transportKey(in: bundle, of: "issuer.pem"))
    }

    package func save(_ authority: IssuingAuthority) throws {
        try write("issuer.pem", try Self.documents(authority.key, [try authority.issuingCertificate]))
    }

    package func authority() throws -> PoolAuthority? {
        guard let bundle = try read("root.pem") else { return nil }
        guard let der = bundle.certificates.first else { throw damaged("root.pem") }
        return try PoolAuthority(certificate: try Certificate(untrusted: der), key: try transportKey(in: bundle, of: "root.pem"))
    }

    package func save(_ authority: PoolAuthority) throws {
        try write("root.pem", try Self.documents(authority.key, [try authority.root]))
    }

    /// Forgets everything, when the node leaves its pool. The receipt key stays, for receipts that are still disputed.
    package func forgetPool() throws {
        for name in ["node.pem", "issuer.pem", "root.pem"] { try file(name).remove() }
    }

    // MARK: Files

    private struct Bundle {
        var key: [UInt8]?
        var certificates: [[UInt8]]
    }

    private func file(_ name: String) -> SecretFile { SecretFile(path: directory + "/" + name) }

    private func read(_ name: String) throws -> Bundle? {
        guard let text = try file(name).read() else { return nil }
        guard let documents = try? PEMDocument.parseMultiple(pemString: text) else { throw damaged(name) }
        return Bundle(
            key: documents.first { $0.discriminator == "PRIVATE KEY" }?.derBytes,
            certificates: documents.filter { $0.discriminator == "CERTIFICATE" }.map(\.derBytes))
    }

    private func transportKey(in bundle: Bundle, of name: String) throws -> P256.Signing.PrivateKey {
        guard let der = bundle.key, let key = try? P256.Signing.PrivateKey(derRepresentation: der) else { throw damaged(name) }
        return key
    }

    private static func documents(_ key: P256.Signing.PrivateKey, _ certificates: [[UInt8]]) throws -> [PEMDocument] {
        [PEMDocument(type: "PRIVATE KEY", derBytes: [UInt8](key.derRepresentation))]
            + certificates.map { PEMDocument(type: "CERTIFICATE", derBytes: $0) }
    }

    private func write(_ name: String, _ documents: [PEMDocument]) throws(IdentityError) {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw IdentityError("failed to create \(directory): \(String(cString: strerror(errno)))")
        }
        try file(name).write(documents.map { $0.pemString + "\n" }.joined())
    }

    private func damaged(_ name: String) -> IdentityError {
        IdentityError("\(directory)/\(name) is damaged: restore it from a backup, or enrol the node again with a token")
    }
}

extension Curve25519.Signing.PrivateKey {
    /// What stands before the 32 key bytes in PKCS#8 (RFC 8410, section 7).
    private static let prefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    fileprivate var pkcs8: [UInt8] { Self.prefix + rawRepresentation }

    fileprivate init(pkcs8 der: [UInt8]) throws {
        guard der.starts(with: Self.prefix) else { throw CryptoKitError.incorrectKeySize }
        try self.init(rawRepresentation: der[Self.prefix.count...])
    }
}
