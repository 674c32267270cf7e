import Resources

/// The locks of both kinds on the files of a volume.
struct LockTables {
    private var ranges = FileLocks()
    private var wholes = FileLocks()

    subscript(_ kind: LockKind) -> FileLocks {
        get { kind == .bytes ? ranges : wholes }
        _modify { if kind == .bytes { yield &ranges } else { yield &wholes } }
    }

    func count(of session: SessionID) -> Int { ranges.count(of: session) + wholes.count(of: session) }

    /// Takes a lock.
    ///
    /// flock(2): who has a whole file otherwise than it wants it, gives that back first, and may lose it.
    ///
    /// - Returns: what came of it, and who waited and has its lock now.
    mutating func lock(
        _ claim: LockClaim, of session: SessionID, waiting key: RequestKey?
    ) -> (FileLocks.Outcome, [FileLocks.Wait]) {
        let (kind, inode, lock) = (claim.place.kind, claim.place.inode, claim.lock(of: session))
        var granted: [FileLocks.Wait] = []
        if kind == .wholeFile, let held = wholes.has(lock.holder, on: inode), held.isExclusive != lock.isExclusive {
            granted = wholes.unlock(held.range, of: lock.holder, on: inode)
        }
        let outcome = self[kind].lock(lock, on: inode, waiting: key, refusesDeadlocks: kind == .bytes)
        // What was exclusive may be shared now.
        if outcome == .taken { granted += self[kind].grant() }
        return (outcome, granted)
    }

    mutating func unlock(_ place: LockPlace, of session: SessionID) -> [FileLocks.Wait] {
        self[place.kind].unlock(place.range, of: LockHolder(session: session, owner: place.owner), on: place.inode)
    }

    func conflict(with claim: LockClaim, of session: SessionID) -> LockClaim? {
        self[claim.place.kind].conflict(with: claim.lock(of: session), on: claim.place.inode).map {
            LockClaim($0, claim.place.kind, on: claim.place.inode)
        }
    }

    mutating func giveUp(_ key: RequestKey) -> Bool { ranges.giveUp(key) || wholes.giveUp(key) }
    mutating func remove(_ session: SessionID) -> [FileLocks.Wait] { ranges.remove(session) + wholes.remove(session) }

    func claims(of session: SessionID) -> [LockClaim] {
        LockKind.allCases.flatMap { kind in
            self[kind].locks(of: session).map { LockClaim($0.lock, kind, on: $0.inode) }
        }
    }
}

/// The locks that one session has, as it knows them: for a home that begins again.
package struct SessionLocks: Sendable {
    private var tables = LockTables()
    private static let own = SessionID(high: 0, low: 0)

    package init() {}

    /// Notes a lock that the home has given.
    package mutating func note(_ claim: LockClaim) { _ = tables.lock(claim, of: Self.own, waiting: nil) }

    /// Notes that a lock is given back.
    package mutating func drop(_ place: LockPlace) { _ = tables.unlock(place, of: Self.own) }

    /// Whether an owner has any of a kind on a file.
    package func has(_ kind: LockKind, of owner: UInt64, on inode: InodeNumber) -> Bool {
        tables[kind].has(LockHolder(session: Self.own, owner: owner), on: inode) != nil
    }

    /// All of them, in order.
    package var claims: [LockClaim] { tables.claims(of: Self.own) }
}
