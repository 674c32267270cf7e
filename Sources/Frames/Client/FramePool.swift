internal import Dispatch
internal import NIOCore
internal import NIOPosix
package import Resources
internal import Synchronization

/// A client's connections to one server: few, made when they are needed, shared by all its calls.
///
/// Calls are answered in any order, and go out over any connection. One that fails may have been carried out: what is called must
/// bear being called again.
package final class FramePool: Sendable {
    package struct Options: Sendable {
        package var limits = FrameLimits()
        package var times = FrameTimes()
        /// At most, at a time.
        package var connections = 4
        /// Calls that wait for a connection or for room on one; more are refused.
        package var waiting = 4096
        /// From how many open calls, or bytes of them, on the freest connection another one is made.
        package var callsToGrow = 8
        package var bytesToGrow = 1 << 20

        package init() {}
    }

    /// The server.
    package let node: NodeID
    package let host: String
    package let port: Int
    let identity: any FrameIdentity
    var limits: FrameLimits { options.limits }
    var times: FrameTimes { options.times }
    private let options: Options
    private let tls: FrameTLS
    private let onNotice: @Sendable (FrameMessage) -> Void
    private let group = MultiThreadedEventLoopGroup.singleton
    private let eventLoop: any EventLoop
    private let state: Mutex<PoolState>

    /// - Parameters:
    ///   - node: whom the server's certificate has to be of.
    ///   - onNotice: is told what the server says unasked, on an event loop: must not block.
    package init(
        to node: NodeID, host: String, port: Int, as identity: any FrameIdentity, _ options: Options = Options(),
        onNotice: @escaping @Sendable (FrameMessage) -> Void = { _ in }
    ) {
        self.node = node
        self.host = host
        self.port = port
        self.identity = identity
        self.options = options
        self.onNotice = onNotice
        tls = FrameTLS(identity)
        eventLoop = group.next()
        state = Mutex(PoolState(options))
    }

    deinit {
        for connection in state.withLock({ $0.connections }) { connection.channel.close(promise: nil) }
    }

    /// How many connections are open.
    package var connectionCount: Int { state.withLock { $0.connections.count } }

    /// Whether the server could not be reached when it was last tried: whoever has the choice goes elsewhere first.
    package var isDoubtful: Bool { state.withLock { $0.isDoubtful } }

    // MARK: Calls

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - expected: how large the answer is likely to be, in bytes, so that small calls do not wait behind large answers where they
    ///     can go another way.
    ///   - patience: after which it is given up; what comes then is dropped.
    ///   - completion: is called once, on any thread, and must not block.
    package func start(
        _ message: FrameMessage, expecting expected: Int = 0, within patience: Duration,
        completion: @escaping @Sendable (Result<FrameMessage, FrameError>) -> Void
    ) { begin(message, expected, patience, completion) }

    /// Makes a call and blocks the thread until it has ended. Not for event loops.
    package func wait(
        for message: FrameMessage, expecting expected: Int = 0, within patience: Duration
    ) throws(FrameError) -> FrameMessage {
        let answer = AwaitedAnswer()
        begin(message, expected, patience) { answer.come($0) }
        return try answer.wait().get()
    }

    /// Makes a call. One whose task is cancelled is given up.
    package func call(
        _ message: FrameMessage, expecting expected: Int = 0, within patience: Duration
    ) async throws(FrameError) -> FrameMessage {
        let call = Mutex<FrameCall?>(nil)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let begun = begin(message, expected, patience) { continuation.resume(returning: $0) }
                call.withLock { $0 = begun }
                if Task.isCancelled { end(begun, .cancelled) }
            }
        } onCancel: {
            if let begun = call.withLock({ $0 }) { end(begun, .cancelled) }
        }
        return try result.get()
    }

    @discardableResult
    private func begin(
        _ message: FrameMessage, _ expected: Int, _ patience: Duration, _ completion: @escaping FrameCall.Completion
    ) -> FrameCall {
        let now = NIODeadline.now()
        let (call, steps) = state.withLock { state in
            let deadline = now + TimeAmount(patience)
            let call = FrameCall(number: state.number(), message, expecting: expected, deadline: deadline, completion)
            return (call, state.start(call, at: now))
        }
        perform(steps)
        return call
    }

    private func end(_ call: FrameCall, _ error: FrameError) {
        state.withLock { $0.drop(call) }
        call.end(.failure(error))
    }

    private func perform(_ steps: [PoolState.Step]) {
        for step in steps {
            switch step {
            case .send(let call, let connection):
                // It was closed a moment ago, which it tells on its own.
                if !connection.inbox.add(call) { end(call, .lost("it was closed", wasSent: false)) }
            case .connect(let attempt): connect(attempt)
            case .fail(let call, let error): call.end(.failure(error))
            case .look(let deadline):
                eventLoop.scheduleTask(deadline: deadline) { [weak self] in self?.look(deadline) }
            }
        }
    }

    private func look(_ planned: NIODeadline) { perform(state.withLock { $0.look(at: .now(), planned: planned) }) }

    // MARK: Connections

    private func connect(_ attempt: UInt64) {
        let (tls, node, times) = (tls, node, times)
        let deadline = NIODeadline.now() + TimeAmount(times.opening)
        ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(times.opening))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: FrameChannel.waterMark)
            .channelOption(.recvAllocator, value: FrameChannel.receiving)
            .channelInitializer { [weak self] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let self else { throw FrameError.closed }
                    let proof = FrameTLS.Proof()
                    let side = ClientSide(self, number: attempt, on: channel, proof, until: deadline)
                    try channel.pipeline.syncOperations.addHandlers([
                        try tls.clientHandler(proof, expecting: node), FrameLink(side, times: times),
                    ])
                }
            }
            .connect(host: host, port: port)
            .whenFailure { [weak self] error in self?.failed(attempt, because: FrameChannel.text(error)) }
    }

    func opened(_ connection: FrameConnection, capacity: Int) {
        let (steps, isWanted) = state.withLock { state in
            state.isShutDown ? ([], false) : (state.opened(connection, capacity: capacity), true)
        }
        if isWanted { perform(steps) } else { connection.channel.close(promise: nil) }
    }

    func failed(_ attempt: UInt64, because reason: String) {
        perform(state.withLock { $0.failed(attempt, because: "\(host):\(port): \(reason)", at: .now()) })
    }

    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    func finished(_ call: FrameCall, on connection: FrameConnection) {
        perform(state.withLock { $0.finished(call, on: connection.number) })
    }

    func leaving(_ connection: FrameConnection) { perform(state.withLock { $0.leaving(connection.number, at: .now()) }) }

    func closed(_ connection: FrameConnection, ending calls: [FrameCall]) {
        perform(state.withLock { $0.closed(connection.number, ending: calls, at: .now()) })
    }

    func notice(_ message: FrameMessage) { onNotice(message) }

    /// Ends all calls and closes all connections.
    package func shutDown() async {
        let (steps, open) = state.withLock { ($0.shutDown(), $0.connections) }
        perform(steps)
        for connection in open { connection.channel.close(promise: nil) }
        for connection in open { try? await connection.channel.closeFuture.get() }
    }
}

/// An answer for which a thread waits.
private final class AwaitedAnswer: Sendable {
    private let result = Mutex<Result<FrameMessage, FrameError>?>(nil)
    private let hasCome = DispatchSemaphore(value: 0)

    func come(_ result: Result<FrameMessage, FrameError>) {
        self.result.withLock { $0 = result }
        hasCome.signal()
    }

    func wait() -> Result<FrameMessage, FrameError> {
        hasCome.wait()
        guard let result = result.withLock({ $0 }) else { preconditionFailure("an answer has come") }
        return result
    }
}
