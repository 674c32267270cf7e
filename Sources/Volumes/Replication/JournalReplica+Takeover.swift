import Resources

// How a node becomes the home.

/// An attempt to become the home.
struct Candidacy {
    enum Step: Hashable {
        /// Others are asked how their journals are, so that nothing changes when it can come to nothing.
        case surveying
        /// Others are asked to take nothing of older epochs.
        case promising
        /// What this node lacks is fetched, from a node that has it.
        case fetching(NodeID, LogPosition)
    }

    let round: UInt64
    let since: Instant
    /// Whether it is only to be the home if it was so before.
    let isContinuing: Bool
    /// Of the set with this node as the home; `nil` for those that there are besides, without the home before.
    let backups: [NodeID]?
    var step = Step.surveying
    /// `nil` until it is remembered here.
    var epoch: UInt64?
    var isBegun = false
    /// How the journals were that were heard of in this step.
    var reports = SortedMap<NodeID, JournalReport>()
    var sent: Instant
}

extension JournalReplica {
    /// Takes over as the home, or goes on as the home after this node began again.
    ///
    /// It becomes the home once enough nodes (``JournalMembership/isQuorum(_:)``) have promised to take nothing of older epochs, and it
    /// has all that any of those has: then nothing that was durable is missing, and the old home makes nothing durable any more.
    ///
    /// - Parameters:
    ///   - backups: of the new home; they should have the journal already, for nothing is durable until one of them has it all. `nil`
    ///     for the other backups that there are: a home that stays away must not be waited for. Where there is none it goes on alone, and
    ///     where none was heard of the home before, which was, stays as a backup.
    ///   - isContinuing: whether it is only to go on as the home, unless another one has taken its place.
    ///   - round: another one each time.
    package mutating func takeOver(
        backups: [NodeID]?, isContinuing: Bool = false, round: UInt64, at now: Instant
    ) -> [JournalDirective] {
        guard leadership == nil, candidacy == nil else { return [.refused(.underway)] }
        var new = Candidacy(round: round, since: now, isContinuing: isContinuing, backups: backups, sent: now)
        new.reports[node] = report
        candidacy = new
        ask(at: now)
        decide(at: now)
        if candidacy != nil { directives.append(.wake(at: now + options.heartbeat)) }
        return flush()
    }

    /// Who would have to be heard of, by what is known now.
    private func judge(_ candidacy: Candidacy) -> Result<(NodeID, JournalReport), TakeoverRefusal> {
        let known = candidacy.reports.pairs.map { ($0, $1) }
        // Of several that are as far, this node itself.
        guard let best = known.max(by: { ($0.1.outline.end, $0.0 == node ? 1 : 0) < ($1.1.outline.end, $1.0 == node ? 1 : 0) })
        else {
            return .failure(.underway)
        }
        let membership = best.1.membership
        if candidacy.isContinuing, membership.set.home != node { return .failure(.moved(to: membership.set.home)) }
        guard membership.nodes.contains(node) else { return .failure(.notMember(node, membership.set)) }
        guard membership.sets.count < JournalMembership.mostSets else { return .failure(.tooManySets) }
        #if Defects
            if VolumeDefect.active == .anyoneTakesOver { return .success(best) }
        #endif
        for set in membership.sets where !set.isQuorum(without: expelled, { candidacy.reports[$0] != nil }) {
            return .failure(.unheard(set.nodes.filter { candidacy.reports[$0] == nil }, of: set))
        }
        return .success(best)
    }

    /// Asks all that could have a say.
    private mutating func ask(at now: Instant) {
        guard let candidacy else { return }
        self.candidacy?.sent = now
        let known = candidacy.reports.values.flatMap(\.membership.nodes) + log.membership.nodes
        for member in Set(known).subtracting([node]).sorted() {
            switch candidacy.step {
            case .surveying: send(.survey(round: candidacy.round), to: member)
            case .promising:
                if let epoch = candidacy.epoch, candidacy.isBegun, candidacy.reports[member] == nil {
                    send(.promise(epoch: epoch), to: member)
                }
            case .fetching: break
            }
        }
    }

    private mutating func fetch(at now: Instant) {
        guard let candidacy, case .fetching(let source, let target) = candidacy.step, let epoch = candidacy.epoch else { return }
        self.candidacy?.sent = now
        guard let outline = candidacy.reports[source]?.outline, let agreement = log.outline.agreement(with: outline),
            let after = log.outline.position(of: agreement)
        else { return giveUp(.behind(own: log.end, source, target)) }
        send(.read(epoch: epoch, after: after), to: source)
    }

    // MARK: Steps

