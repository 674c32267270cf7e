import Resources

/// A notary without cryptography: a signature spells out who signed which digest. What matters is who calls `sign`.
package struct PlainNotary: Notary {
    package let node: NodeID
    package init(node: NodeID) { self.node = node }

    package func digest(_ bytes: [UInt8]) -> Digest {
        Digest(
            (0..<4).flatMap { (lane: UInt64) in
                let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 &+ lane) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
                return withUnsafeBytes(of: hash.bigEndian, Array.init)
            })
    }

    package func sign(_ bytes: [UInt8]) -> Signature { Self.signature(of: node, over: digest(bytes)) }

    package func verify(_ signature: Signature, over bytes: [UInt8], by node: NodeID) -> Bool {
        signature == Self.signature(of: node, over: digest(bytes))
    }

    private static func signature(of node: NodeID, over digest: Digest) -> Signature {
        Signature(Array(node.description.utf8) + digest.bytes)
    }
}
