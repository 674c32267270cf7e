package import Volumes

/// What a session has, for a home that began again.
package struct SessionClaims: Sendable {
    package var leases: [LeaseClaim] = []
    /// What programs have open without a lease.
    package var open: [InodeNumber] = []
    package var locks: [LockClaim] = []

    package init() {}
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

    /// Nothing was heard of the home for so long that it may give away what this session has: what the kernel keeps is not to be used.
    func cutOff()

    /// The home can be asked again.
    func connected()
}
