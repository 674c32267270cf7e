import Crypto
import Resources
import SwiftASN1
import X509

/// The two private keys of a node: P-256 for connections, renewed with each certificate, and Ed25519 for receipts, which
/// stays.
package struct NodeKeys: Sendable {
    let transport: P256.Signing.PrivateKey
    let receipt: Curve25519.Signing.PrivateKey

    /// Both new, for a newcomer.
    package init() {
        self.init(transport: P256.Signing.PrivateKey(), receipt: Curve25519.Signing.PrivateKey())
    }

    init(transport: P256.Signing.PrivateKey, receipt: Curve25519.Signing.PrivateKey) {
        self.transport = transport
        self.receipt = receipt
    }

    /// Ed25519 public key, raw.
    package var receiptPublicKey: [UInt8] { [UInt8](receipt.publicKey.rawRepresentation) }

    /// Asks for a certificate for the transport key.
    package func request() throws(IdentityError) -> CertificateRequest { try CertificateRequest(for: transport) }
}

/// Who this node is in its pool: keys, certificates, and the names that the certificates give it.
package struct NodeIdentity: Sendable {
    package let node: NodeID
    package let name: String
    package let pool: PoolID
    package let poolName: String
    package let keys: NodeKeys
    /// DER: the node's certificate, then the issuing one.
    package let chain: [[UInt8]]
    /// DER.
    package let root: [UInt8]
    package let verifier: PeerVerifier
    package let issuedAt: Timestamp
    package let expiresAt: Timestamp

    /// Puts together what an issuer answered. The chain must lead to `root` and certify the keys; that it may have
    /// expired meanwhile does not matter here.
    package init(keys: NodeKeys, chain: [[UInt8]], root: [UInt8]) throws {
        guard chain.count == 2 else { throw IdentityError("a certificate chain of \(chain.count), not of 2") }
        let leaf = try Certificate(untrusted: chain[0])
        verifier = try PeerVerifier(root: root)
        let issued = Timestamp(leaf.notValidBefore) + CertificateProfile.backdating
        let peer = try verifier.verify(chain, at: issued)
        guard leaf.publicKey == Certificate.PublicKey(keys.transport.publicKey) else {
            throw IdentityError("the certificate of node \(peer.node) is not for the key that it came with")
        }
        node = peer.node
        name = peer.name
        pool = verifier.pool
        poolName = verifier.root.commonName
        self.keys = keys
        self.chain = chain
        self.root = root
        issuedAt = issued
        expiresAt = peer.expiresAt
    }

    /// Whether half of the certificate's life is over.
    package func needsRenewal(at now: Timestamp) -> Bool { expiresAt - now <= (expiresAt - issuedAt).scaled(by: 1, over: 2) }

    /// Keys to ask for the next certificate with: a new transport key, the same receipt key.
    package func renewedKeys() -> NodeKeys { NodeKeys(transport: P256.Signing.PrivateKey(), receipt: keys.receipt) }

    /// What is shown when a connection begins: the chain with the root, so that newcomers can compare its fingerprint.
    package var presentedChain: [[UInt8]] { chain + [root] }

    /// The transport key, PKCS#8 DER. Secret.
    package var privateKey: [UInt8] { [UInt8](keys.transport.derRepresentation) }

    /// When the pool's root certificate ends, and with it the pool.
    package var rootExpiresAt: Timestamp { Timestamp(verifier.root.notValidAfter) }

    package func notary() -> ReceiptNotary { ReceiptNotary(node: node, key: keys.receipt) }
}
