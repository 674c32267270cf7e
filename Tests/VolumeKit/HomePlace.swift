internal import Dispatch
package import FrameKit
internal import Frames
internal import Kernel
package import Resources
internal import Synchronization
internal import VolumeService
internal import VolumeStore
internal import Volumes

/// Where a served volume has its home.
package protocol HomePlace: Sendable {
    var node: NodeID { get }
    /// On which it listens, on loopback.
    var port: Int { get }

    func end() async
}

/// Makes the home of a volume, in a directory that is there.
package typealias HomeMaker = (VolumeID, String, FramePeers) async throws -> any HomePlace

/// A home on files, in this process.
package final class FileHome: HomePlace {
    package let node: NodeID
    package let port: Int
    package let service: HomeService
    private let listener: FrameListener

    /// - Parameter term: of its sessions.
    package init(
        _ volume: VolumeID, in directory: String, as peer: FramePeer, term: Microseconds = .seconds(10),
        capacity: UInt64 = 1 << 30
    ) async throws {
        try VolumeDatabase.create(
            directory: directory, volume: volume, capacity: capacity, inodeLimit: 100_000, owner: 0, group: 0,
            at: FileTime(rawValue: 1))
        var options = HomeService.Options()
        options.home.sessionTerm = term
        service = try HomeService(
            directory: directory, volume: volume, options: options, rule: { _, _, _ in nil }, clock: { .ofSystem })
        let server = FrameServer([service.server], as: peer.node, limits: .wide, times: .patient)
        listener = try await FrameListener(server, host: "127.0.0.1", port: 0, as: peer)
        (node, port) = (peer.node, listener.port)
    }

    package static func maker(term: Microseconds = .seconds(10)) -> HomeMaker {
        { try await FileHome($0, in: $1 + "/home", as: try $2.node("home"), term: term) }
    }

    package func end() async {
        service.stop()
        await listener.shutDown()
    }
}

/// A home whose journal takes records and makes them durable only as long as it is let; what is not durable is lost when it ends.
package final class LosingHome: HomePlace {
    private struct State {
        var durable: Volume<MemoryState>
        var pending: [Record] = []
        var isHolding = false
        var isOver = false
        var epoch: UInt64 = 0
        var server: HomeServer<MemoryState>?
        var listener: FrameListener?
    }

    package let node: NodeID
    package let port: Int
    private let volume: VolumeID
    private let peer: FramePeer
    private let state: Mutex<State>
    private let journal = DispatchQueue(label: "journal")
    private let ticking = DispatchQueue(label: "ticks")

    private let options: VolumeHome<MemoryState>.Options

    /// - Parameter term: of its sessions.
    package init(_ volume: VolumeID, as peer: FramePeer, at port: Int, term: Microseconds = .seconds(10)) {
        var options = VolumeHome<MemoryState>.Options()
        options.sessionTerm = term
        self.options = options
        (self.volume, self.peer, self.port, node) = (volume, peer, port, peer.node)
        var state = MemoryState()
        Volume.found(in: &state, capacity: 1 << 30, inodeLimit: 10_000, owner: 0, group: 0, at: FileTime(rawValue: 1))
        self.state = Mutex(State(durable: Volume(state)))
    }

    package static func maker(term: Microseconds = .seconds(10)) -> HomeMaker {
        { volume, _, peers in
            let home = LosingHome(volume, as: try peers.node("home"), at: Int(try ListenerPorts.free()), term: term)
            try await home.start()
            return home
        }
    }

    package func start() async throws {
        let (home, epoch) = state.withLock { state in
            state.epoch += 1
            return (state.durable, state.epoch)
        }
        let server = HomeServer(
            VolumeHome(home, epoch: epoch, options, at: .ofSystem), of: volume, rule: { _, _, _ in nil },
            clock: { .ofSystem }, journal: { [weak self] record in self?.take(record, epoch) })
        let listener = try await FrameListener(
            FrameServer([server], as: node, limits: .wide, times: .patient), host: "127.0.0.1", port: port, as: peer)
        state.withLock { ($0.server, $0.listener) = (server, listener) }
        if epoch == 1 { tick() }
    }

    private func tick() {
        let (server, isOver) = state.withLock { ($0.server, $0.isOver) }
        guard !isOver else { return }
        server?.tick()
        ticking.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.tick() }
    }

    /// Nothing becomes durable from now on.
    package func hold() { state.withLock { $0.isHolding = true } }

    /// How many records would be lost.
    package var pending: Int { state.withLock { $0.pending.count } }

    private func take(_ record: Record, _ epoch: UInt64) {
        state.withLock { if $0.epoch == epoch { $0.pending.append(record) } }
        journal.async { self.commit() }
    }

    private func commit() {
        let (server, last) = state.withLock { state -> (HomeServer<MemoryState>?, UInt64) in
            guard !state.isHolding, let last = state.pending.last?.index else { return (nil, 0) }
            for record in state.pending { _ = state.durable.apply(record) }
            state.pending = []
            return (state.server, last)
        }
        server?.becameDurable(last)
    }

    /// So many generations of blocks begin while it is away.
    package func advance(by generations: UInt64) {
        state.withLock { state in
            var memory = state.durable.state
            memory.header.generation += generations
            state.durable = Volume(memory)
        }
    }

    /// It ends at once, and begins again with what was durable.
    package func restart() async throws {
        let (server, listener) = state.withLock { ($0.server, $0.listener) }
        server?.stop()
        await listener?.shutDown(within: .zero)
        state.withLock { ($0.pending, $0.isHolding, $0.server) = ([], false, nil) }
        try await start()
    }

    package func end() async {
        let (server, listener) = state.withLock { state in
            state.isOver = true
            return (state.server, state.listener)
        }
        server?.stop()
        await listener?.shutDown(within: .zero)
    }
}
