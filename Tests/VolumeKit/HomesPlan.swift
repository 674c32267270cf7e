internal import Foundation
package import FrameKit
internal import Frames
internal import Glibc
package import Resources
internal import Synchronization
package import VolumeService
internal import VolumeStore

/// What it takes for a node to keep volumes, also in a process of its own.
package struct HomesPlan: Codable, Sendable {
    /// So many of the last records a journal keeps at least.
    package static let kept: UInt64 = 256

    package let directory: String
    package let peer: StoredPeer
    /// Where all nodes are, this one too.
    package let nodes: [MountPlan.Server]

    package var node: NodeID { peer.node }
    package var port: Int { nodes.first { $0.node == node }?.port ?? 0 }

    fileprivate func homes(_ report: @escaping @Sendable (VolumeID, VolumeNews) -> Void) throws -> VolumeHomes {
        let ports = Dictionary(nodes.map { ($0.node, $0.port) }) { first, _ in first }
        var surroundings = HomesSurroundings(
            identity: peer, clock: { .ofSystem },
            reach: { node in ports[node].map { NodeEndpoint(host: "127.0.0.1", port: $0) } })
        surroundings.report = report
        return try VolumeHomes(directory: directory, surroundings, .brisk)
    }

    /// Keeps volumes as long as it is needed.
    package func run(while isNeeded: @Sendable () -> Bool) async throws {
        let served = try await ServedHomes(self)
        OtherProcess.say(port)
        while isNeeded() { usleep(100_000) }
        await served.end()
    }

    /// Has another process do it.
    package func start() async throws -> OtherProcess { try await OtherProcess("homes", self) }
}

/// The volumes of a node, on loopback.
package final class ServedHomes: Sendable {
    package let plan: HomesPlan
    package let homes: VolumeHomes
    private let listener: FrameListener
    private let heard: Heard

    private final class Heard: Sendable {
        let news = Mutex<[VolumeNews]>([])
    }

    package init(_ plan: HomesPlan) async throws {
        let heard = Heard()
        let homes = try plan.homes { _, news in heard.news.withLock { $0.append(news) } }
        let server = FrameServer([homes], as: plan.node, limits: .wide, times: .patient)
        listener = try await FrameListener(server, host: "127.0.0.1", port: plan.port, as: plan.peer)
        (self.plan, self.homes, self.heard) = (plan, homes, heard)
    }

    package var node: NodeID { plan.node }

    /// All that was told so far.
    package var news: [VolumeNews] { heard.news.withLock { $0 } }

    /// As it stands in the list.
    package func summary(of volume: VolumeID) -> VolumeSummary? { homes.list().first { $0.volume == volume } }

    /// Nobody reaches it any more.
    package func cut() async { await listener.shutDown(within: .zero) }

    package func end() async {
        homes.stop()
        await cut()
    }
}

extension HomesOptions {
    /// With which things go on fast; but sessions are not lost when a test is held up.
    fileprivate static var brisk: Self {
        var options = Self()
        options.home.sessionTerm = .minutes(10)
        (options.journal.authority, options.journal.takeoverLimit) = (.seconds(3), .seconds(2))
        (options.keeper.generationSpan, options.keeper.retry) = (.milliseconds(500), .milliseconds(100))
        options.database.kept = HomesPlan.kept
        options.pool = .patient
        options.deletionPatience = .seconds(60)
        return options
    }
}
