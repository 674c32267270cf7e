import Resources
import Volumes

/// A session that does things at random, keeps what its leases allow it to keep, and tells a home that began again what it has.
struct PlayedSession {
    let id: SessionID
    let node: NodeID
    /// What it holds, and how the inode was when it was told.
    var cache: [InodeNumber: Kept] = [:]
    /// Stamps of recalls that were heeded: what is older is not taken.
    private var heeded: [InodeNumber: UInt64] = [:]

    struct Kept {
        var lease: CacheLease
        var inode: Inode?
        var stamp: UInt64
    }

    var open: Set<InodeNumber> = []
    /// Changes that were answered and may be lost yet.
    var kept: [Record] = []
    /// What it waits for.
    var asked: [UInt64: HomeRequest] = [:]
    /// Of the home that knows all that it has; 0 before it began.
    var epoch: UInt64 = 0
    private var connected: UInt64 = 0
    var isOver = false
    /// Whether it takes up a connection, and tells a home that began again what it has.
    var isBusy = true
    var outbox: [(RequestKey, HomeRequest)] = []
    /// What it was told that was wrong.
    var complaints: [String] = []
    private var slots: [UInt16: UInt64] = [:]
    private var numbers: UInt64 = 0

    init(_ number: UInt64) { (id, node) = (session(number), Resources.NodeID(high: 0, low: number)) }

    mutating func ask(_ request: HomeRequest) {
        numbers += 1
        asked[numbers] = request
        outbox.append((RequestKey(session: id, number: numbers), request))
    }

    /// Asks for a change, if a slot is free.
    mutating func change(_ operation: Operation, durably: Bool = false) {
        let used = asked.values.compactMap { if case .change(_, let slot, _, _) = $0 { slot } else { nil } }
        guard let slot = (0..<UInt16(4)).first(where: { !used.contains($0) }) else { return }
        slots[slot, default: 0] += 1
        ask(.change(operation, slot: slot, number: slots[slot] ?? 1, durably: durably))
    }

    /// Up to which record an answer says that all is durable.
    func durable(after answer: HomeAnswer, to number: UInt64) -> UInt64 {
        switch (asked[number], answer) {
        case (.synchronize(let record), .done): record
        case (.change(_, _, _, durably: true), .changed(_, let record, _, _)): record.index
        default: 0
        }
    }

    /// Whether it waits for a change of its own to an inode, which makes what it keeps uncertain.
    var isChanging: Bool { asked.values.contains { if case .change = $0 { true } else { false } } }

    // MARK: What it is told

    mutating func receive(_ recall: LeaseRecall) {
        heeded[recall.inode] = max(heeded[recall.inode] ?? 0, recall.stamp)
        if let held = cache[recall.inode], held.stamp < recall.stamp {
            cache[recall.inode] = recall.keeping.map { Kept(lease: min(held.lease, $0), inode: held.inode, stamp: held.stamp) }
        }
        let (isOpen, inode) = (open.contains(recall.inode), recall.inode)
        ask(.giveBack([LeaseReturn(inode, keeping: recall.keeping, isOpen: isOpen, stamp: recall.stamp)]))
    }

    /// Gives back what nobody asked for.
    mutating func giveBack(_ inode: InodeNumber) {
        guard let kept = cache.removeValue(forKey: inode) else { return }
        heeded[inode] = max(heeded[inode] ?? 0, kept.stamp)
        ask(.giveBack([LeaseReturn(inode, isOpen: open.contains(inode), stamp: kept.stamp)]))
    }

    mutating func receive(_ answer: HomeAnswer, to number: UInt64) {
        guard let request = asked.removeValue(forKey: number) else {
            return complaints.append("an answer to nothing, \(number) of \(id): \(answer)")
        }
        switch answer {
        case .inode(let inode, let grants): take(grants, inode)
        case .absent(let grants): take(grants)
        case .entries(_, _, let grants): take(grants)
        case .changed(let reply, let record, let grants, _):
            if case .change(_, _, _, durably: true) = request {
                kept.removeAll { $0.index <= record.index }
            } else {
                kept.append(record)
            }
            forgetAttributes()
            take(grants, reply.inode)
        case .repeated: forgetAttributes()
        case .done:
            switch request {
            case .synchronize(let record): kept.removeAll { $0.index <= record }
            case .replay: ask(.reclaimed)
            default: break
            }
        case .began(let identity, let isRecovering): began(identity, isRecovering)
        case .reclaimed(let grants):
            for grant in grants { cache[grant.inode]?.stamp = grant.stamp }
            ask(.replay(kept))
        case .recovered(let outcomes): recovered(outcomes)
        case .refused(.stale):
            if case .resume = request { isOver = true }
        default: break
        }
    }

    private mutating func take(_ grants: [LeaseGrant], _ inode: Inode? = nil) {
        for grant in grants where grant.stamp > max(heeded[grant.inode] ?? 0, cache[grant.inode]?.stamp ?? 0) {
            let known = grant.inode == inode?.number ? inode : nil
            cache[grant.inode] = Kept(lease: grant.lease, inode: known, stamp: grant.stamp)
        }
    }

    /// What it changed itself it does not know without asking.
    private mutating func forgetAttributes() {
        for number in cache.keys { cache[number]?.inode = nil }
    }

    private mutating func began(_ identity: HomeIdentity, _ isRecovering: Bool) {
        connected = identity.epoch
        guard isRecovering else {
            // Who has not heard what has become of its records asks for it.
            if epoch != 0, epoch != connected { return ask(.reclaimed) }
            epoch = connected
            return askAgain()
        }
        let claims = cache.keys.sorted().map { LeaseClaim($0, cache[$0]?.lease ?? .read) }
        // Stamps of another home say nothing to this one.
        heeded = [:]
        for number in cache.keys { cache[number]?.stamp = 0 }
        ask(.reclaim(claims, open: open.subtracting(cache.keys).sorted()))
    }

    private mutating func recovered(_ outcomes: [ReplayOutcome]) {
        epoch = connected
        var places: [FileTime: UInt64] = [:]
        for outcome in outcomes { places[outcome.time] = outcome.record }
        kept = kept.compactMap { record in
            guard let place = places[record.time] else { return nil }
            return Record(
                index: place, epoch: record.epoch, time: record.time, origin: record.origin, operation: record.operation)
        }
        askAgain()
    }

    /// The connection is gone, with all that was on it.
    mutating func disconnect() {
        outbox = []
        isBusy = true
        // Whatever was under way for the connection itself begins anew.
        asked = asked.filter { _, request in
            switch request {
            case .begin, .resume, .reclaim, .replay, .reclaimed, .giveBack, .ping: false
            default: true
            }
        }
        ask(.resume(node: node))
    }

    private mutating func askAgain() {
        isBusy = false
        let again = asked.filter { _, request in
            switch request {
            case .resume, .giveBack, .ping: false
            default: true
            }
        }
        for number in again.keys.sorted() {
            guard let request = again[number] else { continue }
            outbox.append((RequestKey(session: id, number: number), request))
        }
    }
}

extension Reply {
    /// The inode that an answer to a change tells of.
    fileprivate var inode: Inode? {
        switch self {
        case .inode(let inode): inode
        default: nil
        }
    }
}
