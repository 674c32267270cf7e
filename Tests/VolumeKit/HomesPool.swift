internal import Foundation
package import FrameKit
internal import Frames
internal import Kernel
package import Resources
internal import Synchronization
package import VolumeService

/// Nodes that keep volumes together, on loopback.
package final class HomesPool: Sendable {
    package let peers: FramePeers
    package let members: [FramePeer]
    package let plans: [HomesPlan]
    private let directory: String
    private let running = Mutex<[Int: ServedHomes]>([:])

    /// - Parameter count: of nodes; none runs in the beginning.
    package static func serving(_ count: Int, _ body: (HomesPool) async throws -> Void) async throws {
        let pool = try HomesPool(count)
        let result = await Result { () async throws in try await body(pool) }
        for node in 0..<count { await pool.end(node) }
        try? FileManager.default.removeItem(atPath: pool.directory)
        try result.get()
    }

    private init(_ count: Int) throws {
        let (directory, peers) = (NSTemporaryDirectory() + "/surplus-homes-\(UUID().uuidString.prefix(8))", try FramePeers())
        let members = try (0..<count).map { try peers.node("node\($0)") }
        let ports = try ListenerPorts.free(count)
        let nodes = zip(members, ports).map { MountPlan.Server(node: $0.node, port: Int($1)) }
        plans = members.enumerated().map { number, member in
            HomesPlan(directory: directory + "/node\(number)", peer: StoredPeer(member), nodes: nodes)
        }
        (self.directory, self.peers, self.members) = (directory, peers, members)
    }

    package func node(_ number: Int) -> NodeID { members[number].node }

    /// Has a node run in this process, with what it kept before.
    @discardableResult
    package func start(_ number: Int) async throws -> ServedHomes {
        let served = try await ServedHomes(plans[number])
        running.withLock { $0[number] = served }
        return served
    }

    /// Ends a node as it is to be ended.
    package func end(_ number: Int) async { await running.withLock { $0.removeValue(forKey: number) }?.end() }

    /// Makes a volume, with its home on a node that runs, and backups that run.
    package func makeVolume(on home: ServedHomes, backups: [ServedHomes] = [], copies: Int = 1) async throws -> VolumeID {
        let volume = try home.homes.create(
            VolumeHomes.Plan(
                name: "v", capacity: 1 << 30, inodeLimit: 100_000, copies: copies, owner: 0, group: 0))
        try await until { home.summary(of: volume)?.isReady ?? false }
        if !backups.isEmpty { try await home.homes.change(backups: backups.map(\.node), of: volume) }
        return volume
    }
}

extension VolumeSummary {
    /// Whether it is the home, and answers.
    package var isReady: Bool { if case .home(isReady: true) = role { true } else { false } }
}

/// Comes back when something is so that comes to be so.
package func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
}
