import Node
import Policy
import Resources
import Trading

/// A fleet under virtual time: real nodes trade, the real enforcer stands between owners and guests.
///
/// What is modelled: each owner uses what the trace says, the same all through a sample; the network takes a millisecond and loses
/// nothing; what is recorded is durable at once; a guest uses all the processing that it gets. Nodes exchange receipts and
/// compare leases every ten minutes in place of the product's two and a half, which changes nothing where nothing is lost.
struct Fleet {
    enum Occurrence {
        case sample(Int)
        case minute
        case submit(task: Int)
        case ask(task: Int)
        case deliver(from: Int, to: Int, TradeMessage)
        case wake(node: Int, life: Int)
        case tick(node: Int)
        case guestOpened(node: Int, life: Int, LeaseID)
        case down(node: Int)
        case up(node: Int)
    }

    static let beginning = Instant(microseconds: 1_000_000)
    static let epoch: Int64 = 1_767_225_600_000_000  // 2026-01-01, so that identifiers have plausible times
    private static let delay = Microseconds.milliseconds(1)

    let scenario: FleetScenario
    var now = beginning
    var random: SeededGenerator
    var nodes: [FleetNode] = []
    private var places: [NodeID: Int] = [:]
    var queue = EventQueue<Occurrence>()
    var tasks: [FleetTask]
    var taskOfRequest: [RequestID: Int] = [:]
    var taskOfLease: [LeaseID: Int] = [:]
    /// What guests had used when they were closed, for those whose jobs have not heard of it.
    var usedUnder: [LeaseID: CoreMicroseconds] = [:]
    var isOver = false
    var report = FleetReport()
    /// The sample in the making.
    var pending = FleetReport.Sample()

    init(_ scenario: FleetScenario) {
        self.scenario = scenario
        random = SeededGenerator(seed: scenario.seed)
        let count = UInt64(max(1, scenario.owners.machines.count))
        tasks = scenario.jobs.map { FleetTask(job: $0, home: Int($0.user % count)) }
        let threshold = scenario.policy.thresholds(of: scenario.capacity)
        for index in scenario.owners.machines.indices {
            let id = NodeID(at: Timestamp(microseconds: Self.epoch), using: &random)
            places[id] = index
            nodes.append(
                FleetNode(
                    id: id, machine: Machine(capacity: scenario.capacity, threshold: threshold),
                    random: SeededGenerator(seed: random.next())))
        }
    }

    var moment: Moment {
        Moment(boot: BootID("boot"), instant: now, utc: Timestamp(microseconds: Self.epoch + now.microseconds))
    }

    func index(of id: NodeID) -> Int? { places[id] }

    /// Samples of the longest trace.
    var length: Int { scenario.owners.machines.map(\.count).max() ?? 0 }

    mutating func schedule(_ occurrence: Occurrence, after span: Microseconds) {
        queue.push(occurrence, at: now + max(.zero, span))
    }

    // MARK: The run

    /// - Parameter progress: is told after each sample how many there were.
    mutating func run(_ progress: (Int) -> Void = { _ in }) -> FleetReport {
        for index in nodes.indices { start(index) }
        for number in 0...length { queue.push(.sample(number), at: Self.beginning + scenario.sample * Int64(number)) }
        schedule(.minute, after: .seconds(30))
        for (number, task) in tasks.enumerated() { schedule(.submit(task: number), after: task.job.submitted) }
        for outage in scenario.outages where nodes.indices.contains(outage.machine) {
            schedule(.down(node: outage.machine), after: outage.from)
            schedule(.up(node: outage.machine), after: outage.until)
        }
        let end = Self.beginning + scenario.sample * Int64(length)
        while let (instant, occurrence) = queue.pop(before: end) {
            happen(instant, occurrence)
            if case .sample(let number) = occurrence { progress(number) }
        }
        countJobs()
        settle(from: end)
        audit()
        return report
    }

    /// Gives everything back and lets the books come to rest.
    private mutating func settle(from instant: Instant) {
        now = max(now, instant)
        isOver = true
        for index in nodes.indices where nodes[index].node == nil {
            nodes[index].downs = 0
            start(index)
        }
        for index in nodes.indices {
            for entry in nodes[index].node?.leases.values ?? [] where entry.lease.role == .borrower && entry.lease.isOpen {
                feed(.release(entry.id), to: index)
            }
        }
        let limit = now + .hours(1)
        while let (instant, occurrence) = queue.pop(before: limit) { happen(instant, occurrence) }
    }

