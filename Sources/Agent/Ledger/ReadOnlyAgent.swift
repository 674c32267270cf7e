import Configuration
import GRPCCore
import Identity
import Kernel
import LedgerStore
import Logging
import Resources
import ServiceLifecycle
import Wire

/// What serves in an agent's place when its ledger is damaged: nothing is decided, lent or borrowed, but statements, exports and
/// verifications still come out of what can be read. Guests that run are the warden's, as whenever there is no agent.
package struct ReadOnlyAgent: Service {
    private let configuration: AgentConfiguration
    private let fault: String
    private let desk: LedgerDesk?
    private let ledger: ClosedLedger
    private let trail: AuditTrail
    private let startedAt: Timestamp
    private let manager: ServiceManager
    private let log: Logger

    /// - Parameter fault: why the ledger cannot be opened.
    init(_ configuration: AgentConfiguration, fault: String, log: Logger, manager: ServiceManager) throws {
        self.configuration = configuration
        self.fault = fault
        self.manager = manager
        self.log = log
        startedAt = SystemClock.utc()
        let directory = configuration.dataDirectory + "/ledger"
        ledger = try ClosedLedger(directory: directory)
        trail = AuditTrail(
            store: try AuditStore(path: configuration.dataDirectory + "/audit.sqlite"), clock: SystemClock.utc, log: log)
        desk = try IdentityStore(dataDirectory: configuration.dataDirectory).identity().map { [ledger] identity in
            let roster = MemberRegistry.roster(
                identity, ledger.states(.member, as: MemberRecord.self), ledger.states(.user, as: UserRecord.self))
            let notary = identity.notary()
            for member in roster.members { notary.learn(member) }
            return LedgerDesk(ledger: ledger, own: identity.node, roster: MemberRoster(roster), notary: notary)
        }
    }

    /// What everybody who wants more is told.
    private var reason: String { "\(fault). \(Self.remedy(configuration))" }

    private static func remedy(_ configuration: AgentConfiguration) -> String {
        let standby = configuration.standby?.directory ?? "STANDBY"
        let directory = configuration.dataDirectory + "/ledger"
        return "The ledger can only be read. To restore it: stop the agent, move \(directory) away, and run "
            + "'surplus ledger restore --from \(standby) --to \(directory)'"
    }

    package func run() async throws {
        let roles = LocalRoles(rights: configuration.rights)
        let control = try ControlListener(
            path: configuration.socket, services: [service], guards: [RightsGuard(roles: roles, trail: trail) { nil }], log: log)
        defer { trail.store.close() }
        log.critical("\(reason)")
        try await withGracefulShutdownHandler {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await control.run() }
                    if let interval = manager.interval {
                        group.addTask {
                            while await Task.rest(for: .microseconds(interval.rawValue)) { self.manager.alive() }
                        }
                    }
                    if await control.waitUntilListening() { manager.started("the ledger is damaged: only reading is possible") }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        } onGracefulShutdown: {
            self.manager.stopping()
            control.beginGracefulShutdown()
        }
    }

    private var service: ReadOnlyControl {
        ReadOnlyControl(
            methods: Right.needed.keys.sorted { $0.method < $1.method }, reason: reason, status: { status },
            diagnose: {
                let finding = Finding.fault(.disk, "ledger", fault, remedy: Self.remedy(configuration))
                return .with { $0.findings = [Surplus_V1_Finding(finding)] }
            },
            ledgerStatus: {
                let inventory = try await onThread { [ledger] in try ledger.inventory() }
                var reply = Surplus_V1_LedgerStatusReply(inventory, nil)
                reply.fault = reason
                return reply
            },
            verify: { request in
                do { return try await reader().verify(request) } catch { throw RPCError(explaining: error) }
            },
            entries: { request, write in
                do { try await reader().streamEntries(request, write) } catch { throw RPCError(explaining: error) }
            })
    }

    private func reader() throws -> LedgerDesk {
        guard let desk else { throw RPCError(code: .failedPrecondition, message: "this node is in no pool. \(reason)") }
        return desk
    }

    private var status: Surplus_V1_StatusReply {
        .with {
            $0.name = configuration.name
            $0.version = "surplus \(Software.version)"
            $0.address = configuration.advertise.description
            $0.startedAt = startedAt.microseconds
            $0.dataDirectory = configuration.dataDirectory
            $0.policyName = configuration.policy.policy.name
            $0.faults = [reason]
        }
    }
}
