import Bookkeeping
import Node
import Resources
import Trading

/// A pool under virtual time. One seed and one plan of faults decide everything: who borrows, what is lost, who crashes, and when.
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
        case fault(Int)
        case faultEnds(Int)
        case crash(Fault.Crash)
        case restart(node: Int)
        case somebodyBorrows
        case somebodyRedeems
        case somebodyNets
        case somebodyDisputes
        /// A holder is done with its lease, or wants more of it.
        case done(node: Int, LeaseID)
        case extend(node: Int, LeaseID)
    }

    let scenario: Scenario
    let seed: UInt64
    let plan: FaultPlan
    /// What people and owners do.
    var random: SeededGenerator
    /// What the network does, apart, so that a plan with fewer faults has the same people.
    var network: SeededGenerator
    var now = World.beginning
    var nodes: [SimulatedNode] = []
    /// Where in ``nodes`` each one is.
    private var places: [NodeID: Int] = [:]
    var queue = EventQueue<Occurrence>()
    var hash = TraceHash()
    var counts = Counts()
    var coverage = Coverage()
    var violations: [Violation] = []
    var transcript: Transcript?
    /// Faults and new requests stop when this is over.
    var isBusy = true
    /// Faults that last, by their place in the plan.
    var active = SortedMap<Int, Fault>()
    /// Every netting that was ever recorded.
    var nettings = SortedMap<NettingID, Netting>()
    /// What forgers have heard.
    var overheard: [TradeMessage] = []

    /// More than happens at one node in any run that comes to its end, many times over.
    private static let mostOccurrences = 50_000

    static let beginning = Instant(microseconds: 1_000_000)
    /// 2026-01-01, so that identifiers have plausible times.
    static let epoch: Int64 = 1_767_225_600_000_000

    /// - Parameter plan: `nil`: one that is drawn from the seed.
    init(scenario: Scenario, seed: UInt64, plan: FaultPlan?, keepsTranscript: Bool) {
        self.scenario = scenario
        self.seed = seed
        random = SeededGenerator(seed: seed)
        network = SeededGenerator(seed: random.next())
        var dice = SeededGenerator(seed: random.next())
        self.plan = plan ?? .drawn(for: scenario, using: &dice)
        transcript = keepsTranscript ? Transcript() : nil
        let threshold = scenario.policy.thresholds(of: scenario.capacity)
        for index in 0..<scenario.nodes {
            let id = NodeID(at: Timestamp(microseconds: Self.epoch), using: &random)
            places[id] = index
            nodes.append(
                SimulatedNode(
                    id: id, name: "node\(index + 1)", disk: Disk(),
                    machine: Machine(capacity: scenario.capacity, threshold: threshold), usual: drawUsual(),
                    random: SeededGenerator(seed: random.next())))
        }
    }

    /// What the clocks of a node show.
    func moment(_ index: Int) -> Moment { nodes[index].clock.moment(at: now, epoch: Self.epoch) }

    func index(of id: NodeID) -> Int? { places[id] }

    mutating func schedule(_ occurrence: Occurrence, after span: Microseconds) {
        queue.push(occurrence, at: now + max(.zero, span))
    }

    /// Enters something into the trace.
    mutating func note(_ kind: String, _ index: Int?, _ text: @autoclosure () -> String = "") {
        hash.combine(UInt64(bitPattern: now.microseconds))
        hash.combine(UInt64(index ?? nodes.count))
        hash.combine(kind)
        transcript?.add(now - Self.beginning, index.map { nodes[$0].name } ?? "pool", kind, text())
    }

    // MARK: The run

    mutating func run() -> SeedResult {
        for (number, fault) in plan.faults.enumerated() { queue.push(.fault(number), at: Self.beginning + fault.at) }
        for index in nodes.indices { start(index) }
        for index in nodes.indices {
            schedule(.machine(node: index), after: random.span(.zero ... .seconds(1)))
            schedule(.ownerChanges(node: index), after: random.span(.zero ... .seconds(20)))
        }
        schedule(.somebodyBorrows, after: .seconds(1))
        schedule(.somebodyRedeems, after: .seconds(10))
        schedule(.somebodyNets, after: .minutes(1))
        schedule(.somebodyDisputes, after: .seconds(20))
        let busyUntil = now + scenario.busyFor
        while violations.isEmpty, let (instant, occurrence) = queue.pop(before: busyUntil) { happen(instant, occurrence) }
        rest(from: busyUntil)
        return SeedResult(
            seed: seed, hash: hash.value, counts: counts, coverage: coverage, plan: plan, violations: violations,
            lasted: now - Self.beginning, transcript: transcript)
    }

    /// Stops faults and requests; everything open must come to its end by itself.
    private mutating func rest(from instant: Instant) {
        guard violations.isEmpty else { return }
        now = max(now, instant)
        isBusy = false
        for number in active.keys { end(fault: number) }
        for index in nodes.indices where nodes[index].node == nil { start(index) }
        for index in nodes.indices {
            nodes[index].plays = false
            lookAround(index)
            // What a node that hung is still to hear may be older than that.
            schedule(.ownerChanges(node: index), after: .minutes(1))
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
        if counts.occurrences > nodes.count * Self.mostOccurrences {
            return violate("the pool comes to rest", 0, "more happens than in any pool that does")
        }
        switch occurrence {
        case .deliver(let from, let to, let message): deliver(message, from: from, to: to)
        case .committed(let node, let life, let batch): committed(node, life, batch)
        case .wake(let node, let life): wake(node, life)
        case .event(let node, let life, let event): if nodes[node].life == life { feed(event, to: node) }
        case .machine(let node): tickMachine(node)
        case .ownerChanges(let node): changeOwner(node)
        case .fault(let number): if isBusy { begin(fault: number) }
        case .faultEnds(let number): end(fault: number)
        case .crash(let crash): if isBusy { strike(down: crash) }
        case .restart(let node): if nodes[node].node == nil { start(node) }
        case .somebodyBorrows: somebodyBorrows()
        case .somebodyRedeems: somebodyRedeems()
        case .somebodyNets: somebodyNets()
        case .somebodyDisputes: somebodyDisputes()
        case .done(let node, let lease): done(lease, node)
        case .extend(let node, let lease): feed(.renew(lease, by: .minutes(1)), to: node)
        }
    }
}
