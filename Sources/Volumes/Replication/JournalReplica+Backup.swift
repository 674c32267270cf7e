import Resources

// What a node does as a backup.

extension JournalReplica {
    /// Whether something is heeded that a home says. One of a later epoch is followed from now on.
    mutating func admit(_ epoch: UInt64, from home: NodeID) -> Bool {
        #if Defects
            if VolumeDefect.active == .oldEpochTaken { return leadership == nil }
        #endif
        guard epoch >= log.promised else {
            send(.deposed(epoch: epoch, current: log.promised), to: home)
            return false
        }
        // Who wants to take over in the epoch that another one leads has no quorum.
        if candidacy?.epoch == epoch { giveUp(.superseded(by: epoch)) }
        guard leadership?.epoch != epoch else { return false }
        commit(to: epoch)
        return true
    }

    /// Takes nothing of older epochs from now on.
    private mutating func commit(to epoch: UInt64) {
        guard epoch > log.promised else { return }
        log.promised = epoch
        directives.append(.begin(epoch: epoch))
        yield(to: epoch)
    }

    mutating func follow(_ epoch: UInt64, _ batch: JournalBatch, _ durable: UInt64, _ stamp: Instant, _ home: NodeID) {
        guard log.outline.has(batch.after) else { return send(.parted(epoch: epoch, report), to: home) }
        guard let isNew = take(batch) else { return }
        let end = batch.after.index + UInt64(batch.records.count)
        let before = following?.epoch == epoch ? following : nil
        following = Following(
            epoch: epoch, home: home, matched: max(before?.matched ?? 0, end), stamp: max(before?.stamp ?? stamp, stamp))
        learn(durable: min(durable, following?.matched ?? 0))
        #if Defects
            if VolumeDefect.active == .syncedEarly { return send(.synced(epoch: epoch, through: end, stamp: stamp), to: home) }
        #endif
        // What is new is answered when it is synced.
        if !isNew { answerHome() }
    }

    /// Takes records that follow on one that is here, in place of others of a history that has ended.
    ///
    /// - Returns: whether any was new; `nil` where they would take the place of some that are known to be durable, which no home asks for.
    mutating func take(_ batch: JournalBatch) -> Bool? {
        let new = batch.records.drop { log.outline.has($0.position) }
        guard let first = new.first else { return false }
        #if Defects
            if VolumeDefect.active == .tailKept, first.index <= log.end.index { return false }
        #endif
        guard first.index > durable else { return nil }
        if first.index <= log.end.index {
            log.truncate(after: first.index - 1)
            directives.append(.truncate(after: first.index - 1))
        }
        for record in new { log.append(record) }
        directives.append(.write(Array(new)))
        return true
    }

    private mutating func learn(durable index: UInt64) {
        guard index > durable else { return }
        durable = index
        directives.append(.durable(through: index))
    }

    /// Tells the home how much is synced of what it sent.
    mutating func answerHome() {
        guard let following, following.epoch == log.promised, leadership == nil else { return }
        let through = min(following.matched, log.synced)
        send(.synced(epoch: following.epoch, through: through, stamp: following.stamp), to: following.home)
    }

    mutating func install(_ epoch: UInt64, _ position: LogPosition, _ membership: JournalMembership, _ home: NodeID) {
        // One that comes late has nothing that is not here.
        guard !log.outline.has(position), position.index > log.outline.trimmed.index || position.epoch > log.outline.trimmed.epoch
        else { return send(.parted(epoch: epoch, report), to: home) }
        log.restart(after: position, membership)
        directives.append(.restart(after: position))
        let stamp = following.flatMap { $0.epoch == epoch ? $0.stamp : nil } ?? Instant(microseconds: 0)
        following = Following(epoch: epoch, home: home, matched: position.index, stamp: stamp)
        durable = max(durable, position.index)
    }

    // MARK: Others take over

    mutating func promise(_ epoch: UInt64, to candidate: NodeID) {
        // Not twice: an epoch is promised to one node alone.
        guard epoch > log.promised else { return send(.deposed(epoch: epoch, current: log.promised), to: candidate) }
        commit(to: epoch)
        #if Defects
            if VolumeDefect.active == .promiseForgotten {
                directives.removeAll { $0 == .begin(epoch: epoch) }
                return send(.promised(epoch: epoch, report), to: candidate)
            }
        #endif
        promises.append((epoch, candidate))
    }

    mutating func serve(_ epoch: UInt64, _ position: LogPosition, to candidate: NodeID) {
        guard epoch >= log.promised else { return send(.deposed(epoch: epoch, current: log.promised), to: candidate) }
        guard log.outline.has(position) else { return }
        let through = min(log.end.index, position.index + options.batch)
        send(.fetched(epoch: epoch, JournalBatch(after: position)), to: candidate, through: through)
    }
}
