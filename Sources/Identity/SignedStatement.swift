/// What an issuing node states about a member or a user of its pool, signed: the bytes that were signed, never a
/// re-encoding. The document says itself of which kind it is.
package struct SignedStatement: Hashable, Codable, Sendable {
    package let document: [UInt8]
    /// ECDSA P-256 with SHA-256, raw (64 bytes).
    package let signature: [UInt8]
    /// DER: the issuing certificate.
    package let issuerChain: [[UInt8]]

    package init(document: [UInt8], signature: [UInt8], issuerChain: [[UInt8]]) {
        self.document = document
        self.signature = signature
        self.issuerChain = issuerChain
    }

    /// About as many bytes as it takes in a message.
    var size: Int { document.count + signature.count + issuerChain.joined().count + 64 }
}

/// A signed statement about a ``Member``.
package typealias MemberRecord = SignedStatement
/// A signed statement about a ``PoolUser``.
package typealias UserRecord = SignedStatement
