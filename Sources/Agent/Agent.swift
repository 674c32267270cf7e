import Bookkeeping
import Configuration
import GRPCCore
import Glibc
import Identity
import Kernel
import LedgerStore
import Logging
import NIOCore
import Resources
import ServiceLifecycle
import Synchronization
import Wire

/// A node's agent: answers local users on its socket and, once the node is in a pool, lends and borrows there.
package actor Agent: Service {
    nonisolated let house: Household
    nonisolated let accountant: Accountant
    nonisolated let metrics: MetricsServer?
    nonisolated let startedAt: Timestamp
    nonisolated let trail: AuditTrail
    /// What is wrong with the ledger, found after the start.
    nonisolated let damage = Mutex<String?>(nil)
    private var membership: PoolMembership?
    private var running: Task<Void, any Error>?
    private let memberships: AsyncStream<Task<Void, any Error>>
    private let added: AsyncStream<Task<Void, any Error>>.Continuation

    /// Opens what is in the data directory.
    ///
    /// - Parameters:
    ///   - file: where the configuration was read from, to be looked at again.
    ///   - recentLog: where `log` leaves what it writes, for those who ask the agent for it.
    /// - Throws: when another agent has the directory, or something in it is damaged.
    package init(
        _ configuration: AgentConfiguration, from file: String? = nil, log: Logger, recentLog: RecentLog = RecentLog()
    ) throws {
        let clock = try SystemClock()
        try self.init(
            configuration, from: file, clock: { clock.now() }, log: log, recentLog: recentLog, manager: ServiceManager())
    }

    /// The agent, or what serves in its place when its ledger is damaged.
    package static func open(
        _ configuration: AgentConfiguration, from file: String, log: Logger, recentLog: RecentLog
    ) throws -> any Service {
        do {
            return try Agent(configuration, from: file, log: log, recentLog: recentLog)
        } catch let error as LedgerStoreError where error.isDamage {
            return try ReadOnlyAgent(configuration, fault: "\(error)", log: log, manager: ServiceManager())
        }
    }

    init(
        _ configuration: AgentConfiguration, from file: String? = nil, clock: @escaping @Sendable () -> Moment, log: Logger,
        recentLog: RecentLog = RecentLog(), manager: ServiceManager = .absent
    ) throws {
        let story = ChangeFeed()
        let store = try LedgerStore(
            directory: configuration.dataDirectory + "/ledger", options: Self.ledgerOptions(configuration, log),
            onEvents: story.notify)
        let (policy, fault) = try PolicyDesk.open(configuration.policy, in: store)
        if let fault { log.error("\(fault)") }
        let excess = ConfigurationChecks.excess(of: configuration.capacity, over: try Machine().capacity())
        for finding in excess { log.warning("\(finding.finding)") }
        house = Household(
            configuration: configuration, configurationFile: file, capacity: try Self.capacity(of: configuration), store: store,
            story: story,
            policy: policy,
            identities: IdentityStore(dataDirectory: configuration.dataDirectory), clock: clock, log: log, recentLog: recentLog,
            manager: manager)
        accountant = Accountant(house: house)
        metrics = configuration.accounting.metrics.map { MetricsServer(on: $0, log: log) }
        startedAt = clock().utc
        trail = AuditTrail(
            store: try AuditStore(path: configuration.dataDirectory + "/audit.sqlite"), clock: house.utc, log: log)
        (memberships, added) = AsyncStream.makeStream()
        if let identity = try house.identities.identity() {
            membership = try PoolMembership(identity, in: house, accountant: accountant)
        }
    }

    /// Serves until graceful shutdown or cancellation. Guests go on running; they are found again at the next start.
    package func run() async throws {
        let control = try ControlListener(
            path: house.configuration.socket, services: [ControlService(agent: self)], guards: guards, log: house.log)
        defer {
            house.store.close()
            trail.store.close()
        }
        try await withGracefulShutdownHandler {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await control.run() }
                    group.addTask { await self.announce(control) }
                    group.addTask { try await self.runMemberships() }
                    group.addTask { repeat { HeapLimits.giveBack() } while await Task.rest(for: HeapLimits.interval) }
                    group.addTask { await self.accountant.run { await self.poolIfAny?.guests } }
                    if let metrics = self.metrics {
                        group.addTask { await metrics.run { await self.metricsPage(accepting: $0) } }
                    }
                    if let interval = self.house.manager.interval {
                        group.addTask { await self.signsOfLife.run(every: .microseconds(interval.rawValue)) }
                    }
                    defer { group.cancelAll() }
                    // the announcement ends first
                    for _ in 0..<2 { try await group.next() }
                }
            }
        } onGracefulShutdown: {
            self.house.manager.stopping()
            control.beginGracefulShutdown()
        }
        house.log.notice("stopped")
    }

    /// What each call of the control API passes, wherever it comes from.
    private nonisolated var guards: [any ServerInterceptor] {
        let roles = LocalRoles(rights: house.configuration.rights)
        return [RightsGuard(roles: roles, trail: trail) { await self.poolIfAny?.roster }]
    }

    private func announce(_ control: ControlListener) async {
        guard await control.waitUntilListening() else { return }
        let strangers = LocalRoles(rights: house.configuration.rights).strangers
        if !strangers.isEmpty {
            house.log.warning(
                "the configuration gives rights to users or groups that are not known here",
                metadata: ["names": "\(strangers.joined(separator: " "))"])
        }
        let configuration = house.configuration
        house.log.notice("started", metadata: ["socket": "\(configuration.socket)", "data": "\(configuration.dataDirectory)"])
        house.manager.started(house.summary)
        Task { await self.recountLedger() }
    }

    /// Reads all of the ledger once, beside all other work: what SQLite takes for whole may still have other content than was written.
    private nonisolated func recountLedger() async {
        let store = house.store
        let fault: String?
        do {
            fault = try await onThread { try store.verify(leavesCheckpoints: false, signatures: nil) }.fault.map { "\($0)" }
        } catch let error as LedgerStoreError {
            if case .closed = error { return }  // the agent stops
            guard case .damaged = error else {
                return house.log.warning("the ledger was not read once through: \(error); see 'surplus ledger verify'")
            }
            fault = "\(error)"
        } catch { return }  // cancelled
        guard let fault else { return }
        damage.withLock { $0 = fault }
        house.log.critical(
            "the ledger is damaged: \(fault); stop the agent and restore the ledger with 'surplus ledger restore' (Docs/ledger.md)"
        )
    }

    private nonisolated var signsOfLife: SignsOfLife {
        SignsOfLife(house: house) { await self.poolIfAny?.engine }
    }

    private func runMemberships() async throws {
        if membership != nil { try await startMembership() }
        try await withTaskCancellationHandler {
            for await membership in memberships {
                try await withTaskCancellationHandler {
                    try await membership.value
                } onCancel: {
                    membership.cancel()
                }
            }
        } onCancel: {
            added.finish()
        }
    }

    /// Runs the membership, unless it runs; returns once peers can connect, or throws when they never will.
    private func startMembership() async throws {
        guard let membership, running == nil else { return }
        let (up, isUp) = AsyncThrowingStream.makeStream(of: Void.self)
        let (control, guards) = (ControlService(agent: self), guards)
        let task = Task {
            do {
                try await membership.run(serving: control, behind: guards) { isUp.yield() }
                isUp.finish()
            } catch {
                isUp.finish(throwing: error)
                guard !Task.isCancelled else { return }
                throw error
            }
        }
        running = task
        added.yield(task)
        for try await _ in up { return }
    }

    // MARK: The pool

    /// The membership of the pool.
    ///
    /// - Throws: when this node is in none.
    func pool() throws -> PoolMembership {
        guard let membership else {
            throw RPCError(
                code: .failedPrecondition,
                message: "this node is in no pool: found one with 'surplus pool init NAME' or join one with 'surplus pool join'")
        }
        return membership
    }

    var poolIfAny: PoolMembership? { membership }

    func initPool(named name: String) async throws -> PoolMembership {
        try checkOutsidePool()
        var random = SystemRandomNumberGenerator()
        let now = house.clock().utc
        let founding = try PoolFounding(
            pool: PoolID(at: now, using: &random), name: name, node: NodeID(at: now, using: &random),
            nodeName: house.configuration.name, address: house.configuration.advertise.description, at: now)
        try await house.store.commit([
            .state(.member, id: founding.identity.node.description, founding.record),
            .event(
                Event(
                    at: now, kind: "pool.founded",
                    subjects: [founding.identity.pool.description, founding.identity.node.description],
                    text: "founded the pool '\(name)'")),
        ])
        try house.identities.save(founding.authority)
        try house.identities.save(founding.issuing)
        return try await enter(founding.identity)
    }

    func join(address: String, token text: String) async throws -> PoolMembership {
        try checkOutsidePool()
        let (identity, records) = try await Joining(house: house).join(address: address, token: try EnrolmentToken(text: text))
        try await house.store.commit(
            records.map { .state(.member, id: $0.node.description, $0.record) } + [
                .event(
                    Event(
                        at: house.clock().utc, kind: "pool.joined",
                        subjects: [identity.pool.description, identity.node.description],
                        text: "joined the pool '\(identity.poolName)'"))
            ])
        return try await enter(identity)
    }

    private func enter(_ identity: NodeIdentity) async throws -> PoolMembership {
        try house.identities.save(identity)
        let membership = try PoolMembership(identity, in: house, accountant: accountant)
        self.membership = membership
        try await startMembership()
        return membership
    }

    /// Leaves the pool: an issuing node states it, then everything of the membership ends here.
    func leavePool(force: Bool) async throws -> NodeIdentity {
        let membership = try pool()
        let identity = membership.gate.current
        let open = membership.engine.read { $0.leases.values.filter { $0.lease.state != .settled }.count }
        let nettings = membership.engine.read { $0.nettings.count { !$0.isOver } }
        guard open == 0 || force else {
            throw RPCError(
                code: .failedPrecondition,
                message:
                    "\(open) leases are not settled: release them and wait, or leave with --force and lose what they still bring")
        }
        guard nettings == 0 || force else {
            throw RPCError(
                code: .failedPrecondition,
                message: "\(nettings) nettings are not over: wait, or leave with --force and leave the others in doubt")
        }
        do { try await Leaving(membership: membership).announce() } catch  where force {
            house.log.warning("left without telling the pool", metadata: ["error": "\(error)"])
        }
        running?.cancel()
        _ = await running?.result
        running = nil
        self.membership = nil
        try house.identities.forgetPool()
        // A member whose record cannot be read is passed over at every start, and so it is here.
        let stale = try house.store.states(.member, as: MemberRecord.self).compactMap { try? Member(document: $0.document).node }
        let users = membership.roster.users.all.map(\.user)
        try await house.store.commit(
            stale.map { .state(.member, id: $0.description, nil) } + users.map { .state(.user, id: $0.description, nil) })
        return identity
    }

    /// Checks what would keep this node from being in a pool, before anybody is told that it is.
    private func checkOutsidePool() throws {
        guard let membership else {
            let listen = house.configuration.listen
            return try Wire.Endpoint(host: listen.host, port: Int(listen.port)).checkFree()
        }
        let name = membership.gate.current.poolName
        throw RPCError(
            code: .failedPrecondition,
            message: "this node is in the pool '\(name)' already: leave it first with 'surplus pool leave'")
    }

    private static func ledgerOptions(_ configuration: AgentConfiguration, _ log: Logger) -> LedgerStore.Options {
        var options = LedgerStore.Options()
        guard let standby = configuration.standby else { return options }
        var settings = StandbySettings(directory: standby.directory)
        (settings.history, settings.maximumSize) = (standby.history, standby.maximumSize)
        options.standby = settings
        options.onStandby = { fault in
            guard let fault else { return log.notice("the ledger's standby is written again") }
            log.warning("the ledger's standby is not written: \(fault); the agent goes on, and tries again every few seconds")
        }
        return options
    }

    // MARK: Capacity

    private static func capacity(of configuration: AgentConfiguration) throws -> Amounts {
        let machine = try Machine().capacity()
        let stated = configuration.capacity
        let disk = try configuration.storage.map { try StorageKeeper.capacity(at: $0.directory) } ?? .zero
        return Amounts(
            cpu: min(stated.cpu ?? machine.cpu, machine.cpu), memory: min(stated.memory ?? machine.memory, machine.memory),
            disk: min(stated.disk ?? disk, disk))
    }
}
