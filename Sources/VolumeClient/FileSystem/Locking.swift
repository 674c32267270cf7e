internal import Dispatch
package import Frames
package import Mounts
internal import NIOCore
internal import Resources
internal import Synchronization
package import Volumes

/// The locks of a mount, and who waits for one.
final class ClientLocks: Sendable {
    struct Waiting {
        let claim: LockClaim
        let wait: LockWait
        /// Whoever waits was interrupted: it is not asked for again.
        var isInterrupted = false
    }

    private struct State {
        var held = SessionLocks()
        var waiting: [UInt64: Waiting] = [:]
        /// Locks that were given back, of which the home may not know.
        var owed: [LockPlace] = []
        /// Waits that were given up without a word from the home: what comes of them is given back.
        var abandoned: [UInt64: LockClaim] = [:]
        var next: UInt64 = 1
    }

    private let state = Mutex(State())

    var claims: [LockClaim] { state.withLock { $0.held.claims } }
    var waiting: [UInt64: Waiting] { state.withLock { $0.waiting } }

    func has(_ kind: LockKind, of owner: LockOwner, on inode: InodeNumber) -> Bool {
        state.withLock { $0.held.has(kind, of: owner.rawValue, on: inode) }
    }

    func note(_ claim: LockClaim) {
        state.withLock { state in
            state.held.note(claim)
            // What would be given back late is had again.
            state.owed.removeAll { $0.inode == claim.place.inode && $0.owner == claim.place.owner }
        }
    }
    func drop(_ place: LockPlace) { state.withLock { $0.held.drop(place) } }

    /// All that was had is gone.
    func forget() { state.withLock { ($0.held, $0.owed, $0.abandoned) = (SessionLocks(), [], [:]) } }

    // MARK: Giving back

    func owe(_ place: LockPlace) { state.withLock { $0.owed.append(place) } }

    func takeOwed() -> [LockPlace] {
        state.withLock { state in
            defer { state.owed = [] }
            return state.owed
        }
    }

    // MARK: Waiting

    func begin(_ claim: LockClaim, _ wait: LockWait) -> UInt64 {
        state.withLock { state in
            defer { state.next += 1 }
            state.waiting[state.next] = Waiting(claim: claim, wait: wait)
            return state.next
        }
    }

    func interrupt(_ wait: UInt64) { state.withLock { $0.waiting[wait]?.isInterrupted = true } }

    /// The home has given it.
    ///
    /// - Returns: who waited; `nil` when nobody does any more.
    func take(_ wait: UInt64) -> LockWait? {
        state.withLock { state in
            guard let taken = state.waiting.removeValue(forKey: wait) else { return nil }
            state.held.note(taken.claim)
            return taken.wait
        }
    }

    /// - Returns: who waited; `nil` when nobody does any more.
    func giveUp(_ wait: UInt64, isAbandoned: Bool = false) -> LockWait? {
        state.withLock { state in
            guard let left = state.waiting.removeValue(forKey: wait) else { return nil }
            if isAbandoned { state.abandoned[wait] = left.claim }
            return left.wait
        }
    }

    func takeAbandoned(_ wait: UInt64) -> LockClaim? { state.withLock { $0.abandoned.removeValue(forKey: wait) } }
}

extension VolumeFileSystem {
    package func conflict(with lock: FileLock, on number: InodeNumber) throws(PosixError) -> FileLock? {
        guard case .lockConflict(let other) = try home.ask(.lockConflict(LockClaim(lock, on: number))) else {
            throw .protocolFault
        }
        return other.map(FileLock.init)
    }

    package func lock(
        _ lock: FileLock, on number: InodeNumber, _ handle: OpenHandle, wait: LockWait?
    ) throws(PosixError) -> LockOutcome {
        let claim = LockClaim(lock, on: number)
        guard let wait else {
            guard try askForLock(claim, nil) else { throw .tryAgain }
            return .taken
        }
        let name = locks.begin(claim, wait)
        do throws(PosixError) {
            // Whoever takes it out of those that wait answers the call.
            if try askForLock(claim, name) { return locks.take(name) == nil ? .waits : .taken }
        } catch {
            guard locks.giveUp(name) != nil else { return .waits }
            throw error
        }
        wait.whenInterrupted { [weak self] in self?.interrupt(name) }
        return .waits
    }

