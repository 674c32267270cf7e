import Resources

/// The metadata home of a volume: who may keep what, who waits for whom, and which record comes next. All of it but the metadata
/// themselves is forgotten when the home ends; sessions tell it again.
///
/// Requests may come in any order, and answers and recalls may overtake each other.
package struct VolumeHome<State: VolumeState> {
    package struct Options: Hashable, Sendable {
        /// After so long without a sign of life a session is over. It has to stop by itself before, by its own clock, counted
        /// from when it last asked something that was answered.
        package var sessionTerm = Microseconds.seconds(10)
        /// So long a session may take to give a lease back while it is alive.
        package var recallLimit = Microseconds.seconds(30)
        /// Requests of one session that may wait.
        package var waitingLimit = 1024
        /// So much longer than their term sessions have to come back to a home that begins: for so long another one, which is deposed, may
        /// have answered them (``JournalReplica/isInCharge(at:)``).
        package var grace = Microseconds.zero

        package init() {}
    }

    struct Presence {
        var heard: Instant
        var waiting = 0
        /// Whether it is not listened to any more. It is over when it has to have stopped by itself.
        var isShunned = false
    }

    struct Waiting {
        let key: RequestKey
        let request: HomeRequest
    }

    package internal(set) var volume: Volume<State>
    package let epoch: UInt64
    let options: Options
    var presences = SortedMap<SessionID, Presence>()
    var leases: LeaseTable
    var locks = LockTables()
    /// New inodes have this number or a higher one, so that none has one of those that were made, told of, and lost with a home before.
    let firstNumber: InodeNumber
    /// Requests that wait for leases, in the order in which they came.
    var waiting: [Waiting] = []
    /// Answers that wait for a record to be durable.
    var syncs: [(record: UInt64, key: RequestKey, answer: HomeAnswer)] = []
    /// Records up to this one are durable.
    package internal(set) var durable: UInt64
    var recovery: Recovery?
    /// Where blocks can be.
    var stores: [StorePlace] = []
    /// What has become of the records of sessions that the home did not know any more when it began.
    var outcomes: [SessionID: [ReplayOutcome]] = [:]
    var directives: [HomeDirective] = []

    /// - Parameters:
    ///   - volume: with all records applied that are durable.
    ///   - epoch: higher than that of any home before, also of one on the same node: a record is named by its place and its epoch.
    package init(
        _ volume: Volume<State>, epoch: UInt64, _ options: Options = Options(), at now: Moment
    ) {
        self.volume = volume
        self.epoch = epoch
        self.options = options
        leases = LeaseTable(epoch: epoch)
        let next = volume.state.header.nextInode
        firstNumber = volume.state.header.applied == 0 ? next : InodeNumber(rawValue: next.rawValue + Self.mostLost)
        durable = volume.state.header.applied
        recovery = Recovery(of: volume.state.allSessions.map(\.id), until: now.instant + options.sessionTerm + options.grace)
    }

    /// More records than a journal may have taken and lost.
    private static var mostLost: UInt64 { 1 << 20 }

    // MARK: What happens

    /// A session asks something.
    package mutating func receive(_ request: HomeRequest, _ key: RequestKey, at now: Moment) -> [HomeDirective] {
        if case .begin(let node) = request {
            begin(key, node, at: now)
        } else if case .resume(let node) = request {
            resume(key, node, at: now)
        } else if presences[key.session]?.isShunned ?? true {
            answer(key, .refused(.stale))
        } else {
            presences[key.session]?.heard = now.instant
            take(Waiting(key: key, request: request), at: now)
        }
        return flush()
    }

    /// The journal has made records durable, up to this one.
    package mutating func becomeDurable(_ record: UInt64) -> [HomeDirective] {
        durable = max(durable, record)
        let done = syncs.filter { $0.record <= durable }
        syncs.removeAll { $0.record <= durable }
        for sync in done { answer(sync.key, sync.answer) }
        return flush()
    }

    /// Time has passed.
    package mutating func tick(_ now: Moment) -> [HomeDirective] {
        if let recovery, recovery.end <= now.instant { finishRecovery(at: now) }
        let oldest = Instant(microseconds: now.instant.microseconds - options.sessionTerm.rawValue)
        let silent = presences.pairs.filter { $1.heard <= oldest }.map(\.0)
        for session in silent { expel(session, "nothing was heard of it for \(options.sessionTerm.text)", at: now) }
        let patience = Instant(microseconds: now.instant.microseconds - options.recallLimit.rawValue)
        for session in leases.overdue(before: patience) {
            shun(session, "it did not give back what others waited for, for \(options.recallLimit.text)")
        }
        if let next = nextWake { directives.append(.wake(at: next)) }
        return flush()
    }

    private var nextWake: Instant? {
        let silence = presences.values.map(\.heard).min().map { $0 + options.sessionTerm }
        return [silence, recovery?.end, leases.oldestRecall.map { $0 + options.recallLimit }].compactMap { $0 }.min()
    }

    mutating func answer(_ key: RequestKey, _ answer: HomeAnswer) { directives.append(.answer(key, answer)) }

    mutating func answer(_ key: RequestKey, _ answer: HomeAnswer, whenDurable record: UInt64) {
        guard record > durable else { return self.answer(key, answer) }
        syncs.append((record, key, answer))
        directives.append(.settle(record))
    }

    mutating func flush() -> [HomeDirective] {
        defer { directives = [] }
        return directives
    }

    // MARK: Waiting

    /// Carries a request out, or lets it wait for leases of others.
    private mutating func take(_ new: Waiting, at now: Moment) {
        // What is given back lets others go on, and never waits itself.
        switch new.request {
        case .giveBack(let returns): return giveBack(returns, new.key, at: now)
        case .end: return end(new.key, at: now)
        case .ping: return answer(new.key, .done)
        case .stores: return answer(new.key, .stores(stores))
        case .damaged(let block, let node): return hear(of: block, on: node, new.key)
        case .reclaim(let leases, let open): return reclaim(leases, open, new.key)
        case .reclaimLocks(let locks): return reclaim(locks, new.key)
        case .unlock(let place): return unlock(place, new.key)
        case .giveUp(let wait): return giveUp(wait, new.key)
        case .replay(let records): return replay(records, new.key)
        case .reclaimed: return reclaimed(new.key, at: now)
        default: break
        }
        guard (presences[new.key.session]?.waiting ?? 0) < options.waitingLimit else {
            return answer(new.key, .refused(.tryAgain))
        }
        if recovery != nil || !isReady(new, behind: waiting[...], at: now) {
            waiting.append(new)
            presences[new.key.session]?.waiting += 1
            return
        }
        perform(new.request, new.key, at: now)
    }

    /// Whether nothing is in the way of a request; what is, is recalled.
    private mutating func isReady(_ request: Waiting, behind others: ArraySlice<Waiting>, at now: Moment) -> Bool {
        let needs = needs(of: request.request)
        var isFree = true
        for need in needs {
            for conflict in leases.conflicts(with: need, of: request.key.session) {
                isFree = false
                let recall = leases.recall(
                    need.inode, from: conflict.holder, keeping: conflict.keeping, at: now.instant)
                if let recall { directives.append(.recall(recall, from: conflict.holder)) }
            }
        }
        // Whoever came before and wants the same has the first turn, or it would wait for ever; but not before who holds the lease
        // that it waits for, who may have to tell changes before it can give back.
        let open = needs.filter { need in
            if case .acquire = request.request, leases.isRecalled(need.inode, from: request.key.session) { return true }
            return !leases.covers(need, of: request.key.session)
        }
        guard isFree, !open.isEmpty else { return isFree }
        return !others.contains { other in
            self.needs(of: other.request).contains { theirs in
                open.contains { $0.inode == theirs.inode && ($0.kind == .toChange || theirs.kind == .toChange) }
            }
        }
    }

    /// Carries out what nothing is in the way of any more.
    mutating func goOn(at now: Moment) {
        guard recovery == nil else { return }
        var index = 0
        while index < waiting.count {
            let next = waiting[index]
            if isReady(next, behind: waiting[..<index], at: now) {
                waiting.remove(at: index)
                presences[next.key.session]?.waiting -= 1
                perform(next.request, next.key, at: now)
            } else {
                index += 1
            }
        }
    }

    /// What a request needs of inodes, in the order in which it names them.
    private func needs(of request: HomeRequest) -> [LeaseNeed] {
        func reading(_ inode: InodeNumber) -> LeaseNeed { LeaseNeed(inode: inode, kind: .toRead) }
        func changing(_ inode: InodeNumber) -> LeaseNeed { LeaseNeed(inode: inode, kind: .toChange) }
        switch request {
        case .lookup(let name, let directory):
            let found = volume.state.entry(name, in: directory).map { [reading($0.inode)] } ?? []
            return [reading(directory)] + found
        case .attributes(let inode), .target(let inode), .list(let inode, _, _), .extents(let inode, _, _),
            .extendedAttribute(_, let inode), .extendedAttributeNames(let inode):
            return [reading(inode)]
        case .change(let operation, _, _, _): return operation.inodes(in: volume.state).map(changing)
        case .acquire(let lease, let inode): return [lease == .write ? changing(inode) : reading(inode)]
        default: return []
        }
    }

    private mutating func perform(_ request: HomeRequest, _ key: RequestKey, at now: Moment) {
        switch request {
        case .change(let operation, let slot, let number, let durably):
            let origin = Record.Origin(session: key.session, slot: slot, number: number)
            change(operation, origin, key, durably: durably, at: now)
        case .synchronize(let record): synchronize(record, key)
        case .acquire(let lease, let inode): acquire(lease, inode, key)
        case .close(let inodes): close(inodes, key, at: now)
        case .lock(let lock, let wait): self.lock(lock, waiting: wait, key)
        case .lockConflict(let lock): answer(key, .lockConflict(conflict(with: lock, of: key.session)))
        default: answer(key, read(request, for: key.session))
        }
    }
}

extension Operation {
    /// Inodes that it changes, as the names in it lead to them now. What is under them but is not named stays as it is.
    func inodes(in state: some VolumeState) -> [InodeNumber] {
        func led(_ parent: InodeNumber, _ name: FileName) -> [InodeNumber] {
            [parent] + (state.entry(name, in: parent).map { [$0.inode] } ?? [])
        }
        switch self {
        case .make(let new): return [new.parent]
        case .link(let inode, let parent, _): return [parent, inode]
        case .unlink(let parent, let name, _), .removeDirectory(let parent, let name, _): return led(parent, name)
        case .rename(let rename): return led(rename.parent, rename.name) + led(rename.newParent, rename.newName)
        case .setAttributes(let inode, _), .setExtendedAttribute(let inode, _, _, _), .removeExtendedAttribute(let inode, _),
            .allocate(let inode, _, _, _), .punch(let inode, _), .discard(let inode):
            return [inode]
        case .write(let files, _, _): return files.map(\.inode)
        case .place, .forget, .begin, .end, .reserve, .resize, .appoint, .advance: return []
        }
    }
}
