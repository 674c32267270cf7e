import Resources

// What a node does as the home.

/// What a home knows of the nodes that keep its journal.
struct Leadership {
    struct Peer {
        enum Phase: Hashable {
            /// It is not known yet where its journal parts from the home's.
            case probing
            /// Records are sent to it.
            case streaming
            case copying(since: Instant)
        }

        var phase = Phase.probing
        /// The record that is sent next.
        var next: UInt64
        /// The node has synced the home's records up to this one.
        var matched: UInt64 = 0
        /// It has them up to this one, synced or not.
        var taken: UInt64 = 0
        var sent: Instant
        var heard: Instant
        /// When the latest of the messages was sent that it has answered.
        var stamp: Instant?
        /// When it was sent records anew because they did not follow on its own. What was under way then does not either.
        var parted: Instant?
    }

    let epoch: UInt64
    var peers = SortedMap<NodeID, Peer>()
    /// Backups that there are to be.
    var wanted: [NodeID]?
    /// The first record of this epoch, 0 before there is one. Older ones are durable with it: that many nodes have one of those says
    /// nothing by itself (section 5.4.2 of the paper on Raft).
    var first: UInt64 = 0
    /// Whether the first record is durable.
    var isReady = false
    /// What was asked to be written and is not yet.
    var proposed: JournalMembership?
}

extension JournalReplica {
    // MARK: What the home wants

    /// The home writes records.
    ///
    /// - Precondition: they follow on the last and are of this epoch.
    /// - Returns: `nil` when this node is the home no more: none of them will be durable by it.
    package mutating func append(_ records: [Record], at now: Instant) -> [JournalDirective]? {
        guard let epoch = leadership?.epoch else { return nil }
        for record in records {
            precondition(record.epoch == epoch, "a home writes in its own epoch")
            log.append(record)
            if case .appoint(leadership?.proposed) = record.operation { leadership?.proposed = nil }
        }
        if leadership?.first == 0 { leadership?.first = records.first?.index ?? 0 }
        directives.append(.write(records))
        meetPeers(at: now)
        for peer in leadership?.peers.keys ?? [] { stream(to: peer, at: now) }
        return flush()
    }

    /// Changes who the backups are. New ones take the journal first, and have a say when they have nearly all of it.
    ///
    /// - Returns: `nil` when this node is not the home.
    package mutating func change(backups: [NodeID], at now: Instant) -> [JournalDirective]? {
        guard isHome else { return nil }
        leadership?.wanted = JournalSet(home: node, backups: backups).backups
        meetPeers(at: now)
        proceed()
        return flush()
    }

    /// From these nodes nobody takes anything any more, for good: they have left the pool.
    package mutating func expel(_ nodes: Set<NodeID>, at now: Instant) -> [JournalDirective] {
        guard nodes != expelled else { return flush() }
        expelled = nodes
        advance(at: now)
        decide(at: now)
        return flush()
    }

    /// Whether no other home can have begun to give anything to sessions: enough nodes have answered what was sent a while ago at most.
    package func isInCharge(at now: Instant) -> Bool {
        guard let leadership, leadership.isReady else { return false }
        return log.membership.isQuorum(without: expelled) { member in
            member == node || leadership.peers[member]?.stamp.map { now - $0 <= options.authority } ?? false
        }
    }

    /// How far each node is that keeps the journal or is to keep it, in order; for people.
    package var progress: [(node: NodeID, synced: UInt64, isCopying: Bool)] {
        (leadership?.peers.pairs).map { pairs in
            pairs.map { node, peer in
                if case .copying = peer.phase { (node, peer.matched, true) } else { (node, peer.matched, false) }
            }
        } ?? []
    }

    // MARK: Peers

    /// Sends to those who are to have the journal, and to nobody else.
    func peersWanted(_ leadership: Leadership) -> [NodeID] {
        Set(log.membership.nodes + (leadership.wanted ?? [])).subtracting([node]).sorted()
    }

    mutating func meetPeers(at now: Instant) {
        guard var leadership else { return }
        let wanted = peersWanted(leadership)
        for gone in Set(leadership.peers.keys).subtracting(wanted) { leadership.peers[gone] = nil }
        let new = wanted.filter { leadership.peers[$0] == nil }
        for peer in new { leadership.peers[peer] = Leadership.Peer(next: log.end.index + 1, sent: now, heard: now) }
        self.leadership = leadership
        for peer in new { probe(peer, at: now) }
    }

    /// A message without records.
    private mutating func probe(_ peer: NodeID, at now: Instant) {
        guard let leadership, let state = leadership.peers[peer] else { return }
        let after = log.outline.position(of: state.next - 1) ?? log.end
        self.leadership?.peers[peer]?.sent = now
        send(.append(epoch: leadership.epoch, JournalBatch(after: after), durable: durable, stamp: now), to: peer)
    }

    private mutating func stream(to peer: NodeID, at now: Instant) {
        while let leadership, var state = leadership.peers[peer], state.phase == .streaming, state.next <= log.end.index,
            state.next <= max(state.matched, state.taken) + options.window
        {
            guard let after = log.outline.position(of: state.next - 1) else { return copy(to: peer, at: now) }
            let through = min(log.end.index, after.index + options.batch)
            state.next = through + 1
            state.sent = now
            self.leadership?.peers[peer] = state
            let batch = JournalBatch(after: after)
            send(.append(epoch: leadership.epoch, batch, durable: durable, stamp: now), to: peer, through: through)
        }
    }

