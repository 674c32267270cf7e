internal import Resources

/// The certificates and the key that a node shows on its connections.
package struct TransportCredentials: Hashable, Sendable {
    /// DER: the node's certificate, the issuing one, the root.
    package let chain: [[UInt8]]
    /// PKCS#8 DER. Secret.
    package let privateKey: [UInt8]

    package init(chain: [[UInt8]], privateKey: [UInt8]) {
        self.chain = chain
        self.privateKey = privateKey
    }
}

/// What the transports ask of whoever knows the pool. Called from event loops: must answer at once, from memory.
package protocol Gatekeeper: Sendable {
    /// This node's credentials as they are now. Asked for every new connection, so that renewed ones take effect at once.
    var credentials: TransportCredentials { get }

    /// The node that presents `chain` (DER, leaf first).
    ///
    /// - Throws: an error whose description says why the chain is not accepted and what helps.
    func identify(_ chain: [[UInt8]]) throws -> AuthenticatedPeer

    /// The node or user that presents `chain`, as a caller.
    ///
    /// - Throws: as ``identify(_:)``.
    func recognise(_ chain: [[UInt8]]) throws -> Caller

    /// Whether that peer is still wanted: not revoked, not gone, its certificate not expired. Asked at each call.
    ///
    /// - Throws: as ``identify(_:)``.
    func admit(_ peer: AuthenticatedPeer) throws

    /// Whether that user is still wanted, as ``admit(_:)-(AuthenticatedPeer)``.
    func admit(_ user: AuthenticatedUser) throws
}
