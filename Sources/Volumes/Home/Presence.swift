import Resources

// Sessions come, stay and go.

extension VolumeHome {
    mutating func begin(_ key: RequestKey, _ node: NodeID, at now: Moment) {
        guard volume.state.session(key.session) == nil else { return answer(key, .refused(.exists)) }
        write(record(.begin(key.session, node: node), at: now))
        // A home that begins again has to know it.
        let identity = enter(key.session, isRecovering: false, at: now)
        answer(key, identity, whenDurable: volume.state.header.applied)
    }

    mutating func resume(_ key: RequestKey, _ node: NodeID, at now: Moment) {
        guard let session = volume.state.session(key.session) else { return answer(key, .refused(.stale)) }
        guard session.node == node else { return answer(key, .refused(.notPermitted)) }
        guard !(presences[key.session]?.isShunned ?? false) else { return answer(key, .refused(.stale)) }
        // What was under way on the connection before is asked again.
        forgetRequests(of: key.session)
        let isRecovering = recovery?.missing.contains(key.session) ?? false
        answer(key, enter(key.session, isRecovering: isRecovering, at: now))
        for recall in leases.recalls(of: key.session) { directives.append(.recall(recall, from: key.session)) }
    }

    private mutating func enter(_ session: SessionID, isRecovering: Bool, at now: Moment) -> HomeAnswer {
        presences[session] = Presence(heard: now.instant, waiting: presences[session]?.waiting ?? 0)
        directives.append(.wake(at: now.instant + options.sessionTerm))
        let identity = HomeIdentity(
            epoch: epoch, applied: volume.state.header.applied, durable: durable, stamp: leases.lastStamp,
            term: options.sessionTerm, traits: volume.state.header.traits)
        return .began(identity, isRecovering: isRecovering)
    }

    mutating func end(_ key: RequestKey, at now: Moment) {
        remove(key.session, at: now)
        answer(key, .done)
        if recovery?.missing.isEmpty ?? false { finishRecovery(at: now) }
        goOn(at: now)
    }

    /// Ends a session that does not keep to what it has to.
    mutating func expel(_ session: SessionID, _ reason: String, at now: Moment) {
        guard presences[session] != nil else { return }
        remove(session, at: now)
        directives.append(.expel(session, reason: reason))
        goOn(at: now)
    }

    /// Listens no more to a session that does not keep to what it has to. What it holds it may be using until it has to have stopped by
    /// itself, so nobody else gets it before.
    mutating func shun(_ session: SessionID, _ reason: String) {
        guard presences[session]?.isShunned == false else { return }
        presences[session]?.isShunned = true
        forgetRequests(of: session)
        directives.append(.expel(session, reason: reason))
    }

    /// The home itself was held up until now, and could hear of nobody: what is over after some silence is not over yet.
    package mutating func excuseSilence(at now: Instant) {
        for (session, presence) in presences.pairs where !presence.isShunned { presences[session]?.heard = now }
        let later = now + options.sessionTerm
        recovery?.extend(to: later)
    }

    mutating func remove(_ session: SessionID, at now: Moment) {
        forgetRequests(of: session)
        presences[session] = nil
        let closed = leases.remove(session)
        tellGranted(locks.remove(session))
        let node = volume.state.session(session)?.node
        write(record(.end(session), at: now))
        if let node, !volume.state.allSessions.contains(where: { $0.node == node }) { directives.append(.left(node)) }
        recovery?.missing.remove(session)
        outcomes[session] = nil
        for inode in closed { discard(inode, at: now) }
    }

    private mutating func forgetRequests(of session: SessionID) {
        presences[session]?.waiting = 0
        waiting.removeAll { $0.key.session == session }
        syncs.removeAll { $0.key.session == session }
        recovery?.waiting.removeAll { $0.session == session }
    }

    // MARK: Leases

    mutating func acquire(_ lease: CacheLease, _ number: InodeNumber, _ key: RequestKey) {
        guard let inode = volume.state.inode(number) else { return answer(key, .refused(.stale)) }
        answer(key, .inode(inode, grant(lease, number, to: key.session)))
    }

    mutating func giveBack(_ returns: [LeaseReturn], _ key: RequestKey, at now: Moment) {
        for returned in returns {
            let isHeeded = leases.give(back: returned, from: key.session)
            if isHeeded, !returned.isOpen { discard(returned.inode, at: now) }
        }
        answer(key, .done)
        goOn(at: now)
    }

    mutating func close(_ inodes: [InodeNumber], _ key: RequestKey, at now: Moment) {
        for inode in inodes where leases.close(inode, by: key.session) { discard(inode, at: now) }
        answer(key, .done)
    }

    /// Removes what no name leads to and nobody has open.
    mutating func discard(_ number: InodeNumber, at now: Moment) {
        guard let inode = volume.state.inode(number), inode.links == 0, !leases.isOpen(number, besides: nil) else { return }
        while case .success(.left(true)) = write(record(.discard(number), at: now)) {}
    }

    mutating func synchronize(_ record: UInt64, _ key: RequestKey) {
        guard record <= volume.state.header.applied else { return answer(key, .refused(.protocolFault)) }
        answer(key, .done, whenDurable: record)
    }
}