    private mutating func happen(_ instant: Instant, _ occurrence: Occurrence) {
        now = instant
        report.occurrences += 1
        switch occurrence {
        case .sample(let number): beginSample(number)
        case .minute: readOwners()
        case .submit(let task): enqueue(task)
        case .ask(let task): ask(task)
        case .deliver(let from, let to, let message):
            if nodes[to].node != nil { feed(.message(from: nodes[from].id, message), to: to) }
        case .wake(let index, let life):
            guard nodes[index].life == life, nodes[index].wake == now else { return }
            nodes[index].wake = nil
            feed(.tick, to: index)
        case .tick(let index):
            guard nodes[index].tick == now else { return }
            nodes[index].tick = nil
            tick(index)
        case .guestOpened(let index, let life, let lease):
            if nodes[index].life == life { feed(.guestOpened(lease), to: index) }
        case .down(let index): takeDown(index)
        case .up(let index): bringUp(index)
        }
    }

    // MARK: Nodes

    /// Starts an agent from what is durable.
    mutating func start(_ index: Int) {
        var rhythm = Rhythm.usual
        (rhythm.receipts, rhythm.reconciling) = (.minutes(10), .minutes(10))
        rhythm.sample = scenario.sample
        var node = Node(
            id: nodes[index].id, capacity: scenario.capacity, policy: scenario.policy, restoring: nodes[index].disk.snapshot,
            rhythm: rhythm, at: moment)
        nodes[index].life += 1
        nodes[index].wake = nil
        let outcome = node.resume(at: moment, random: &nodes[index].random, notary: StandInNotary(node: nodes[index].id))
        nodes[index].node = node
        carryOut(outcome, index)
        if nodes[index].usage != nil { beginLending(index) }
    }

    /// Nothing is lent before the machine was looked at.
    mutating func beginLending(_ index: Int) {
        feed(.readings(owner: nodes[index].machine.owner, guests: nodes[index].machine.readings), to: index)
        feed(.lending(nil), to: index)
    }

    mutating func feed(_ event: NodeEvent, to index: Int) {
        guard var node = nodes[index].node.take() else { return }
        let outcome = node.handle(
            event, at: moment, random: &nodes[index].random, notary: StandInNotary(node: nodes[index].id))
        nodes[index].node = node
        carryOut(outcome, index)
    }

    private mutating func carryOut(_ outcome: Outcome, _ index: Int) {
        if let wake = outcome.wake, wake != nodes[index].wake {
            nodes[index].wake = max(wake, now)
            queue.push(.wake(node: index, life: nodes[index].life), at: max(wake, now))
        }
        nodes[index].disk.commit(outcome.records, at: moment)
        if let fault = nodes[index].disk.fault, !report.faults.contains(fault) { report.faults.append(fault) }
        for action in outcome.actions { perform(action, index) }
    }

    private mutating func perform(_ action: NodeAction, _ index: Int) {
        switch action {
        case .send(let peer, let message):
            guard let target = self.index(of: peer) else { return }
            report.messages += 1
            schedule(.deliver(from: index, to: target, message), after: Self.delay)
        case .openGuest(let lease, let amounts, let remaining):
            nodes[index].machine.open(lease, amounts, until: now + remaining, appetite: .whole)
            schedule(.guestOpened(node: index, life: nodes[index].life, lease), after: Self.delay)
            look(at: index)
        case .changeGuest(let lease, let amounts, let remaining):
            nodes[index].machine.change(lease, amounts, until: now + remaining)
            look(at: index)
        case .closeGuest(let lease):
            let reading = closeGuest(lease, index)
            feed(.guestClosed(lease, reading), to: index)
        case .decided(let request, .success(let leases)): begin(request, leases, index)
        case .decided(let request, .failure(let refusal)): refuse(request, refusal)
        case .changed(let lease): look(at: lease, index)
        // Nobody of a fleet lends disk.
        case .openStore, .closeStore: break
        case .renewed, .adjusted, .disputeDecided, .netting, .readHistory, .recall, .reconciliation: break
        }
    }
}
