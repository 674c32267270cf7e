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
        [try startWarden(of: node) ? "surplus-warden" : nil, try startAgent(of: node) ? "surplusd" : nil].compactMap { $0 }
    }

    /// - Returns: whether it was not running.
    func startWarden(of node: DevPool.Node) throws -> Bool {
        let layout = pool.layout(of: node)
        guard layout.warden.pid == nil else { return false }
        // A reboot takes it away.
        if let group = node.ownerGroup { try OwnerGroup(path: group).make() }
        var command = [
            wardenProgram, "--socket", layout.wardenSocket, "--state", layout.wardenState, "--instance", node.instance,
            "--agent-uid", "\(geteuid())",
        ]
        for image in pool.images ?? [] { command += ["--image", image] }
        if node.ownerGroup == nil { command.append("--unprivileged") }
        try layout.warden.start(command)
        return true
    }

    /// - Returns: whether it was not running.
    func startAgent(of node: DevPool.Node) throws -> Bool {
        let layout = pool.layout(of: node)
        guard layout.agent.pid == nil else { return false }
        try layout.agent.start([agentProgram, "--config", layout.configuration])
        return true
    }
}
