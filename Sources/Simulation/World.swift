import Bookkeeping
import Node
import Resources
import Trading

/// A pool under virtual time. One seed decides everything: who borrows, what is lost, who crashes, and when.
struct World {
    /// Something that is due.
    enum Occurrence {
        case deliver(from: Int, to: Int, TradeMessage)
        case committed(node: Int, life: Int, batch: Int)
        case wake(node: Int, life: Int)
        case event(node: Int, life: Int, NodeEvent)
        /// The warden's tick and the agent's reading of it.
        case machine(node: Int)
        case ownerChanges(node: Int)
        case crash
        case restart(node: Int)
        case somebodyBorrows
        /// A holder is done with its lease, or wants more of it.
        case done(node: Int, LeaseID)
        case extend(node: Int, LeaseID)
    }

    let scenario: Scenario
    let seed: UInt64
    var random: SeededGenerator
    var now = Instant(microseconds: 1_000_000)
    var nodes: [SimulatedNode] = []
    var queue = EventQueue<Occurrence>()
    var hash = TraceHash()
    var counts = Counts()
    var violations: [String] = []
    var transcript: [String]?
    /// Faults and new requests stop when this is over.
    var isBusy = true

    /// 2026-01-01, so that identifiers have plausible times.
    static let epoch: Int64 = 1_767_225_600_000_000

    init(scenario: Scenario, seed: UInt64, keepsTranscript: Bool) {
        self.scenario = scenario
        self.seed = seed
        random = SeededGenerator(seed: seed)
        transcript = keepsTranscript ? [] : nil
        let threshold = scenario.policy.thresholds(of: scenario.capacity)
        for index in 0..<scenario.nodes {
            let id = NodeID(at: Timestamp(microseconds: Self.epoch), using: &random)
            nodes.append(
                SimulatedNode(
                    id: id, name: "node\(index + 1)", disk: Disk(keepsEvents: keepsTranscript),
                    machine: Machine(capacity: scenario.capacity, threshold: threshold),
                    random: SeededGenerator(seed: random.next())))
        }
    }

    func moment(_ index: Int) -> Moment {
        Moment(boot: nodes[index].boot, instant: now, utc: Timestamp(microseconds: Self.epoch + now.microseconds))
    }

    func index(of id: NodeID) -> Int? { nodes.firstIndex { $0.id == id } }

    mutating func schedule(_ occurrence: Occurrence, after span: Microseconds) {
        queue.push(occurrence, at: now + max(.zero, span))
    }

    mutating func note(_ kind: String, _ index: Int, _ what: @autoclosure () -> String = "") {
        hash.combine(UInt64(bitPattern: now.microseconds))
        hash.combine(UInt64(index))
        hash.combine(kind)
        guard transcript != nil else { return }
        let seconds = Decimals.seconds(now)
        transcript?.append("\(seconds)  \(nodes[index].name)  \(kind)  \(what())")
    }

    // MARK: The run

    mutating func run() -> SeedResult {
        for index in nodes.indices { start(index) }
        for index in nodes.indices {
            schedule(.machine(node: index), after: random.span(.zero ... .seconds(1)))
            schedule(.ownerChanges(node: index), after: random.span(.zero ... .seconds(20)))
        }
        schedule(.somebodyBorrows, after: .seconds(1))
        schedule(.crash, after: random.span(.seconds(1)...scenario.crashEvery))
        let busyUntil = now + scenario.busyFor
        while violations.isEmpty, let (instant, occurrence) = queue.pop(before: busyUntil) { happen(instant, occurrence) }
        rest(from: busyUntil)
        return SeedResult(seed: seed, hash: hash.value, counts: counts, violations: violations, transcript: transcript)
    }

    /// Stops faults and requests; everything open must come to its end by itself.
    private mutating func rest(from instant: Instant) {
        guard violations.isEmpty else { return }
        now = max(now, instant)
        isBusy = false
        for index in nodes.indices where nodes[index].node == nil { start(index) }
        for index in nodes.indices {
            for entry in nodes[index].node?.leases.values ?? [] where entry.lease.role == .borrower && entry.lease.renewsItself {
                feed(.release(entry.id), to: index)
            }
        }
        let limit = now + scenario.restWithin
        while violations.isEmpty, !isAtRest, let (instant, occurrence) = queue.pop(before: limit) { happen(instant, occurrence) }
        if violations.isEmpty { checkAtRest() }
    }

    private mutating func happen(_ instant: Instant, _ occurrence: Occurrence) {
        now = max(now, instant)
        counts.occurrences += 1
        switch occurrence {
        case .deliver(let from, let to, let message): deliver(message, from: from, to: to)
        case .committed(let node, let life, let batch): committed(node, life, batch)
        case .wake(let node, let life): wake(node, life)
        case .event(let node, let life, let event): if nodes[node].life == life { feed(event, to: node) }
        case .machine(let node): tickMachine(node)
        case .ownerChanges(let node): changeOwner(node)
        case .crash: crashSomebody()
        case .restart(let node): if nodes[node].node == nil { start(node) }
        case .somebodyBorrows: somebodyBorrows()
        case .done(let node, let lease): feed(.release(lease), to: node)
        case .extend(let node, let lease): feed(.renew(lease, by: .minutes(1)), to: node)
        }
    }
}

enum Decimals {
    /// Seconds with three digits, aligned.
    static func seconds(_ instant: Instant) -> String {
        let milliseconds = instant.microseconds / 1000
        let (whole, rest) = (String(milliseconds / 1000), String(milliseconds % 1000))
        let padding = String(repeating: " ", count: max(0, 6 - whole.count))
        return padding + whole + "." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