    /// Goes on if enough is known.
    mutating func decide(at now: Instant) {
        guard let candidacy else { return }
        switch (candidacy.step, judge(candidacy)) {
        case (_, .failure(.unheard)): return
        case (_, .failure(let refusal)): giveUp(refusal)
        case (.surveying, .success): begin(candidacy)
        case (.promising, .success(let best)):
            guard candidacy.isBegun else { return }
            complete(best, at: now)
        case (.fetching(let source, let target), .success):
            guard log.end == target else { return }
            complete((source, candidacy.reports[source] ?? report), at: now)
        }
    }

    private mutating func begin(_ candidacy: Candidacy) {
        let epoch = max(log.promised, candidacy.reports.values.map(\.promised).max() ?? 0) + 1
        self.candidacy?.step = .promising
        self.candidacy?.epoch = epoch
        self.candidacy?.reports = SortedMap()
        log.promised = epoch
        following = nil
        directives.append(.begin(epoch: epoch))
    }

    /// This node's own promise is remembered.
    mutating func began(_ epoch: UInt64, at now: Instant) {
        guard let candidacy, candidacy.epoch == epoch, !candidacy.isBegun else { return }
        let own = report
        self.candidacy?.isBegun = true
        self.candidacy?.reports[node] = own
        ask(at: now)
        decide(at: now)
    }

    private mutating func complete(_ best: (NodeID, JournalReport), at now: Instant) {
        #if Defects
            if VolumeDefect.active == .shorterJournalLeads { return lead(at: now) }
        #endif
        let target = best.1.outline.end
        guard log.end != target else {
            if log.synced == log.end.index { lead(at: now) }
            return
        }
        guard candidacy?.step != .fetching(best.0, target) else { return }
        candidacy?.step = .fetching(best.0, target)
        fetch(at: now)
    }

    private mutating func lead(at now: Instant) {
        guard let candidacy, let epoch = candidacy.epoch else { return }
        self.candidacy = nil
        leadership = Leadership(epoch: epoch)
        let backups = candidacy.backups ?? backups(after: candidacy)
        propose(log.membership.replaced(by: JournalSet(home: node, backups: backups)))
        meetPeers(at: now)
    }

    /// Backups of which one at least was heard of, or none, so that things become durable. Where no other backup was heard of the home
    /// before was: without it there would have been no quorum.
    private func backups(after candidacy: Candidacy) -> [NodeID] {
        let set = log.membership.set
        let others = set.backups.filter { $0 != node }
        let isOneHeard = others.contains { candidacy.reports[$0] != nil }
        return others.isEmpty || isOneHeard || set.home == node ? others : others + [set.home]
    }

    // MARK: Answers

    mutating func surveyed(_ round: UInt64, _ report: JournalReport, _ sender: NodeID, at now: Instant) {
        guard let candidacy, candidacy.round == round, candidacy.step == .surveying else { return }
        note(report, of: sender, candidacy, at: now)
    }

    mutating func promised(_ epoch: UInt64, _ report: JournalReport, _ sender: NodeID, at now: Instant) {
        guard let candidacy, candidacy.epoch == epoch, candidacy.step == .promising else { return }
        note(report, of: sender, candidacy, at: now)
    }

    private mutating func note(_ report: JournalReport, of sender: NodeID, _ before: Candidacy, at now: Instant) {
        candidacy?.reports[sender] = report
        let known = before.reports.values.flatMap(\.membership.nodes)
        if !Set(report.membership.nodes).isSubset(of: known) { ask(at: now) }
        decide(at: now)
    }

    mutating func fetched(_ epoch: UInt64, _ batch: JournalBatch, _ sender: NodeID, at now: Instant) {
        guard let candidacy, candidacy.epoch == epoch, case .fetching(sender, let target) = candidacy.step else { return }
        guard log.outline.has(batch.after) else { return }
        let wanted = JournalBatch(after: batch.after, batch.records.filter { $0.index <= target.index })
        guard take(wanted) == true else { return }
        if log.end == target { decide(at: now) } else { fetch(at: now) }
    }

    /// Asks again, or gives up.
    mutating func press(at now: Instant) {
        guard let candidacy else { return }
        guard now - candidacy.since < options.takeoverLimit else {
            guard case .failure(let refusal) = judge(candidacy) else {
                return giveUp(.unheard(log.membership.nodes.filter { $0 != node }, of: log.membership.set))
            }
            return giveUp(refusal)
        }
        guard now - candidacy.sent >= options.heartbeat else { return }
        if case .fetching = candidacy.step { fetch(at: now) } else { ask(at: now) }
    }

    mutating func giveUp(_ refusal: TakeoverRefusal) {
        candidacy = nil
        directives.append(.refused(refusal))
    }
}
