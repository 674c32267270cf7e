import Glibc
import Wire

/// Waits for the daemons of a pool on this machine.
struct DevWatch: Sendable {
    /// How long a node may take for each thing that is waited for.
    static let patience = Duration.seconds(60)

    let pool: DevPool

    func link(to node: DevPool.Node) -> AgentLink { AgentLink(socket: pool.layout(of: node).agentSocket) }

    /// `nil` when it does not answer.
    func status(of node: DevPool.Node) async -> Surplus_V1_StatusReply? {
        try? await link(to: node).ask(within: .seconds(5)) { try await $0.getStatus(.init(), options: $1) }
    }

    /// Waits until the warden of a node lets agents in.
    func warden(of node: DevPool.Node) async throws {
        let socket = pool.layout(of: node).wardenSocket
        try await wait(for: node, "its warden does not answer") { access(socket, F_OK) == 0 }
    }

    /// Waits until the agent of a node answers.
    func agent(of node: DevPool.Node) async throws {
        try await wait(for: node, "does not answer") { await status(of: node) != nil }
    }

    /// Looks again and again, as long as the node's daemons live.
    func wait(for node: DevPool.Node, _ fault: String, until condition: () async -> Bool) async throws {
        let layout = pool.layout(of: node)
        let deadline = ContinuousClock.now + Self.patience
        while await !condition() {
            for daemon in [layout.warden, layout.agent] where daemon.hasEnded {
                throw Failure(object: node.name, fault: "a daemon of it ended", remedy: "it said last: \(daemon.lastWords)")
            }
            guard ContinuousClock.now < deadline else {
                throw Failure(object: node.name, fault: fault, remedy: "its agent said last: \(layout.agent.lastWords)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
