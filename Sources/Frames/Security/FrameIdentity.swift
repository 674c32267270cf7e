package import Resources

/// The certificates and the key that a node shows on its connections.
package struct FrameCredentials: Hashable, Sendable {
    /// DER: the node's certificate first.
    package let chain: [[UInt8]]
    /// PKCS#8 DER. Secret.
    package let privateKey: [UInt8]

    package init(chain: [[UInt8]], privateKey: [UInt8]) {
        self.chain = chain
        self.privateKey = privateKey
    }
}

/// What connections ask of whoever knows the pool. Called from event loops: must answer at once, from memory.
package protocol FrameIdentity: Sendable {
    /// This node.
    var node: NodeID { get }

    /// This node's credentials as they are now. Asked for every new connection, so that renewed ones take effect at once.
    var credentials: FrameCredentials { get }

    /// The node that presents a chain (DER, leaf first).
    ///
    /// - Throws: an error whose description says why the chain is not accepted.
    func identify(_ chain: [[UInt8]]) throws -> NodeID
}
