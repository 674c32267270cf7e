import Identity
import Resources

/// A pool with its founder, made at ``start``.
struct TestPool {
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    let founding: PoolFounding
    var random = SeededGenerator(seed: 7)

    init(seed: UInt64 = 1, name: String = "lab", at now: Timestamp = start) throws {
        var random = SeededGenerator(seed: seed)
        founding = try PoolFounding(
            pool: PoolID(at: now, using: &random), name: name, node: NodeID(at: now, using: &random), nodeName: "founder",
            address: "127.0.0.1:7441", at: now)
        self.random = random
    }

    var founder: NodeID { founding.identity.node }
    var verifier: PeerVerifier { founding.identity.verifier }

    mutating func newNode(at now: Timestamp = start) -> NodeID { NodeID(at: now, using: &random) }

    func certify(_ node: NodeID, name: String = "node", keys: NodeKeys = NodeKeys(), at now: Timestamp = start) throws
        -> NodeIdentity
    {
        let chain = try founding.issuing.certify(node, name: name, request: try keys.request(), at: now)
        return try NodeIdentity(keys: keys, chain: chain, root: try founding.authority.root)
    }

    func member(_ node: NodeID, name: String = "node", at now: Timestamp = start) -> Member {
        Member(
            pool: founding.authority.pool, node: node, name: name, address: "127.0.0.1:7442",
            receiptKeys: [NodeKeys().receiptPublicKey], at: now)
    }

    /// A second node with the issuing role.
    func issuer(_ node: NodeID, at now: Timestamp = start) throws -> IssuingAuthority {
        try IssuingAuthority(authorisedBy: founding.authority, node: node, name: "second", at: now)
    }
}
