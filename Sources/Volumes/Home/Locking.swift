import Resources

// Locks on files, for sessions.

extension VolumeHome {
    /// Locks that a session may have.
    private static var mostLocks: Int { 1 << 16 }

    mutating func lock(_ claim: LockClaim, waiting wait: UInt64?, _ key: RequestKey) {
        guard volume.state.inode(claim.place.inode) != nil else { return answer(key, .refused(.stale)) }
        let name = wait.map { RequestKey(session: key.session, number: $0) }
        if let name, locks[claim.place.kind].isWaiting(name) { return answer(key, .waits) }
        let (held, waiting) = (locks.count(of: key.session), LockKind.allCases.reduce(0) { $0 + locks[$1].waits.count })
        guard held < Self.mostLocks, wait == nil || waiting < Self.mostLocks else { return answer(key, .refused(.noLocks)) }
        let (outcome, granted) = locks.lock(claim, of: key.session, waiting: name)
        switch outcome {
        case .taken: answer(key, .done)
        case .waits: answer(key, .waits)
        case .refused: answer(key, .refused(.tryAgain))
        case .deadlock: answer(key, .refused(.deadlock))
        }
        tellGranted(granted)
    }

    mutating func unlock(_ place: LockPlace, _ key: RequestKey) {
        let granted = locks.unlock(place, of: key.session)
        answer(key, .done)
        tellGranted(granted)
    }

    func conflict(with claim: LockClaim, of session: SessionID) -> LockClaim? { locks.conflict(with: claim, of: session) }

    mutating func giveUp(_ wait: UInt64, _ key: RequestKey) {
        let waited = locks.giveUp(RequestKey(session: key.session, number: wait))
        answer(key, waited ? .done : .refused(.noEntry))
    }

    /// - Precondition: locks were never in conflict, so those that are claimed are not, unless somebody lies; then the first has it.
    mutating func reclaim(_ claims: [LockClaim], _ key: RequestKey) {
        guard recovery?.missing.contains(key.session) ?? false else { return answer(key, .refused(.stale)) }
        for claim in claims {
            guard locks.count(of: key.session) < Self.mostLocks, locks.lock(claim, of: key.session, waiting: nil).0 == .taken
            else { return answer(key, .refused(.stale)) }
        }
        answer(key, .done)
    }

    mutating func tellGranted(_ waits: [FileLocks.Wait]) {
        for wait in waits { directives.append(.lockGranted(wait: wait.key.number, to: wait.key.session)) }
    }
}
