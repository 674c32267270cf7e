import Crypto
import Resources
import Synchronization

import struct Resources.Digest

/// Signs with this node's Ed25519 receipt key and verifies with those of its peers, current and former.
package final class ReceiptNotary: Notary {
    private let node: NodeID
    private let key: Curve25519.Signing.PrivateKey
    private let known: Mutex<[NodeID: [Curve25519.Signing.PublicKey]]>

    package init(node: NodeID, key: Curve25519.Signing.PrivateKey) {
        self.node = node
        self.key = key
        known = Mutex([node: [key.publicKey]])
    }

    /// This node's public key, raw.
    package var publicKey: [UInt8] { [UInt8](key.publicKey.rawRepresentation) }

    /// Remembers a member's keys, in place of those known so far. Keys that are none are left out.
    package func learn(_ member: Member) {
        let keys = member.receiptKeys.prefix(Member.mostKeys).compactMap {
            try? Curve25519.Signing.PublicKey(rawRepresentation: $0)
        }
        known.withLock { $0[member.node] = member.node == node ? [key.publicKey] + keys : keys }
    }

    package func digest(_ bytes: [UInt8]) -> Digest { Digest([UInt8](SHA256.hash(data: bytes))) }

    package func sign(_ bytes: [UInt8]) -> Signature {
        // Ed25519 signing of bytes in memory has no way to fail; the API throws for other backends' sake. An empty
        // signature would verify nowhere, so even then nothing false is attested.
        Signature((try? key.signature(for: bytes)).map { [UInt8]($0) } ?? [])
    }

    package func verify(_ signature: Signature, over bytes: [UInt8], by node: NodeID) -> Bool {
        let keys = known.withLock { $0[node] } ?? []
        return keys.contains { $0.isValidSignature(signature.bytes, for: bytes) }
    }
}
