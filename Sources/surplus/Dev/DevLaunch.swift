import Glibc
import Synchronization
import Wire

/// Starts the daemons of a pool, and makes their nodes its members.
struct DevLaunch: Sendable {
    /// How long the nodes may take to find each other.
    static let patience = Duration.seconds(60)

    private let setup: DevSetup
    private let name: String
    private let console: Console
    private let daemons: DevDaemons

    /// - Throws: ``Failure`` when a program is missing.
    init(setup: DevSetup, name: String, console: Console) throws {
        self.setup = setup
        self.name = name
        self.console = console
        daemons = try DevDaemons(pool: setup.pool)
    }

    func run() async throws {
        let nodes = setup.pool.nodes
        for (index, node) in nodes.enumerated() {
            console.progress("starting \(node.name), \(index + 1) of \(nodes.count)")
            try setup.prepare(node)
            try daemons.start(node)
        }
        for node in nodes { try await waitUntil(node, "does not answer") { _ in true } }
        try await form(nodes)
        for node in nodes {
            console.progress("\(node.name) is looking for the others")
            try await waitUntil(node, "does not see the others") { Int($0.peersReachable) == nodes.count - 1 }
        }
    }

    /// The first node makes the pool, the others join it.
    private func form(_ nodes: [DevPool.Node]) async throws {
        let first = link(to: nodes[0])
        _ = try await first.ask { [name] in try await $0.initPool(.with { $0.name = name }, options: $1) }
        for node in nodes.dropFirst() {
            console.progress("\(node.name) is joining")
            let token = try await first.ask { try await $0.createToken(.init(), options: $1) }
            _ = try await link(to: node).ask(within: .seconds(60)) {
                try await $0.joinPool(
                    .with {
                        $0.address = nodes[0].address
                        $0.token = token.token
                    }, options: $1)
            }
        }
    }

    private func link(to node: DevPool.Node) -> AgentLink { AgentLink(socket: setup.pool.layout(of: node).agentSocket) }

    /// Asks a node again and again.
    private func waitUntil(_ node: DevPool.Node, _ fault: String, _ condition: (Surplus_V1_StatusReply) -> Bool) async throws {
        let layout = setup.pool.layout(of: node)
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if let status = try? await link(to: node).ask(within: .seconds(5), { try await $0.getStatus(.init(), options: $1) }),
                condition(status)
            {
                return
            }
            for daemon in [layout.agent, layout.warden] where daemon.hasEnded {
                throw Failure(object: node.name, fault: "a daemon of it ended", remedy: "it said last: \(daemon.lastWords)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(object: node.name, fault: fault, remedy: "its agent said last: \(layout.agent.lastWords)")
    }
}
