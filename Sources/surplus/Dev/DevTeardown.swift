import Glibc

/// Ends a pool, however far it came and whatever happened to it since.
struct DevTeardown: Sendable {
    /// How long a daemon may take to stop by itself: longer than the agent's own time-out.
    static let patience = Duration.seconds(15)

    let pool: DevPool

    /// - Throws: ``Failure`` when something does not end or cannot be removed. It can be run again then.
    func run() async throws {
        let layouts = pool.nodes.map(pool.layout(of:))
        try await DevMounts(pool: pool).end(within: Self.patience)
        // Agents first: a warden without an agent keeps its word, an agent without a warden complains.
        try await stop(layouts.map(\.agent))
        try await stop(layouts.map(\.warden))
        for (node, layout) in zip(pool.nodes, layouts) {
            if access(layout.wardenState, F_OK) == 0 { try cleanUp(after: node, layout) }
            if let group = node.ownerGroup { OwnerGroup(path: group).remove() }
            OutputPlacement.remove(layout.directory)
            guard access(layout.directory, F_OK) != 0 else {
                throw Failure(object: layout.directory, fault: "not everything could be removed", remedy: "see who uses it")
            }
        }
        let record = "\(pool.directory)/\(DevPool.file)"
        guard unlink(record) == 0 || errno == ENOENT else { throw Failure(record, errno: errno) }
        if pool.ownsDirectory { rmdir(pool.directory) }
    }

    private func stop(_ daemons: [Daemon]) async throws {
        for daemon in daemons { daemon.signal(SIGTERM) }
        let deadline = ContinuousClock.now + Self.patience
        while daemons.contains(where: { $0.pid != nil }), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        for daemon in daemons where daemon.signal(SIGKILL) {
            Terminal.note("\(daemon.record): did not stop in time and was killed")
        }
        while let rest = daemons.first(where: { $0.pid != nil }) {
            guard ContinuousClock.now < deadline + .seconds(5) else {
                throw Failure(object: rest.record, fault: "the process cannot be ended", remedy: "try again later")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The guests, their control groups and files that a warden which is gone has left.
    private func cleanUp(after node: DevPool.Node, _ layout: DevLayout) throws {
        var command = [try Machine.program("surplus-warden"), "--clean", layout.wardenState, "--instance", node.instance]
        if node.ownerGroup == nil { command.append("--unprivileged") }
        let status = try Spawn.run(command)
        guard status == 0 else {
            throw Failure(
                object: node.name, fault: "its guests could not be removed: surplus-warden --clean ended with \(status)")
        }
    }
}
