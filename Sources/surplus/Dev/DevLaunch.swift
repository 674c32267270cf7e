import Wire

/// Starts the daemons of a pool, and makes their nodes its members.
struct DevLaunch: Sendable {
    private let setup: DevSetup
    private let name: String
    private let console: Console
    private let daemons: DevDaemons
    private let watch: DevWatch

    /// - Throws: ``Failure`` when a program is missing.
    init(setup: DevSetup, name: String, console: Console) throws {
        self.setup = setup
        self.name = name
        self.console = console
        daemons = try DevDaemons(pool: setup.pool)
        watch = DevWatch(pool: setup.pool)
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
            try await watch.warden(of: node)
            _ = try daemons.startAgent(of: node)
        }
        for node in nodes { try await watch.agent(of: node) }
        try await form(nodes)
        for node in nodes {
            console.progress("\(node.name) is looking for the others")
            try await watch.wait(for: node, "does not see the others") {
                await watch.status(of: node).map { Int($0.peersReachable) == nodes.count - 1 } ?? false
            }
        }
    }

    /// The first node makes the pool, the others join it.
    private func form(_ nodes: [DevPool.Node]) async throws {
        let first = watch.link(to: nodes[0])
        _ = try await first.ask { [name] in try await $0.initPool(.with { $0.name = name }, options: $1) }
        for node in nodes.dropFirst() {
            console.progress("\(node.name) is joining")
            let token = try await first.ask { try await $0.createToken(.init(), options: $1) }
            _ = try await watch.link(to: node).ask(within: .seconds(60)) {
                try await $0.joinPool(
                    .with {
                        $0.address = nodes[0].address
                        $0.token = token.token
                    }, options: $1)
            }
        }
    }
}
