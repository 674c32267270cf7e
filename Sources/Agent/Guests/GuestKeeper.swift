import Bookkeeping
import Configuration
import Identity
import Kernel
import Logging
import Node
import Policy
import Reclaim
import Resources
import Sandbox
import Synchronization

/// Keeps the kernel in line with the leases, through the warden: sets resources aside, takes them back, and feeds what the
/// warden measured to the node. While there is no warden nothing is lent.
final class GuestKeeper: Sendable {
    enum Order: Hashable, Sendable {
        case open(LeaseID, Amounts, remaining: Microseconds)
        case change(LeaseID, Amounts, remaining: Microseconds)
        case close(LeaseID)
        case followPolicy
    }

    /// How a lent lease stands in the kernel.
    struct GuestState: Sendable {
        let ceiling: Amounts
        let isThrottled: Bool
    }

    struct State {
        var hello: WardenHello?
        var fault = "the warden was not reached yet"
        var readings: WardenReadings?
        /// When they were taken.
        var readAt = Instant(microseconds: 0)
        /// How often leases were throttled and let back, since the agent was started.
        var moves: (throttled: Int64, relieved: Int64) = (0, 0)
        /// The last step of each lease that is not just shaped.
        var latest: [LeaseID: Move] = [:]
        /// What leases had used when they were closed, since that was last asked for.
        var closed: [LeaseMeasurement] = []
        /// When the last step on the ladder was taken that is told of.
        var lastMove: Timestamp?
    }

    /// How often the machine is measured for decisions; the warden's own tick is shorter.
    private static let interval = Duration.seconds(1)
    private static let reconcileEvery = 30
    /// When to ask again while nothing is offered because the owner needed the machine.
    private static let coolDownHint = Microseconds.seconds(60)

    let warden: WardenClient?
    let house: Household
    let engine: Engine
    private let storage: StorageKeeper?
    let log: Logger
    let state = Mutex(State())
    private let orders: AsyncStream<Order>
    private let orderQueue: AsyncStream<Order>.Continuation

    /// - Parameter storage: where disk is lent.
    init(house: Household, engine: Engine, storage: StorageKeeper? = nil) {
        self.house = house
        self.engine = engine
        self.storage = storage
        log = house.log
        switch house.configuration.warden {
        case .path(let path): warden = WardenClient(socket: path, release: Software.version)
        case .none: warden = nil
        }
        (orders, orderQueue) = AsyncStream.makeStream()
    }

    /// Tells the warden about a changed policy.
    func followPolicy() { order(.followPolicy) }

    /// Queues an order; never blocks.
    func order(_ order: Order) { orderQueue.yield(order) }

    func run() async {
        guard let warden else { return await runWithoutWarden() }
        await withDiscardingTaskGroup { group in
            group.addTask { for await order in self.orders { await self.carryOut(order, warden) } }
            group.addTask { await self.watch(warden) }
            group.addTask { for await notice in warden.notices { self.pass(on: notice) } }
        }
    }

    private func runWithoutWarden() async {
        let refusal = Refusal(term: "lending", reason: "this node is configured without a warden: it only borrows")
        state.withLock { $0.fault = "none: configured without a warden, nothing is lent" }
        engine.handle(.lending(refusal))
        for await order in orders {
            switch order {
            case .open(let lease, _, _): engine.handle(.guestFailed(lease, reason: refusal.reason))
            case .change, .followPolicy: break
            case .close(let lease): engine.handle(.guestClosed(lease, nil))
            }
        }
    }

    // MARK: Orders

