package import NIOCore
internal import NIOPosix
package import Resources
internal import Synchronization

/// Serves requests on connections that others accept: a ``FrameListener``, or a listener that has chosen this protocol for a
/// connection by its name in TLS (ALPN, RFC 7301).
package final class FrameServer: Sendable {
    /// The protocol's name in TLS.
    package static let applicationProtocol = "surplus-frames/1"

    private struct State {
        var next: UInt64 = 1
        var connections: [UInt64: Connection] = [:]
        var isEnding = false
    }

    private struct Connection {
        let channel: any Channel
        /// `nil` while it is not known who it is.
        var caller: FrameCaller?
    }

    let node: NodeID
    let limits: FrameLimits
    let times: FrameTimes
    private let services: [any FrameService]
    private let workers: NIOThreadPool
    private let state = Mutex(State())

    /// - Parameter threads: how many requests are worked on at a time, of all connections.
    package init(
        _ services: [any FrameService], as node: NodeID, limits: FrameLimits = FrameLimits(), times: FrameTimes = FrameTimes(),
        threads: Int = 16
    ) {
        self.node = node
        self.services = services
        self.limits = limits
        self.times = times
        workers = NIOThreadPool(numberOfThreads: threads)
        workers.start()
    }

    /// Open connections, those included whose other end is not proven.
    package var connectionCount: Int { state.withLock { $0.connections.count } }

    // MARK: Connections

    /// Serves a channel that was accepted, behind TLS. To be called on its event loop.
    ///
    /// - Parameter prove: says, when the handshake is over, whose certificate the other side has shown.
    /// - Throws: when there are too many connections, or the server is being shut down. The channel is to be closed then.
    package func serve(_ channel: any Channel, prove: @escaping () -> Result<NodeID, any Error>) throws {
        try serve(channel, after: nil, prove: prove)
    }

    /// As ``serve(_:prove:)``, right behind a handler; at the end when it is `nil`.
    func serve(
        _ channel: any Channel, after handler: (any ChannelHandler)?, prove: @escaping () -> Result<NodeID, any Error>
    ) throws {
        let number = try accept(channel)
        channel.closeFuture.whenComplete { [weak self] _ in self?.closed(number) }
        let side = ServerSide(self, number: number, on: channel) {
            prove().mapError { FrameFault("\($0)") }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(FrameLink(side, times: times), position: handler.map { .after($0) } ?? .last)
    }

    /// When there are too many whose other end is not proven, the oldest of them makes room: whoever floods the door hurts mostly
    /// its own kind, and no member that is inside.
    private func accept(_ channel: any Channel) throws(FrameFault) -> UInt64 {
        let (number, displaced) = state.withLock { state -> (UInt64?, (any Channel)?) in
            guard !state.isEnding else { return (nil, nil) }
            let strangers = state.connections.filter { $0.value.caller == nil }
            let isCrowded = strangers.count >= limits.strangers || state.connections.count >= limits.connections
            let oldest = isCrowded ? strangers.keys.min() : nil
            let displaced = oldest.flatMap { state.connections.removeValue(forKey: $0)?.channel }
            guard state.connections.count < limits.connections else { return (nil, displaced) }
            defer { state.next += 1 }
            state.connections[state.next] = Connection(channel: channel)
            return (state.next, displaced)
        }
        displaced?.close(promise: nil)
        guard let number else { throw FrameFault("no room for another connection") }
        return number
    }

    /// Notes who is on the other end of a connection.
    func admit(_ caller: FrameCaller) throws(FrameFault) {
        let fault = state.withLock { state -> FrameFault? in
            let others = state.connections.values.count { $0.caller?.node == caller.node }
            guard others < limits.connectionsPerNode else {
                return FrameFault("\(caller.node) has \(others) connections already, which is the limit")
            }
            guard !state.isEnding, state.connections[caller.number] != nil else {
                return FrameFault("this server is being shut down")
            }
            state.connections[caller.number]?.caller = caller
            return nil
        }
        if let fault { throw fault }
    }

    func closed(_ number: UInt64) {
        let connection = state.withLock { $0.connections.removeValue(forKey: number) }
        guard let caller = connection?.caller else { return }
        for service in services { service.closed(caller) }
    }

    /// Cuts the connections of a node that is not wanted any more.
    package func cut(_ node: NodeID, because reason: String) {
        let callers = state.withLock { $0.connections.values.compactMap(\.caller) }
        for caller in callers where caller.node == node { caller.cut(because: reason) }
    }

    // MARK: Work

    /// Has a worker answer a request; `done` is called there.
    func work(on frame: Frame, from caller: FrameCaller, done: @escaping @Sendable (Frame) -> Void) {
        workers.submit { [self] state in
            guard state == .active else { return done(frame.refused(.busy, "this server is being shut down")) }
            begin(frame, caller, done)
        }
    }

    private func begin(_ frame: Frame, _ caller: FrameCaller, _ done: @escaping @Sendable (Frame) -> Void) {
        let code = frame.message.code
        guard let service = services.first(where: { $0.codes.contains(code) }) else {
            return done(frame.refused(.unknown, "this node knows no request \(code)"))
        }
        service.begin(frame.message, from: caller) { result in
            switch result {
            case .success(let message): done(Frame(.reply, id: frame.id, message))
            case .failure(let refusal): done(frame.refused(refusal.kind, refusal.text))
            }
        }
    }

    // MARK: End

    /// Takes no more requests, lets those be answered that are open, and closes all connections, at the latest after some time.
    package func shutDown(within patience: Duration = .seconds(5)) async {
        let open = state.withLock { state in
            state.isEnding = true
            return Array(state.connections.values)
        }
        for connection in open {
            if let caller = connection.caller { caller.end() } else { connection.channel.close(promise: nil) }
        }
        let cut = open.map { connection in
            connection.channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { connection.channel.close(promise: nil) }
        }
        for connection in open { try? await connection.channel.closeFuture.get() }
        for task in cut { task.cancel() }
        // It fails only when it was shut down before.
        try? await workers.shutdownGracefully()
    }
}
