import Foundation
import Testing

extension LivePool {
    /// Ends the daemons of a node as their owner would, and waits until they are gone.
    func stop(_ node: String) throws {
        let daemons = try daemons(node)
        for pid in [daemons.pid, daemons.wardenPid] {
            guard let pid else { continue }
            kill(pid, SIGTERM)
            try Self.eventually("a daemon of \(node) ends") { kill(pid, 0) != 0 ? true : nil }
        }
    }

    func start(_ node: String) throws {
        let started = try Self.run(["dev", "start", node, "--dir", directory])
        try #require(started.status == 0, "\(started.errors)")
    }
}