    private mutating func copy(to peer: NodeID, at now: Instant) {
        leadership?.peers[peer]?.phase = .copying(since: now)
        directives.append(.copyState(to: peer))
    }

    /// Has who was not heard from for long asked anew, and everybody hear something now and then.
    mutating func refresh(at now: Instant) {
        guard let leadership else { return }
        meetPeers(at: now)
        for (peer, state) in leadership.peers.pairs {
            if case .copying(let since) = state.phase, now - since < options.copyLimit { continue }
            if now - state.heard >= options.patience, state.phase != .probing {
                self.leadership?.peers[peer]?.phase = .probing
                self.leadership?.peers[peer]?.next = log.end.index + 1
            }
            if now - state.sent >= options.heartbeat { probe(peer, at: now) }
        }
    }

    /// A copy of the state was not made or did not arrive.
    package mutating func didFailCopy(to peer: NodeID, at now: Instant) -> [JournalDirective] {
        if case .copying? = leadership?.peers[peer]?.phase {
            leadership?.peers[peer]?.phase = .probing
            leadership?.peers[peer]?.next = log.end.index + 1
        }
        return flush()
    }

    // MARK: Answers

    mutating func acknowledge(_ epoch: UInt64, _ through: UInt64, _ stamp: Instant, _ peer: NodeID, at now: Instant) {
        guard let leadership, leadership.epoch == epoch, var state = leadership.peers[peer] else { return }
        state.matched = max(state.matched, min(through, log.end.index))
        state.next = max(state.next, state.matched + 1)
        (state.heard, state.stamp) = (now, max(state.stamp ?? stamp, stamp))
        // Whatever it has, this much is the home's: it can go on from there.
        if state.phase == .probing { (state.phase, state.next) = (.streaming, state.matched + 1) }
        if case .copying = state.phase, log.outline.position(of: state.matched) != nil {
            (state.phase, state.next) = (.streaming, state.matched + 1)
        }
        self.leadership?.peers[peer] = state
        stream(to: peer, at: now)
        advance(at: now)
    }

    /// Finds out from where on a node needs records.
    mutating func part(_ epoch: UInt64, _ report: JournalReport, _ peer: NodeID, at now: Instant) {
        guard let leadership, leadership.epoch == epoch, var state = leadership.peers[peer] else { return }
        self.leadership?.peers[peer]?.heard = now
        guard let agreement = log.outline.agreement(with: report.outline) else {
            if case .copying(let since) = state.phase, now - since < options.copyLimit { return }
            return copy(to: peer, at: now)
        }
        guard state.parted.map({ now - $0 >= options.heartbeat }) ?? true else { return }
        (state.phase, state.next, state.taken) = (.streaming, agreement + 1, agreement)
        (state.parted, state.heard) = (now, now)
        self.leadership?.peers[peer] = state
        agreement < log.end.index ? stream(to: peer, at: now) : probe(peer, at: now)
    }

    // MARK: What is durable

    /// Sees what is durable now, and what can go on because of it.
    mutating func advance(at now: Instant) {
        guard let leadership else { return }
        let membership = log.membership
        func has(_ index: UInt64, _ member: NodeID) -> Bool {
            #if Defects
                if VolumeDefect.active == .homeAloneSuffices { return true }
            #endif
            return member == node ? log.synced >= index : leadership.peers[member].map { $0.matched >= index } ?? false
        }
        let reached = Set(leadership.peers.values.map(\.matched) + [log.synced]).filter { index in
            index <= log.synced && index > durable && isOwn(index, leadership)
                && membership.isQuorum(without: expelled) { has(index, $0) }
        }
        // A new backup may have caught up all the same.
        guard let index = reached.max() else { return proceed() }
        durable = index
        directives.append(.durable(through: index))
        if !leadership.isReady {
            self.leadership?.isReady = true
            directives.append(.lead(epoch: leadership.epoch))
        }
        proceed()
        meetPeers(at: now)
    }

    private func isOwn(_ index: UInt64, _ leadership: Leadership) -> Bool {
        #if Defects
            if VolumeDefect.active == .oldRecordsCounted { return true }
        #endif
        return leadership.first > 0 && index >= leadership.first
    }

    /// Ends a change of the set that is durable, or begins one that is wanted.
    private mutating func proceed() {
        guard let leadership, leadership.isReady, leadership.proposed == nil, log.membershipIndex <= durable else { return }
        let current = log.membership
        guard current.outgoing.isEmpty else { return propose(JournalMembership(current.set)) }
        guard let wanted = leadership.wanted else { return }
        guard wanted != current.set.backups else {
            self.leadership?.wanted = nil
            return
        }
        let isNear = wanted.allSatisfy { member in
            current.set.backups.contains(member)
                || leadership.peers[member].map { peer in
                    // One that was not heard of would hold up everything, however short the journal is.
                    peer.phase == .streaming && peer.matched + options.batch >= log.end.index
                } ?? false
        }
        if isNear { propose(current.replaced(by: JournalSet(home: node, backups: wanted))) }
    }

    mutating func propose(_ membership: JournalMembership) {
        leadership?.proposed = membership
        directives.append(.appoint(membership))
    }
}
