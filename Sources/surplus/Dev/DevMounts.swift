import Glibc

/// The mounts of volumes that were made over the agents of a pool.
struct DevMounts {
    private static let program = "mount.surplus"

    let pool: DevPool

    /// Unmounts them, while there is somebody to take what was written and not stored.
    func end(within patience: Duration) async throws {
        let mounts = found
        for mount in mounts { mount.signal(SIGTERM) }
        let deadline = ContinuousClock.now + patience
        while mounts.contains(where: \.isRunning), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        for mount in mounts where mount.signal(SIGKILL) {
            Terminal.note(
                "\(Self.program), process \(mount.pid): did not end in time, for something uses what it has mounted; it was killed"
            )
        }
    }

    private var found: [ProcessStat] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [ProcessStat] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = pid_t(name), isMount(pid), let stat = ProcessStat.of(pid) { found.append(stat) }
        }
        return found
    }

    /// Its agent is named by an option, or else by the environment.
    private func isMount(_ pid: pid_t) -> Bool {
        guard TextFile.read("/proc/\(pid)/comm")?.trimmed == Self.program else { return false }
        let sockets = Set(pool.nodes.map { pool.layout(of: $0).agentSocket })
        let words = ["cmdline", "environ"].flatMap { file in
            (TextFile.read("/proc/\(pid)/\(file)") ?? "").split(whereSeparator: { $0 == "\0" || $0 == "," }).map(String.init)
        }
        if let option = words.first(where: { $0.hasPrefix("agent=") }) { return sockets.contains(String(option.dropFirst(6))) }
        return sockets.contains { words.contains("SURPLUS_SOCKET=\($0)") }
    }
}
