import Crypto
import FoundationEssentials
import Resources

import struct Resources.Digest

/// What a newcomer needs to join: whom to ask, how to recognise the pool, and a secret that is good once.
///
/// Its text form, `surplus-token-v1.<base64url>`, is a password: whoever has it may join.
package struct EnrolmentToken: Hashable, Sendable {
    package static let lifetime = Microseconds.minutes(15)
    package static let longestLifetime = Microseconds.days(7)
    private static let prefix = "surplus-token-v1."
    private static let kind = "surplus.token"
    private static let longestText = 4096
    private static let mostAddresses = 8

    package let id: TokenID
    package let pool: PoolID
    /// SHA-256 of the pool's root certificate.
    package let fingerprint: Digest
    package let expiresAt: Timestamp
    /// Where an issuing node listens, as `host:port`; the first that answers is asked.
    package let addresses: [String]
    let secret: [UInt8]

    /// A new token.
    ///
    /// - Parameter root: the pool's root certificate, DER.
    package init(id: TokenID, pool: PoolID, root: [UInt8], addresses: [String], expiresAt: Timestamp) {
        self.id = id
        self.pool = pool
        fingerprint = Digest([UInt8](SHA256.hash(data: root)))
        self.addresses = Array(addresses.prefix(Self.mostAddresses))
        self.expiresAt = expiresAt
        secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    }

    /// Proves knowledge of the secret to the issuer, bound to one certificate request.
    package func proof(for request: CertificateRequest) -> [UInt8] {
        [UInt8](HMAC<SHA256>.authenticationCode(for: request.bytes, using: SymmetricKey(data: secret)))
    }

    /// Whether `root` (DER) is the root certificate of the token's pool.
    package func matches(root: [UInt8]) -> Bool { Digest([UInt8](SHA256.hash(data: root))) == fingerprint }

    /// What the issuer keeps of it.
    package var record: TokenRecord { TokenRecord(id: id, secret: secret, expiresAt: expiresAt) }

    /// The text to hand over.
    package var text: String {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(id)
        writer.write(pool)
        writer.write(fingerprint.bytes)
        writer.write(expiresAt)
        writer.write(secret)
        writer.write(UInt64(addresses.count))
        for address in addresses { writer.write(address) }
        let base64 = Data(writer.bytes).base64EncodedString()
        let url = base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return Self.prefix + url
    }

    /// Reads the text form; white space around it does not matter.
    package init(text: String) throws(IdentityError) {
        let trimmed = text.prefix(Self.longestText + 2).trimming(while: \.isWhitespace)
        guard trimmed.utf8.count <= Self.longestText else { throw Self.unreadable("it is too long to be one") }
        guard trimmed.hasPrefix(Self.prefix) else {
            throw Self.unreadable(trimmed.isEmpty ? "it is empty" : "it does not begin with '\(Self.prefix)'")
        }
        var base64 = trimmed.dropFirst(Self.prefix.count).replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: String(base64)) else { throw Self.unreadable("characters are missing or wrong") }
        do { try self.init(document: [UInt8](data)) } catch { throw Self.unreadable("part of it is missing or wrong") }
    }

    private init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind)
        id = try reader.identifier()
        pool = try reader.identifier()
        let digest = try reader.data(atMost: 32)
        expiresAt = try reader.timestamp()
        secret = try reader.data(atMost: 32)
        let count = try reader.unsigned()
        guard digest.count == 32, secret.count == 32, count <= UInt64(Self.mostAddresses) else {
            throw CanonicalReader.Malformed(description: "a token with fields of the wrong size")
        }
        fingerprint = Digest(digest)
        var addresses: [String] = []
        for _ in 0..<count { addresses.append(try reader.string(atMost: Member.longestAddress)) }
        self.addresses = addresses
        try reader.finish()
    }

    private static func unreadable(_ fault: String) -> IdentityError {
        IdentityError("this is no enrolment token: \(fault): copy the whole line that 'surplus pool token create' wrote")
    }
}

extension Substring {
    fileprivate func trimming(while predicate: (Character) -> Bool) -> Substring {
        let head = drop(while: predicate)
        guard let last = head.lastIndex(where: { !predicate($0) }) else { return head.prefix(0) }
        return head[...last]
    }
}
