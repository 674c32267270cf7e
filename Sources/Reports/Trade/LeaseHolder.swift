/// Who held a lease, and what for.
package struct LeaseHolder: Hashable, Sendable {
    package let lease: String
    /// The node on the other side; `nil` where the agreement is not at hand.
    package let peer: String?
    package let peerName: String?
    package let user: String?
    /// It is given in return in a swap: no user has asked for it.
    package let isReturn: Bool
    /// The programs that ran under it, as far as the node knows them.
    package let application: String?

    package init(lease: String, peer: String?, peerName: String?, user: String?, application: String?, isReturn: Bool = false) {
        self.lease = lease
        self.peer = peer
        self.peerName = peerName
        self.user = user
        self.application = application
        self.isReturn = isReturn
    }

    static let unknown = "not known"
    /// Stands where a user would.
    static let inReturn = "in return"
}
