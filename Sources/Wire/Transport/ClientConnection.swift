internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import Synchronization

/// One open client connection with the calls on it. It must be ``run()``, once and always.
final class ClientConnection: Sendable {
    typealias Transport = HTTP2ClientTransport.WrappedChannel
    typealias Configured = Transport.ConfiguredChannel
    typealias Configure = @Sendable (any Channel) -> EventLoopFuture<Configured>

    let transport: Transport
    private let channel: any Channel
    private let since = ContinuousClock.now
    private let state = Mutex((calls: 0, isRetired: false))

    /// - Parameter makeChannel: connects, and passes the channel to the function it is given when it is ready for calls.
    init(
        authority: String, idleTime: Duration, makeChannel: @Sendable (@escaping Configure) async throws -> Configured
    ) async throws {
        var config = Transport.Config.defaults
        config.http2.authority = authority
        config.http2.targetWindowSize = WireLimits.window
        config.connection.flushCoalescing = nil
        config.connection.maxIdleTime = idleTime
        config.connection.keepalive = .init(time: .seconds(30), timeout: .seconds(20), allowWithoutCalls: false)
        let made = Mutex<(any Channel)?>(nil)
        transport = try await Transport.wrapping(config: config) { configure in
            let configured = try await makeChannel(configure)
            made.withLock { $0 = configured.channel }
            return configured
        }
        guard let channel = made.withLock({ $0 }) else { throw ChannelError.inappropriateOperationForState }
        self.channel = channel
    }

    /// Runs the connection until it closes.
    func run() async { try? await transport.connect() }

    /// How long it has been open.
    var age: Duration { since.duration(to: .now) }

    var isOpen: Bool { channel.isActive }

    /// Makes a call, unless the connection was retired.
    func withStream<T: Sendable>(
        descriptor: MethodDescriptor, options: CallOptions,
        _ closure: (RPCStream<Transport.Inbound, Transport.Outbound>, ClientContext) async throws -> T
    ) async throws -> T {
        let isRetired = state.withLock { state in
            if !state.isRetired { state.calls += 1 }
            return state.isRetired
        }
        guard !isRetired else { throw RPCError(code: .unavailable, message: "the connection is being closed") }
        defer {
            let isLast = state.withLock { state in
                state.calls -= 1
                return state.isRetired && state.calls == 0
            }
            if isLast { cut() }
        }
        return try await transport.withStream(descriptor: descriptor, options: options, closure)
    }

    /// Takes no new calls, and closes when those under way have ended.
    func retire() {
        let isIdle = state.withLock { state in
            state.isRetired = true
            return state.calls == 0
        }
        if isIdle { cut() }
    }

    /// Closes now; calls under way fail.
    func cut() { channel.close(promise: nil) }
}
