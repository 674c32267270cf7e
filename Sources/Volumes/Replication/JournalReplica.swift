import Resources

/// The journal of a volume on one of the nodes that keep it: as a backup it takes what the home sends, as the home it sees to it that
/// others have what it writes, and it can take over.
///
/// It is Raft (D. Ongaro, J. Ousterhout, 2014) with three differences: a set of nodes decides that has the home in it and a backup,
/// or all backups (``JournalSet``); nobody takes over by itself, but people have it done, or a home that begins again; and who takes
/// over fetches what it lacks from who has it. What is promised and what is written are the only state that has to last
/// (``JournalLog``); the rest is made anew.
///
/// A home that is deposed finds out at the latest when it wants to make something durable. Until then it must not answer from what
/// it has for longer than ``isInCharge(at:)`` says.
package struct JournalReplica: Sendable {
    package struct Options: Hashable, Sendable {
        /// Records in one message.
        package var batch: UInt64 = 512
        /// Records that may be on their way to one backup.
        package var window: UInt64 = 8192
        /// A backup hears something at least so often.
        package var heartbeat = Microseconds.milliseconds(200)
        /// After so long without an answer what was sent is sent again.
        package var patience = Microseconds.seconds(1)
        /// So long a copy of the state may take.
        package var copyLimit = Microseconds.seconds(600)
        /// After so long a node that takes over gives up.
        package var takeoverLimit = Microseconds.seconds(5)
        /// How long a home may answer without hearing from its backups. Who takes over must not give anything to sessions before
        /// this, and what sessions may keep without asking, have passed since.
        package var authority = Microseconds.seconds(5)

        package init() {}
    }

    /// A home that it takes records from.
    struct Following {
        let epoch: UInt64
        let home: NodeID
        /// The journal is the home's up to this record.
        var matched: UInt64
        /// The latest that came with records.
        var stamp: Instant
    }

    package let node: NodeID
    package internal(set) var log: JournalLog
    /// All records up to this one are known to be durable.
    package internal(set) var durable: UInt64
    let options: Options
    var following: Following?
    var candidacy: Candidacy?
    var leadership: Leadership?
    /// Nodes that have left the pool for good.
    var expelled: Set<NodeID> = []
    /// Who is to be told that an epoch is promised.
    var promises: [(epoch: UInt64, candidate: NodeID)] = []
    var directives: [JournalDirective] = []

    /// - Parameters:
    ///   - log: as it was found; all of it is synced.
    ///   - known: records up to this one are known to be durable.
    package init(_ node: NodeID, _ log: JournalLog, durable known: UInt64 = 0, _ options: Options = Options()) {
        self.node = node
        self.log = log
        self.options = options
        durable = max(log.outline.trimmed.index, min(known, log.end.index))
    }

    /// Whether this node is the home, as far as it knows.
    package var isHome: Bool { leadership?.isReady ?? false }
    package var report: JournalReport { JournalReport(log) }
    /// Whether the latest change of who keeps the journal has come to an end.
    package var isSettled: Bool {
        log.membership.outgoing.isEmpty && log.membershipIndex <= durable && leadership?.wanted == nil
            && leadership?.proposed == nil
    }

    /// Whether a node has a say in this journal, as far as is known here.
    package func knows(_ other: NodeID) -> Bool {
        log.membership.nodes.contains(other) || leadership?.peers[other] != nil
            || candidacy?.reports.values.contains { $0.membership.nodes.contains(other) } ?? false
    }

    /// Of the records that it is to write, as the home or as who becomes it; `nil` on others.
    package var writingEpoch: UInt64? { leadership?.epoch }

    // MARK: What happens

    package mutating func receive(_ message: JournalMessage, from sender: NodeID, at now: Instant) -> [JournalDirective] {
        switch message {
        case .append(let epoch, let batch, let durable, let stamp):
            if admit(epoch, from: sender) { follow(epoch, batch, durable, stamp, sender) }
        case .install(let epoch, let position, let membership):
            if admit(epoch, from: sender) { install(epoch, position, membership, sender) }
        case .survey(let round): send(.surveyed(round: round, report), to: sender)
        case .promise(let epoch): promise(epoch, to: sender)
        case .read(let epoch, let position): serve(epoch, position, to: sender)
        case .synced(let epoch, let through, let stamp): acknowledge(epoch, through, stamp, sender, at: now)
        case .parted(let epoch, let report): part(epoch, report, sender, at: now)
        case .surveyed(let round, let report): surveyed(round, report, sender, at: now)
        case .promised(let epoch, let report): promised(epoch, report, sender, at: now)
        case .fetched(let epoch, let batch): fetched(epoch, batch, sender, at: now)
        case .deposed(let epoch, let current): refuse(epoch, current, sender)
        }
        return flush()
    }

    /// All records up to this one are synced here.
    package mutating func didSync(through index: UInt64, at now: Instant) -> [JournalDirective] {
        log.synced = max(log.synced, min(index, log.end.index))
        answerHome()
        advance(at: now)
        decide(at: now)
        return flush()
    }

    /// An epoch is remembered, and all that was written before it is synced.
    package mutating func didBegin(_ epoch: UInt64, at now: Instant) -> [JournalDirective] {
        let kept = promises.filter { $0.epoch == epoch && epoch == log.promised }
        promises.removeAll { $0.epoch <= epoch }
        for promise in kept { send(.promised(epoch: epoch, report), to: promise.candidate) }
        began(epoch, at: now)
        return flush()
    }

    /// Time has passed.
    package mutating func tick(at now: Instant) -> [JournalDirective] {
        refresh(at: now)
        press(at: now)
        if leadership != nil || candidacy != nil { directives.append(.wake(at: now + options.heartbeat)) }
        return flush()
    }

    /// Records were dropped from the journal that the state has; only durable ones may be.
    package mutating func didTrim(through index: UInt64) { log.trim(through: min(index, durable)) }

    mutating func flush() -> [JournalDirective] {
        defer { directives = [] }
        return directives
    }

    mutating func send(_ message: JournalMessage, to node: NodeID, through index: UInt64? = nil) {
        directives.append(.send(message, to: node, through: index))
    }

    /// Gives up what this node does in an older epoch.
    mutating func yield(to epoch: UInt64) {
        if let ended = leadership, ended.epoch < epoch {
            leadership = nil
            directives.append(.deposed(epoch: ended.epoch, by: epoch))
        }
        if let candidacy, candidacy.epoch.map({ $0 < epoch }) ?? false { giveUp(.superseded(by: epoch)) }
    }

    private mutating func refuse(_ epoch: UInt64, _ current: UInt64, _ sender: NodeID) {
        // What nodes have promised that have no say does not matter.
        guard log.membership.nodes.contains(sender) else { return }
        if leadership?.epoch == epoch || candidacy?.epoch == epoch, current > epoch { yield(to: current) }
    }
}