    private func carryOut(_ order: Order, _ warden: WardenClient) async {
        do {
            switch order {
            case .open(let lease, let amounts, let remaining):
                try await set(lease, amounts, remaining, warden)
                engine.handle(.guestOpened(lease))
            case .change(let lease, let amounts, let remaining):
                try await set(lease, amounts, remaining, warden)
            case .followPolicy: try await warden.setPolicy(policy)
            case .close(let lease):
                let meter = try await warden.closeLease(lease)
                state.withLock { state in
                    state.latest[lease] = nil
                    if let meter { state.close(lease, meter, at: engine.now.instant) }
                }
                engine.handle(.guestClosed(lease, meter.map { Self.reading(lease, $0) }))
            }
        } catch let fault as WardenFault where fault.kind != .version {
            log.warning("the warden did not carry out an order", metadata: ["order": "\(order)", "error": "\(fault)"])
            // What could not be opened is not lent. What could not be closed is tried again by reconciliation.
            if case .open(let lease, _, _) = order { engine.handle(.guestFailed(lease, reason: "\(fault)")) }
        } catch {
            // a warden that is back soon, as after an upgrade, is told what it missed: it costs nobody a lease
            lose(error)
        }
    }

    private func set(
        _ lease: LeaseID, _ amounts: Amounts, _ remaining: Microseconds, _ warden: WardenClient
    ) async throws {
        let known = engine.read { $0.leases[lease]?.lease }
        try await warden.openLease(
            LeaseGrant(
                lease: lease, amounts: amounts, floor: amounts, remaining: max(.zero, remaining),
                notice: (known?.terms.notice ?? .standard).notice, leaving: known?.state == .reclaiming ? known?.reason : nil))
    }

    // MARK: Watching

    /// Measures every second, reconciles every half minute and when the warden says something else of itself than before, as after
    /// a new start or another self-test.
    private func watch(_ warden: WardenClient) async {
        var round = 0
        while !Task.isCancelled {
            do {
                let hello = try await warden.hello()
                if state.withLock({ $0.hello != hello }) {
                    try await greet(warden, hello)
                    round = 0
                }
                var readings = try await warden.readings()
                readings.owner.disk = storage?.ownerUsage ?? .zero
                state.withLock { ($0.readings, $0.readAt) = (readings, engine.now.instant) }
                engine.handle(.lending(hindrance))
                engine.handle(.readings(owner: readings.owner, guests: readings.leases.map { Self.reading($0.lease, $0.meter) }))
                if round % Self.reconcileEvery == 0 { try await reconcile(warden) }
                round += 1
            } catch {
                lose(error)
            }
            await Task.rest(for: Self.interval)
        }
    }

    private func greet(_ warden: WardenClient, _ hello: WardenHello) async throws {
        try await warden.setPolicy(policy)
        state.withLock {
            $0.hello = hello
            $0.fault = ""
        }
        log.info("reached the warden", metadata: ["enforcement": "\(hello.enforcement)"])
        try catchUp(on: try await warden.moves(after: Timestamp(microseconds: 0)))
        for lease in try await warden.readings().leases {
            if let taking = lease.taking { takeBack(lease.lease, taking) }
        }
    }

    /// Why nothing can be offered here whatever the policy says.
    private var hindrance: Refusal? {
        state.withLock { state in
            if let fault = state.hello?.sandboxFault {
                return Refusal(term: "lending", reason: "no program can be run here: \(fault)")
            }
            guard let coolDown = state.readings?.enforcer?.coolDown, coolDown > .zero else { return nil }
            return Refusal(
                term: "lending", reason: "its owner needed the machine a moment ago", retryAfter: Self.coolDownHint)
        }
    }

    private func lose(_ error: any Error) {
        let isNews = state.withLock { state in
            defer {
                state.hello = nil
                state.readings = nil
                state.fault = "\(error)"
            }
            return state.hello != nil || state.fault != "\(error)"
        }
        guard isNews else { return }
        log.error("the warden cannot be reached: nothing is lent until it can", metadata: ["error": "\(error)"])
        engine.handle(.lending(Refusal(term: "lending", reason: "the warden cannot be reached", retryAfter: .seconds(10))))
    }

    /// Compares what the kernel holds with what was lent: closes what nobody holds, opens and changes what should be there.
    private func reconcile(_ warden: WardenClient) async throws {
        // A warden that was restarted has its policy from its own records; saying it again costs nothing.
        try await warden.setPolicy(policy)
        let inventory = try await warden.inventory()
        let entries = engine.read { node in node.leases.unsettled.values.filter { $0.lease.role == .lender && !$0.lease.isOfDisk }
        }
        for order in Reconciliation.orders(for: entries, held: inventory.leases, at: engine.now) { self.order(order) }
    }

