import Resources
import Volumes

/// Nodes that keep the journal of a volume, on a network that loses, delays, doubles and disorders messages, and people who have
/// others take over at any time.
struct JournalWorld {
    private struct Message {
        let (from, to): (Int, Int)
        let content: JournalMessage
        /// With a copy of the state.
        var copy: [Record] = []
    }

    private(set) var nodes: [JournalNode] = []
    private var messages: [Message] = []
    /// Pairs that hear nothing of each other.
    private var cuts: [Set<Int>] = []
    private var now = Instant(microseconds: 0)
    private var random: SeededGenerator
    private var count: UInt64 = 0
    private var homes: [UInt64: Int] = [:]

    /// What was said to be durable.
    private(set) var told: [Record] = []
    private(set) var faults: [String] = []
    private var takeovers = 0
    private var copies = 0
    private var refusals: [TakeoverRefusal] = []

    var counts: SortedMap<String, Int> {
        func count(_ isCounted: (TakeoverRefusal) -> Bool) -> Int { refusals.count { isCounted($0) } }
        return SortedMap([
            ("durable records", told.count), ("homes", takeovers), ("copies of the state", copies),
            ("refused for want of others", count { if case .unheard = $0 { true } else { false } }),
            ("refused as another takes over", count { if case .superseded = $0 { true } else { false } }),
        ])
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let count = Int.random(in: 3...5, using: &random)
        let ids = (1...count).map { NodeID(high: 0, low: UInt64($0)) }
        let backups = Int.random(in: 0...2, using: &random)
        let first = JournalMembership(JournalSet(home: ids[0], backups: ids[1..<1 + backups]))
        nodes = ids.map { JournalNode($0, first) }
        takeOver(0, backups: Array(ids[1..<1 + backups]))
    }

    var isLed: Bool { nodes.contains { $0.replica?.isHome ?? false } }

    // MARK: What happens

