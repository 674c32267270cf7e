import Resources

/// A home that begins again knows what was durable. What sessions hold, have open and were told since, they tell it; until all have,
/// or had the time for it, nobody is given anything new (the grace period of NFS, RFC 8881 section 8.4.2).
struct Recovery {
    /// Sessions that have not told all yet.
    var missing: Set<SessionID>
    private(set) var end: Instant
    /// Records that sessions were told of, by the times that they have for ever, whichever home writes them.
    var records = SortedMap<FileTime, Record>()
    /// Sessions that want to know what has become of theirs.
    var waiting: [RequestKey] = []

    /// - Returns: `nil` when there is nobody who could tell anything.
    init?(of sessions: [SessionID], until end: Instant) {
        guard !sessions.isEmpty else { return nil }
        missing = Set(sessions)
        self.end = end
    }

    mutating func extend(to later: Instant) { end = max(end, later) }
}

extension VolumeHome {
    /// - Precondition: leases were never in conflict, so those that are claimed are not, unless somebody lies; then the first has it.
    mutating func reclaim(_ claims: [LeaseClaim], _ open: [InodeNumber], _ key: RequestKey) {
        guard recovery?.missing.contains(key.session) ?? false else { return answer(key, .refused(.stale)) }
        var grants: [LeaseGrant] = []
        for claim in claims {
            let need = LeaseNeed(inode: claim.inode, kind: claim.lease == .write ? .toChange : .toRead)
            guard leases.conflicts(with: need, of: key.session).isEmpty else { return answer(key, .refused(.stale)) }
            grants.append(leases.grant(claim.lease, on: claim.inode, to: key.session))
        }
        for inode in open { leases.pin(inode, by: key.session) }
        answer(key, .reclaimed(grants))
    }

    mutating func replay(_ records: [Record], _ key: RequestKey) {
        guard recovery?.missing.contains(key.session) ?? false else { return answer(key, .refused(.stale)) }
        guard records.allSatisfy({ $0.origin?.session == key.session && $0.operation.isForSessions }) else {
            return answer(key, .refused(.notPermitted))
        }
        for record in records { recovery?.records[record.time] = record }
        answer(key, .done)
    }

    mutating func reclaimed(_ key: RequestKey, at now: Moment) {
        guard recovery != nil else { return answer(key, .recovered(outcomes[key.session] ?? [])) }
        recovery?.missing.remove(key.session)
        recovery?.waiting.append(key)
        if recovery?.missing.isEmpty ?? false { finishRecovery(at: now) }
    }

    /// Carries out again what was lost, in the order in which it was carried out, and goes on.
    ///
    /// What is refused now depended on what a session did that did not come back; who asked for it is told.
    mutating func finishRecovery(at now: Moment) {
        guard let ended = recovery else { return }
        recovery = nil
        for lost in ended.records.values {
            guard let origin = lost.origin else { continue }
            outcomes[origin.session, default: []].append(carryOutAgain(lost, origin))
        }
        for key in ended.waiting { answer(key, .recovered(outcomes[key.session] ?? [])) }
        for session in ended.missing.sorted() {
            let isHere = presences[session] != nil
            remove(session, at: now)
            if isHere { directives.append(.expel(session, reason: "it did not tell in time what it had")) }
        }
        discardOrphans(at: now)
        goOn(at: now)
    }

    private mutating func carryOutAgain(_ lost: Record, _ origin: Record.Origin) -> ReplayOutcome {
        let header = volume.state.header
        let isThere =
            switch volume.answer(to: origin) {
            case .success(nil): false
            // Another followed it in its slot.
            case .success, .failure(.protocolFault): true
            case .failure: false
            }
        guard !isThere else { return ReplayOutcome(time: lost.time, record: header.applied) }
        let again = Record(
            index: header.applied + 1, epoch: epoch, time: lost.time, origin: origin, operation: lost.operation)
        guard case .success = write(again) else { return ReplayOutcome(time: lost.time, record: nil) }
        return ReplayOutcome(time: lost.time, record: again.index)
    }

    private mutating func discardOrphans(at now: Moment) {
        var last: InodeNumber?
        while case let page = volume.state.orphans(after: last, limit: 1000), !page.isEmpty {
            for orphan in page { discard(orphan, at: now) }
            last = page.last
        }
    }
}
