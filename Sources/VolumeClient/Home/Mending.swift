internal import Dispatch
internal import Resources
internal import Synchronization
internal import Volumes

// How a session is taken up again.

extension HomeLink {
    /// For how long one step may take; what others have to tell may take the longest.
    private static let stepPatience = Duration.seconds(5)
    private static let recoveryPatience = Duration.seconds(120)
    /// Of what a home that begins again is told at once, in bytes.
    private static let mostReplayed = 1 << 20
    private static let shortestPause = 20
    private static let longestPause = 320

    /// The home is not there any more for this session: takes it up again in the background.
    func mend(_ turn: Turn) {
        let isFirst = state.withLock { state in
            guard state.turn == turn, state.end == nil else { return false }
            (state.isConnected, state.isPresent, state.gate) = (false, false, Gate())
            state.number += 1
            defer { state.isMending = true }
            return !state.isMending
        }
        if isFirst { mending.async { self.takeUpAgain() } }
    }

    private func takeUpAgain() {
        var pause = Self.shortestPause
        while state.withLock({ $0.end == nil }) {
            if takeUp() { return }
            state.withLock { $0.isPresent = false }
            _ = ending.wait(timeout: .now() + .milliseconds(pause))
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private var holder: (any SessionHoldings)? { holdings.withLock { $0.value } }

    /// - Returns: whether the home can be asked again.
    private func takeUp() -> Bool {
        line.findSoon()
        let (session, asked) = (session, Instant.now)
        switch send(.resume(node: node), as: session, within: Self.stepPatience) {
        case .answer(.began(let identity, let isRecovering)):
            return goOn(session, identity, isRecovering: isRecovering, asked: asked)
        case .answer(.refused(.stale)): return beginAnew()
        case .answer, .broken, .failed: return false
        }
    }

    // MARK: The same session

    private func goOn(_ session: SessionID, _ identity: HomeIdentity, isRecovering: Bool, asked: Instant) -> Bool {
        guard isRecovering || identity.epoch != state.withLock(\.epoch) else {
            return goOn(session, identity, asked: asked)
        }
        state.withLock { $0.isPresent = true }
        holder?.disregardGrants(through: identity.stamp)
        if isRecovering { guard tellAll(as: session) else { return false } }
        let asked = Instant.now
        guard case .answer(.recovered(let outcomes)) = send(.reclaimed, as: session, within: Self.recoveryPatience) else {
            return false
        }
        let lost = state.withLock { $0.settle(outcomes) }
        holder?.homeChanged(losing: lost)
        return goOn(session, identity, asked: asked)
    }

    private func goOn(_ session: SessionID, _ identity: HomeIdentity, asked: Instant) -> Bool {
        guard recoverStranded(as: session) else { return false }
        connect(session, identity, asked: asked)
        return true
    }

    /// Tells a home that began again what this session has and was told.
    private func tellAll(as session: SessionID) -> Bool {
        let claims = holder?.claims ?? SessionClaims()
        var (leases, open, locks) = (claims.leases[...], claims.open[...], claims.locks[...])
        while !leases.isEmpty || !open.isEmpty {
            let request = HomeRequest.reclaim(leases.removePage(), open: open.removePage())
            guard case .answer(.reclaimed(let grants)) = send(request, as: session, within: Self.stepPatience) else {
                return false
            }
            holder?.renew(grants)
        }
        while !locks.isEmpty {
            guard case .answer(.done) = send(.reclaimLocks(locks.removePage()), as: session, within: Self.stepPatience) else {
                return false
            }
        }
        var records = state.withLock { $0.kept.values }[...]
        while !records.isEmpty {
            let page = records.removePage(of: Self.mostReplayed)
            guard case .answer(.done) = send(.replay(page), as: session, within: Self.stepPatience) else { return false }
        }
        return true
    }

    // MARK: Another session

    private func beginAnew() -> Bool {
        var random = SystemRandomNumberGenerator()
        let (session, asked) = (
            SessionID(at: Timestamp(microseconds: FileTime.now.rawValue / 1000), using: &random), Instant.now
        )
        guard case .answer(.began(let identity, _)) = send(.begin(node: node), as: session, within: Self.stepPatience) else {
            return false
        }
        let lost = state.withLock { state in
            // The same home has lost nothing: it answers once all before is durable.
            let isSame = state.epoch == identity.epoch
            defer { state.kept = SortedMap() }
            (state.session, state.epoch, state.isPresent) = (session, identity.epoch, true)
            return isSame ? [] : state.kept.values
        }
        // Before anything can be asked for the new session.
        holder?.sessionEnded(losing: lost, stamp: identity.stamp)
        return goOn(session, identity, asked: asked)
    }

    /// So long others may take to give back what this session needs.
    private static let stragglers = Duration.seconds(60)

    /// Takes up what was written and not told in a session before, file by file, as long as nobody else can change it.
    ///
    /// - Returns: `false` when the home is not there.
    private func recoverStranded(as session: SessionID) -> Bool {
        for content in holder?.stranded ?? [] {
            var isDone = false
            while !isDone {
                switch send(.acquire(.write, on: content.inode), as: session, within: Self.stragglers) {
                case .answer(.inode(let inode, let grants)):
                    guard let isTold = isTold(content, inode, as: session) else { return false }
                    isDone = holder?.recover(content, inode, grants, isTold: isTold) ?? true
                case .answer(.refused(let error)):
                    // The session may be over again, which is refused in the same way.
                    guard case .answer(.done) = send(.ping, as: session, within: Self.stepPatience) else { return false }
                    holder?.giveUp(content, error)
                    isDone = true
                case .answer, .broken, .failed: return false
                }
            }
        }
        return true
    }

    /// Whether the home was told of the first part after all: nobody heard its answer.
    ///
    /// - Returns: `nil` when the home is not there.
    private func isTold(_ content: StrandedContent, _ inode: Inode, as session: SessionID) -> Bool? {
        guard inode.version != content.version, let first = content.first else { return false }
        guard
            case .answer(.extents(let extents, _)) = send(
                .extents(content.inode, from: first.offset, limit: 1), as: session, within: Self.stepPatience)
        else { return nil }
        return extents.contains { if case .block(first.block, _) = $0.source { true } else { false } }
    }

    /// The home knows all that the session has, and can be asked.
    func connect(_ session: SessionID, _ identity: HomeIdentity, asked: Instant) {
        let gate = state.withLock { state in
            (state.session, state.epoch, state.term) = (session, identity.epoch, identity.term)
            state.traits = identity.traits
            state.isMending = false
            if state.end == nil {
                (state.isConnected, state.isPresent) = (true, true)
                extendPresence(asked, &state)
            }
            return state.gate
        }
        gate.open()
        holder?.connected()
    }
}

extension ArraySlice {
    /// Takes as many as go into one request.
    fileprivate mutating func removePage() -> [Element] {
        defer { self = dropFirst(HomeRequest.mostItems) }
        return Array(prefix(HomeRequest.mostItems))
    }
}

extension ArraySlice<Record> {
    /// - Parameter size: in bytes; one record at least.
    fileprivate mutating func removePage(of size: Int) -> [Record] {
        var (page, taken) = ([Record](), 0)
        while let next = first, page.count < HomeRequest.mostItems {
            taken += next.encoded.count
            if taken > size, !page.isEmpty { break }
            page.append(removeFirst())
        }
        return page
    }
}
