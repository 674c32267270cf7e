internal import FrameKit
internal import Kernel
internal import Synchronization

/// A node of a test, and where it is reached.
struct CabledSeat: Sendable {
    let peer: FramePeer
    /// On which it listens itself.
    let port: Int
    /// Over which the others reach it.
    let cable: Cable

    init(_ name: String, of peers: FramePeers) throws {
        (peer, port) = (try peers.node(name), Int(try ListenerPorts.free()))
        cable = try Cable(to: port)
    }

    /// As the others know it.
    var server: MountPlan.Server { MountPlan.Server(node: peer.node, port: cable.port) }
    /// As it knows itself.
    var ownServer: MountPlan.Server { MountPlan.Server(node: peer.node, port: port) }
}

/// A process that others reach over a cable, and that can be killed, held up and cut off, and be as before afterwards.
package final class CabledProcess: Sendable {
    private let cable: Cable
    private let launch: @Sendable () async throws -> OtherProcess
    private let process = Mutex<OtherProcess?>(nil)

    /// - Parameter launch: starts it, with what it kept before.
    init(behind cable: Cable, _ launch: @escaping @Sendable () async throws -> OtherProcess) {
        (self.cable, self.launch) = (cable, launch)
    }

    /// Comes back when it listens.
    package func start() async throws {
        let started = try await launch()
        process.withLock { $0 = started }
    }

    /// Comes back when it is gone.
    package func kill() async { await process.withLock { $0.take() }?.end() }

    package func pause() { process.withLock { $0?.pause() } }
    package func resume() { process.withLock { $0?.resume() } }

    /// Nobody reaches it, and those who have reached it before are cut off.
    package func cut() { cable.cut() }
    package func mend() { cable.mend() }

    /// Ends it for good.
    func end() async {
        await kill()
        cable.end()
    }
}
