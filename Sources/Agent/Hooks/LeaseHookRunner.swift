import Bookkeeping
import Kernel
import LedgerStore
import Logging
import Node
import Policy
import Resources
import Trading

/// Runs the policy's hooks when a lease is lent and when it has ended, one after the other, in the order of the story.
///
/// Each runs at most once: those of what happened while the agent was not running are left out. What a hook does has no bearing
/// on the lease.
struct LeaseHookRunner: Sendable {
    /// Hooks that wait while others run; more are left out and logged.
    private static let mostWaiting = 1000
    private static let page = 200

    let house: Household
    let engine: Engine
    let name: @Sendable (NodeID) -> String

    func run() async {
        do {
            var after = try house.store.lastEvents(1).last?.sequence ?? 0
            for await _ in engine.announcements() {
                after = try await follow(after)
            }
        } catch {
            house.log.error("the hooks of leases stopped: \(error)")
        }
    }

    private func follow(_ sequence: Int64) async throws -> Int64 {
        var after = sequence
        var page: [StoredEvent] = []
        var waiting: [(hook: [String], environment: [String: String])] = []
        repeat {
            page = try house.store.events(after: after, limit: Self.page)
            for stored in page {
                after = stored.sequence
                guard let hook = hook(for: stored.event) else { continue }
                guard waiting.count < Self.mostWaiting else {
                    house.log.warning("left out a hook: too many wait", metadata: ["event": "\(stored.event.kind)"])
                    continue
                }
                waiting.append(hook)
            }
        } while page.count == Self.page
        for hook in waiting { await run(hook.hook, hook.environment) }
        return after
    }

    /// What to run when this happened; `nil` when nothing.
    private func hook(for event: Event) -> (hook: [String], environment: [String: String])? {
        let hooks = house.policy.current.policy.hooks
        let command = event.kind == "lease.granted" ? hooks.started : event.kind == "lease.closed" ? hooks.ended : []
        guard !command.isEmpty, let id = event.subjects.first.flatMap({ LeaseID($0) }),
            let lease = engine.read({ $0.leases[id] })?.lease, lease.role == .lender
        else { return nil }
        return (command, environment(of: lease, event))
    }

    private func environment(of lease: Lease, _ event: Event) -> [String: String] {
        [
            "SURPLUS_EVENT": event.kind, "SURPLUS_LEASE": lease.id.description, "SURPLUS_AGREEMENT": lease.agreement.description,
            "SURPLUS_PEER": lease.peer.description, "SURPLUS_PEER_NAME": name(lease.peer), "SURPLUS_USER": lease.user,
            "SURPLUS_CPU_MILLICORES": String(lease.amounts.cpu.rawValue),
            "SURPLUS_MEMORY_BYTES": String(lease.amounts.memory.rawValue),
            "SURPLUS_REASON": event.kind == "lease.closed" ? event.text : "",
        ].filter { !$0.value.utf8.contains(0) }
    }

    private func run(_ command: [String], _ environment: [String: String]) async {
        let limit = house.policy.current.policy.hooks.timeout
        let program = HookProgram(command, environment: environment)
        let lease = environment["SURPLUS_LEASE"] ?? ""
        do {
            let ending = try await onThread { try program.run(atMost: limit) }
            guard ending != .code(0) else { return }
            house.log.warning("a hook failed", metadata: ["hook": "\(command[0])", "lease": "\(lease)", "ending": "\(ending)"])
        } catch {
            house.log.warning(
                "a hook could not be run", metadata: ["hook": "\(command[0])", "lease": "\(lease)", "error": "\(error)"])
        }
    }
}
