/// Who held a lease, and what for.
package struct LeaseHolder: Hashable, Sendable {
    package let lease: String
    /// The node on the other side; `nil` where the agreement is not at hand.
    package let peer: String?
    package let peerName: String?
    package let user: String?
    /// The programs that ran under it, as far as the node knows them.
    package let application: String?

    package init(lease: String, peer: String?, peerName: String?, user: String?, application: String?) {
        self.lease = lease
        self.peer = peer
        self.peerName = peerName
        self.user = user
        self.application = application
    }

    static let unknown = "not known"
}