    /// What is billed: the part of the usage that was not consumed while throttled below the floor.
    static func reading(_ lease: LeaseID, _ meter: Sandbox.LeaseMeter) -> MeterReading {
        MeterReading(lease: lease, usage: meter.billable, throttled: meter.throttled)
    }

    // MARK: For people

    var areLimitsEnforced: Bool { state.withLock { $0.hello.map { !$0.enforcement.hasPrefix("none") } ?? false } }

    /// How limits are enforced, or why nothing is lent.
    var enforcement: String { state.withLock { $0.hello?.enforcement ?? $0.fault } }

    /// What the owner and the guests use now; `nil` while the warden cannot be reached.
    var usage: (owner: Amounts, guests: Amounts)? {
        state.withLock { $0.readings.map { ($0.owner, $0.guests) } }
    }

    /// What was measured last; `nil` while the warden cannot be asked.
    var measuredUsage: (owner: Amounts, guests: Amounts)? { state.withLock { $0.readings.map { ($0.owner, $0.guests) } } }

    /// What the warden measured last; `nil` while it cannot be asked.
    var readings: WardenReadings? { state.withLock(\.readings) }

    /// The last step on the ladder of a lease, since the agent was started.
    func lastMove(of lease: LeaseID) -> Move? { state.withLock { $0.latest[lease] } }

    var isThrottling: Bool { state.withLock { $0.readings?.leases.contains { $0.ceiling < $0.amounts.cpu } ?? false } }

    func state(of lease: LeaseID) -> GuestState? {
        state.withLock { state in
            state.readings?.leases.first { $0.lease == lease }.map {
                GuestState(ceiling: Amounts(cpu: $0.ceiling, memory: $0.amounts.memory), isThrottled: $0.ceiling < $0.amounts.cpu)
            }
        }
    }

    /// How what runs under a lease fares; `nil` while the warden cannot be asked, or before it has measured it.
    func standing(of lease: LeaseID) -> JobStanding? {
        state.withLock { state in
            guard let found = state.readings?.leases.first(where: { $0.lease == lease }) else { return nil }
            let reason = found.taking?.reason ?? state.latest[lease]?.change.reason
            return JobStanding(rung: found.rung, reason: found.rung == .shaped ? "" : reason ?? "", using: found.using)
        }
    }

    // MARK: For the history

    var moves: (throttled: Int64, relieved: Int64) { state.withLock { $0.moves } }

    /// The counters of the leases that run here, and of those that were closed since the last call; `nil` while the warden cannot
    /// be asked. An older one does not tell of disks and of pressure.
    func measurements() async -> (running: [LeaseMeasurement], closed: [LeaseMeasurement])? {
        guard let warden else { return ([], []) }
        guard state.withLock({ $0.hello != nil }) else { return nil }
        let running: [LeaseMeasurement]
        do {
            running = try await warden.measurements() ?? measurementsOfReadings
        } catch {
            // that it is gone is found and said by those who watch it
            return nil
        }
        let closed = state.withLock { state in
            defer { state.closed = [] }
            return state.closed
        }
        return (running, closed)
    }

    private var measurementsOfReadings: [LeaseMeasurement] {
        state.withLock { state in
            (state.readings?.leases ?? []).map {
                LeaseMeasurement(
                    lease: $0.lease, at: state.readAt, cpu: $0.meter.measured.cpu, memory: $0.using.memory,
                    activity: GroupActivity())
            }
        }
    }
}

extension GuestKeeper.State {
    /// How many closed leases wait for being asked for at most.
    private static let mostClosed = 1024

    fileprivate mutating func close(_ lease: LeaseID, _ meter: Sandbox.LeaseMeter, at now: Instant) {
        guard closed.count < Self.mostClosed else { return }
        closed.append(
            LeaseMeasurement(lease: lease, at: now, cpu: meter.measured.cpu, memory: .zero, activity: GroupActivity()))
    }
}
