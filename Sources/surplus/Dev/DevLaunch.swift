import Glibc
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
        for node in nodes {
            console.progress("starting \(node.name)")
            try setup.prepare(node)
            _ = try daemons.startWarden(of: node)
        }
        for node in nodes {
            console.progress("\(node.name) is testing whether its limits bite")
            let layout = setup.pool.layout(of: node)
            try await wait(for: node, "its warden does not answer") { access(layout.wardenSocket, F_OK) == 0 }
            _ = try daemons.startAgent(of: node)
        }
        for node in nodes { try await wait(for: node, "does not answer") { await status(of: node) != nil } }
        try await form(nodes)
        for node in nodes {
            console.progress("\(node.name) is looking for the others")
            try await wait(for: node, "does not see the others") {
                await status(of: node).map { Int($0.peersReachable) == nodes.count - 1 } ?? false
            }
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

    /// `nil` when it does not answer.
    private func status(of node: DevPool.Node) async -> Surplus_V1_StatusReply? {
        try? await link(to: node).ask(within: .seconds(5)) { try await $0.getStatus(.init(), options: $1) }
    }

    /// Looks again and again, as long as the node's daemons live.
    private func wait(for node: DevPool.Node, _ fault: String, until condition: () async -> Bool) async throws {
        let layout = setup.pool.layout(of: node)
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
