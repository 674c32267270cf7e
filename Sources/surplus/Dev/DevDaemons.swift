import Glibc

/// Starts the two daemons of a node.
struct DevDaemons: Sendable {
    private let pool: DevPool
    private let agentProgram: String
    private let wardenProgram: String

    /// - Throws: ``Failure`` when a program is missing.
    init(pool: DevPool) throws {
        self.pool = pool
        agentProgram = try Machine.program("surplusd")
        wardenProgram = try Machine.program("surplus-warden")
    }

    /// Starts what is not running; returns the names of the programs started.
    @discardableResult
    func start(_ node: DevPool.Node) throws -> [String] {
        let layout = pool.layout(of: node)
        var started: [String] = []
        if layout.warden.pid == nil {
            var command = [
                wardenProgram, "--socket", layout.wardenSocket, "--state", layout.wardenState, "--instance", node.instance,
                "--agent-uid", "\(geteuid())",
            ]
            if node.ownerGroup == nil { command.append("--unprivileged") }
            try layout.warden.start(command)
            started.append("surplus-warden")
        }
        if layout.agent.pid == nil {
            try layout.agent.start([agentProgram, "--config", layout.configuration])
            started.append("surplusd")
        }
        return started
    }
}
