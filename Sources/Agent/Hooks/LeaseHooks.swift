import Bookkeeping
import Kernel
import LedgerStore
import Node
import Policy
import Resources
import Trading

/// Runs the policy's hooks when the term of a lent lease begins and when it has ended, and so for one that a borrow rule holds.
/// What a hook does has no bearing on the lease.
struct LeaseHooks: EventReceiver {
    let house: Household
    let engine: Engine
    let name: String = "policy"
    let peerName: @Sendable (NodeID) -> String

    init(house: Household, engine: Engine, name: @escaping @Sendable (NodeID) -> String) {
        self.house = house
        self.engine = engine
        peerName = name
    }

    /// The policy may be another one by the time that the agent runs again.
    var isDurable: Bool { false }

    func wants(_ event: Event) -> Bool { command(for: event.kind) != nil }

    func take(_ stored: StoredEvent) async -> Delivery {
        let event = stored.event
        guard let command = command(for: event.kind), let id = event.subjects.first.flatMap({ LeaseID($0) }),
            let lease = engine.read({ $0.leases[id] })?.lease, !lease.endedUnused, lease.role == .lender || lease.rule != nil
        else { return .done }
        let program = HookProgram(command, environment: environment(of: lease, event))
        let limit = house.policy.current.policy.hooks.timeout
        do {
            let ending = try await onThread { try program.run(atMost: limit) }
            return ending == .code(0) ? .done : .refused("\(command[0]) ended with \(ending)")
        } catch {
            return .refused("\(error)")
        }
    }

    /// What to run when this happens; `nil` when nothing.
    private func command(for kind: String) -> [String]? {
        let hooks = house.policy.current.policy.hooks
        let command =
            switch kind {
            case "lease.granted", "lease.begun", "rule.acquired": hooks.started
            case "lease.closed": hooks.ended
            default: [String]()
            }
        return command.isEmpty ? nil : command
    }

    private func environment(of lease: Lease, _ event: Event) -> [String: String] {
        [
            "SURPLUS_EVENT": event.kind, "SURPLUS_LEASE": lease.id.description, "SURPLUS_AGREEMENT": lease.agreement.description,
            "SURPLUS_PEER": lease.peer.description, "SURPLUS_PEER_NAME": peerName(lease.peer), "SURPLUS_USER": lease.user,
            "SURPLUS_ROLE": lease.role.rawValue, "SURPLUS_RULE": lease.rule ?? "",
            "SURPLUS_CPU_MILLICORES": String(lease.amounts.cpu.rawValue),
            "SURPLUS_MEMORY_BYTES": String(lease.amounts.memory.rawValue),
            "SURPLUS_DISK_BYTES": String(lease.amounts.disk.rawValue),
            "SURPLUS_REASON": event.kind == "lease.closed" ? event.text : "",
        ].filter { !$0.value.utf8.contains(0) }
    }
}