    mutating func step(faults isFaulty: Bool = true) {
        now = now + .milliseconds(1)
        let one = Int.random(in: 0..<nodes.count, using: &random)
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<350: deliver()
        case 350..<600: carryOut(nodes[one].sync(at: now), on: one)
        case 600..<850: write(one)
        case 850..<900: if var replica = nodes[one].replica { keep(replica.tick(at: now), &replica, on: one) }
        case 900..<910: nodes[one].trim()
        case 910..<925: begin(one)
        default: if isFaulty { breakSomething(one) }
        }
    }

    private mutating func breakSomething(_ one: Int) {
        let other = Int.random(in: 0..<nodes.count, using: &random)
        switch Int.random(in: 0..<75, using: &random) {
        case 0..<3: nodes[one].crash()
        case 3..<9: if nodes[one].replica == nil { nodes[one].restart() }
        case 9..<12: if one != other { cuts.append([one, other]) }
        case 12..<18: if let cut = cuts.randomElement(using: &random) { cuts.removeAll { $0 == cut } }
        case 18: isolate(one)
        case 19..<22: takeOver(one, backups: someNodes(besides: one))
        case 22..<26: change(one, someNodes(besides: one))
        case 26..<29: if !messages.isEmpty { messages.removeAll { _ in Bool.random(using: &random) } }
        default: break
        }
    }

    private mutating func isolate(_ one: Int) {
        for other in nodes.indices where other != one { cuts.append([one, other]) }
    }

    private mutating func someNodes(besides one: Int) -> [NodeID] {
        let others = nodes.map(\.id).filter { $0 != nodes[one].id }.shuffled(using: &random)
        return Array(others.prefix(Int.random(in: 0...2, using: &random)))
    }

    /// A home that began again, or was deposed by nobody who made it, goes on.
    private mutating func begin(_ one: Int) {
        guard let replica = nodes[one].replica, replica.log.membership.set.home == nodes[one].id, !replica.isHome else { return }
        takeOver(one, backups: replica.log.membership.set.backups)
    }

    mutating func takeOver(_ one: Int, backups: [NodeID]) {
        guard var replica = nodes[one].replica else { return }
        count += 1
        keep(replica.takeOver(backups: backups, round: count, at: now), &replica, on: one)
    }

    private mutating func change(_ one: Int, _ backups: [NodeID]) {
        guard var replica = nodes[one].replica else { return }
        let directives = replica.change(backups: backups, at: now)
        keep(directives ?? [], &replica, on: one)
    }

    private mutating func write(_ one: Int) {
        guard nodes[one].replica?.isHome ?? false else { return }
        count += 1
        append(.resize(capacity: count, inodeLimit: 1), on: one)
    }

    private mutating func append(_ operation: Volumes.Operation, on one: Int) {
        guard var replica = nodes[one].replica, let epoch = replica.writingEpoch else { return }
        count += 1
        let record = Record(
            index: UInt64(nodes[one].history.count) + 1, epoch: epoch, time: FileTime(rawValue: Int64(count)),
            operation: operation)
        keep(replica.append([record], at: now) ?? [], &replica, on: one)
    }

    private mutating func keep(_ directives: [JournalDirective], _ replica: inout JournalReplica, on one: Int) {
        nodes[one].replica = replica
        carryOut(directives, on: one)
    }

    private mutating func deliver() {
        guard let place = messages.indices.randomElement(using: &random) else { return }
        // Most come in the order in which they were sent.
        let chosen = Int.random(in: 0..<4, using: &random) > 0 ? 0 : place
        let message = messages[chosen]
        if Int.random(in: 0..<20, using: &random) > 0 { messages.remove(at: chosen) }
        guard !cuts.contains([message.from, message.to]), var replica = nodes[message.to].replica else { return }
        let directives = replica.receive(message.content, from: nodes[message.from].id, at: now)
        nodes[message.to].replica = replica
        carryOut(directives, on: message.to, copy: message.copy)
    }

    private mutating func carryOut(_ directives: [JournalDirective], on one: Int, copy: [Record] = []) {
        for directive in directives {
            switch directive {
            case .write(let records): nodes[one].take(.write(records))
            case .truncate(let index): nodes[one].take(.truncate(after: index))
            case .begin(let epoch): nodes[one].take(.begin(epoch: epoch))
            case .restart:
                copies += 1
                nodes[one].take(.restart(history: copy))
            case .send(let message, let to, let through): send(message, from: one, to: to, through)
            case .copyState(let to): sendCopy(from: one, to: to)
            case .durable(let index): learn(index, on: one)
            case .appoint(let membership): append(.appoint(membership), on: one)
            case .lead(let epoch): lead(epoch, one)
            case .refused(let refusal): refusals.append(refusal)
            case .deposed, .wake: break
            }
        }
    }

    private func place(of node: NodeID) -> Int? { nodes.firstIndex { $0.id == node } }

    private mutating func send(_ message: JournalMessage, from one: Int, to node: NodeID, _ through: UInt64?) {
        guard let to = place(of: node) else { return }
        var content = message
        if let through, let after = message.after, after < through {
            content = message.filled(with: nodes[one].records(after + 1...through))
        }
        let envelope = JournalEnvelope(content, of: VolumeID(high: 1, low: 1))
        if (try? JournalEnvelope(code: content.code, encoded: envelope.encoded)) != envelope {
            faults.append("\(content) is not what it was when it is read again")
        }
        messages.append(Message(from: one, to: to, content: content))
    }

    private mutating func sendCopy(from one: Int, to node: NodeID) {
        guard let to = place(of: node), let replica = nodes[one].replica, let epoch = replica.writingEpoch else { return }
        guard let position = replica.log.outline.position(of: replica.durable), position.index > 0 else { return }
        let history = Array(nodes[one].history.prefix(Int(position.index)))
        var membership = JournalMembership(JournalSet(home: nodes[0].id, backups: []))
        for case .appoint(let appointed) in history.map(\.operation) { membership = appointed }
        let content = JournalMessage.install(epoch: epoch, at: position, membership: membership)
        messages.append(Message(from: one, to: to, content: content, copy: history))
    }

    // MARK: What has to hold

    private mutating func learn(_ index: UInt64, on one: Int) {
        let durable = nodes[one].history.prefix(Int(index))
        for (record, before) in zip(durable, told) where record != before {
            return faults.append("record \(before.index) was durable, and on \(nodes[one].id) another one is in its place")
        }
        if durable.count > told.count { told = Array(durable) }
    }

    private mutating func lead(_ epoch: UInt64, _ one: Int) {
        takeovers += 1
        if homes.updateValue(one, forKey: epoch) != nil { faults.append("there are two homes of epoch \(epoch)") }
        if nodes[one].history.count < told.count {
            faults.append("record \(told.count) was durable, and the new home has it not")
        }
        learn(UInt64(nodes[one].history.count), on: one)
        checkAuthority(besides: one)
    }

    /// Who is the home by its own account has no right to answer once another one could give something to sessions.
    private mutating func checkAuthority(besides one: Int) {
        let later = now + JournalNode.options.authority
        for other in nodes where other.id != nodes[one].id && other.replica?.isInCharge(at: later + .milliseconds(1)) ?? false {
            faults.append("\(other.id) would answer as the home, and \(nodes[one].id) is it")
        }
    }

    /// Everything works again, until some node is the home and all its backups have all.
    mutating func settle() {
        cuts = []
        for one in nodes.indices where nodes[one].replica == nil { nodes[one].restart() }
        for round in 0..<60 {
            for _ in 0..<300 {
                now = now + .milliseconds(1)
                for one in nodes.indices { carryOut(nodes[one].sync(at: now), on: one) }
                for _ in 0..<4 { deliver() }
            }
            for one in nodes.indices {
                if var replica = nodes[one].replica { keep(replica.tick(at: now), &replica, on: one) }
            }
            if round % 10 == 9, !isLed {
                takeOver(round / 10 % nodes.count, backups: someNodes(besides: round / 10 % nodes.count))
            }
        }
    }

    /// What is wrong when everything has worked for a while.
    mutating func judge() -> [String] {
        guard let home = nodes.first(where: { $0.replica?.isHome ?? false }), let membership = home.replica?.log.membership else {
            return faults + ["nobody is the home: \(refusals.suffix(3))"]
        }
        if !membership.outgoing.isEmpty { faults.append("\(membership) has not come to an end") }
        for node in nodes where membership.nodes.contains(node.id) && node.disk != home.disk {
            faults.append("\(node.id) has \(node.disk.count) records, and the home \(home.disk.count)")
        }
        if !home.disk.starts(with: told) { faults.append("something that was durable is lost") }
        return faults
    }
}

extension JournalMessage {
    fileprivate var after: UInt64? {
        switch self {
        case .append(_, let batch, _, _), .fetched(_, let batch): batch.after.index
        default: nil
        }
    }
}