    /// - Returns: whether the lock is had; otherwise it is waited for.
    private func askForLock(_ claim: LockClaim, _ wait: UInt64?) throws(PosixError) -> Bool {
        while true {
            let (answer, turn) = try home.exchange { _ in .lock(claim, wait: wait) }
            switch answer {
            case .done: locks.note(claim)
            case .waits: return false
            default: throw .protocolFault
            }
            // A home that was lost since may not have been told of it.
            if home.isCurrent(turn) { return true }
        }
    }

    private func interrupt(_ wait: UInt64) {
        locks.interrupt(wait)
        recalls.async { [self] in
            do throws(PosixError) {
                _ = try home.ask(.giveUp(wait: wait))
                locks.giveUp(wait)?.refuse(.interrupted)
            } catch .noEntry {
                // It was given a moment ago, which is told by itself; or the home is another one, that has not been asked for it.
            } catch {
                locks.giveUp(wait, isAbandoned: true)?.refuse(.interrupted)
            }
        }
    }

    package func unlock(_ span: LockSpan, on number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError) {
        try giveBack(LockPlace(span, on: number, owner: owner))
    }

    private func giveBack(_ place: LockPlace) throws(PosixError) {
        locks.drop(place)
        do throws(PosixError) { _ = try home.ask(.unlock(place)) } catch {
            if error.isUnheard { locks.owe(place) }
            throw error
        }
    }

    /// Gives back what could not be given back because the home was not there.
    func giveBackOwedLocks() {
        for place in locks.takeOwed() { recalls.async { [self] in try? giveBack(place) } }
    }

    /// Gives back all that an owner has on a file.
    func dropLocks(_ kind: LockKind, of owner: LockOwner, on number: InodeNumber) {
        guard locks.has(kind, of: owner, on: number) else { return }
        // Where the home is not there it is told when it is.
        try? giveBack(LockPlace(number, kind, owner: owner.rawValue))
    }

    /// What a home says unasked. Comes back at once.
    package func heed(_ notice: FrameMessage) {
        if let recall = HomeLink.recall(in: notice) { return heed(recall) }
        if notice.code == StoresNotice.code { return learnStores() }
        if notice.code == MovedNotice.code { return home.lookForHome() }
        guard notice.code == LockNotice.code, let granted = try? LockNotice(encoded: Array(buffer: notice.body)),
            granted.session == home.session
        else { return }
        if let wait = locks.take(granted.wait) { return wait.grant() }
        guard let claim = locks.takeAbandoned(granted.wait) else { return }
        recalls.async { [home] in _ = try? home.ask(.unlock(claim.place)) }
    }

    /// Asks again for what is waited for: that it was given may have been told on a connection that was lost.
    func askForLocksAgain() {
        for (wait, waiting) in locks.waiting {
            guard !waiting.isInterrupted else {
                locks.giveUp(wait, isAbandoned: true)?.refuse(.interrupted)
                continue
            }
            recalls.async { [self] in
                do throws(PosixError) {
                    if try askForLock(waiting.claim, wait) { locks.take(wait)?.grant() }
                } catch { locks.giveUp(wait)?.refuse(error) }
            }
        }
    }
}

extension LockPlace {
    init(_ span: LockSpan, on number: InodeNumber, owner: LockOwner) {
        switch span {
        case .bytes(let range): self.init(number, .bytes, owner: owner.rawValue, range: range)
        case .wholeFile: self.init(number, .wholeFile, owner: owner.rawValue)
        }
    }
}

extension LockClaim {
    init(_ lock: FileLock, on number: InodeNumber) {
        self.init(
            LockPlace(lock.span, on: number, owner: lock.owner), isExclusive: lock.isExclusive, process: lock.process)
    }
}

extension FileLock {
    init(_ claim: LockClaim) {
        let span: LockSpan = claim.place.kind == .bytes ? .bytes(claim.place.range) : .wholeFile
        self.init(
            span, isExclusive: claim.isExclusive, owner: LockOwner(rawValue: claim.place.owner), process: claim.process)
    }
}
