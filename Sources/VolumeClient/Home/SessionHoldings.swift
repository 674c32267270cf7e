package import Resources
package import Volumes

/// What a session has, for a home that began again.
package struct SessionClaims: Sendable {
    package var leases: [LeaseClaim] = []
    /// What programs have open without a lease.
    package var open: [InodeNumber] = []
    package var locks: [LockClaim] = []

    package init() {}
}

/// Content of a file that was written in a session and not told before that was over.
package struct StrandedContent: Sendable {
    package let inode: InodeNumber
    /// Of the inode, as it was told last.
    package let version: UInt64
    /// Of which the home may have been told, and where it is.
    package var first: (block: BlockID, offset: UInt64)?

    package init(_ inode: InodeNumber, version: UInt64, first: (block: BlockID, offset: UInt64)?) {
        (self.inode, self.version, self.first) = (inode, version, first)
    }
}

/// Who keeps what a session has, and is told what becomes of it. Calls come one at a time, and must not ask the home.
package protocol SessionHoldings: AnyObject, Sendable {
    /// Grants up to this stamp that are not taken yet are not to be taken any more: whoever made them does not know of them.
    func disregardGrants(through stamp: UInt64)

    var claims: SessionClaims { get }

    /// Leases that were claimed are known to the home again, with new stamps.
    func renew(_ grants: [LeaseGrant])

    /// The home is another one: leases hold, but what the one before told may be lost with it.
    ///
    /// - Parameter lost: what was carried out for this session and cannot be any more.
    func homeChanged(losing lost: [Record])

    /// The session is over and another one follows it: whatever was had is not any more.
    ///
    /// - Parameters:
    ///   - lost: what was carried out, and may be lost.
    ///   - stamp: as for ``disregardGrants(through:)``.
    func sessionEnded(losing lost: [Record], stamp: UInt64)

    /// What was written and not told in sessions before.
    var stranded: [StrandedContent] { get }

    /// The home tells how an inode is of which something is stranded, and nobody else may change it: what is stranded goes on, or is
    /// lost when others have changed the inode meanwhile.
    ///
    /// - Parameter isTold: whether the home has its first part.
    /// - Returns: `false` when the leases are wanted by somebody else already: then they have to be asked for again.
    func recover(_ content: StrandedContent, _ inode: Inode, _ grants: [LeaseGrant], isTold: Bool) -> Bool

    /// What is stranded of an inode can never be told.
    func giveUp(_ content: StrandedContent, _ error: PosixError)

    /// Nothing was heard of the home for so long that it may give away what this session has: what the kernel keeps is not to be used.
    func cutOff()

    /// The home can be asked again.
    func connected()
}
