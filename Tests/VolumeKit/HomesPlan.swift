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
    /// Lenders of all its volumes, besides those that it is told later.
    var stores: [MountPlan.Server] = []
    var pace = Pace.brisk

    /// How fast things go on. Sessions are not lost in any case when a test is held up.
    package enum Pace: String, Codable, Sendable {
        /// Soon.
        case brisk
        /// As they do by themselves, but what is waited for: a store is soon found to be lost, and to be left.
        case usual
    }

    package var node: NodeID { peer.node }
    package var port: Int { nodes.first { $0.node == node }?.port ?? 0 }

    fileprivate func homes(_ report: @escaping @Sendable (VolumeID, VolumeNews) -> Void) throws -> VolumeHomes {
        let ports = Dictionary(nodes.map { ($0.node, $0.port) }) { first, _ in first }
        var surroundings = HomesSurroundings(
            identity: peer, clock: { .ofSystem },
            reach: { node in ports[node].map { NodeEndpoint(host: "127.0.0.1", port: $0) } })
        surroundings.report = { volume, _, news in report(volume, news) }
        return try VolumeHomes(directory: directory, surroundings, HomesOptions(pace))
    }

    /// Keeps volumes as long as it is needed.
    package func run(while isNeeded: @Sendable () -> Bool) async throws {
        let served = try await ServedHomes(self)
        for volume in served.homes.list() { try served.homes.provide(stores.map(\.place), to: volume.volume) }
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
        let server = FrameServer([homes, HomesDesk(homes)], as: plan.node, limits: .wide, times: .patient)
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
    fileprivate init(_ pace: HomesPlan.Pace) {
        self.init()
        home.sessionTerm = .minutes(10)
        (journal.authority, journal.takeoverLimit) = (.seconds(3), .seconds(2))
        keeper.retry = .milliseconds(100)
        database.kept = HomesPlan.kept
        switch pace {
        case .brisk:
            keeper.generationSpan = .milliseconds(500)
            pool = .patient
            deletionPatience = .seconds(60)
        case .usual:
            // Longer than it takes a writer to turn from a store that has fallen silent to another one.
            keeper.generationSpan = .seconds(3)
            storePatience = .milliseconds(2500)
        }
    }
}
