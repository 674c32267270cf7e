package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import Synchronization

/// Carries calls to one place: connects at the first call, keeps the connection, makes another one when it was closed or is
/// old.
///
/// What prevents a call from beginning is thrown by that call at once; nothing is tried again behind the caller's back,
/// except that a call which finds the kept connection closed before it began gets a new one.
package final class DialedTransport: ClientTransport {
    package typealias Bytes = GRPCNIOTransportBytes

    /// After this time calls begin on a new connection, so that both certificates are looked at again.
    private static let greatestAge = Duration.seconds(30 * 60)

    private struct State {
        var kept: ClientConnection?
        var dialing: Task<ClientConnection, any Error>?
        /// All that are open: the kept one, and older ones with calls under way.
        var running: [ObjectIdentifier: ClientConnection] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let dial: @Sendable () async throws -> ClientConnection
    /// Ends when the transport is closed and nothing runs any more.
    private let end: AsyncStream<Never>
    private let atEnd: AsyncStream<Never>.Continuation

    package var retryThrottle: RetryThrottle? { nil }

    init(dial: @escaping @Sendable () async throws -> ClientConnection) {
        self.dial = dial
        (end, atEnd) = AsyncStream.makeStream(of: Never.self)
    }

    package func config(forMethod descriptor: MethodDescriptor) -> MethodConfig? { nil }

    /// Returns when the transport was shut down and its calls have ended. Cancelling ends them at once.
    package func connect() async throws {
        await withTaskCancellationHandler {
            for await _ in end {}
        } onCancel: {
            for connection in close() { connection.cut() }
        }
    }

    package func beginGracefulShutdown() {
        for connection in close() { connection.retire() }
    }

    package func withStream<T: Sendable>(
        descriptor: MethodDescriptor, options: CallOptions,
        _ closure: (RPCStream<Inbound, Outbound>, ClientContext) async throws -> T
    ) async throws -> T {
        let connection = try await current()
        let hasBegun = Mutex(false)
        do {
            return try await connection.withStream(descriptor: descriptor, options: options) { stream, context in
                hasBegun.withLock { $0 = true }
                return try await closure(stream, context)
            }
        } catch let error as RPCError where error.code == .unavailable && !hasBegun.withLock({ $0 }) {
            retire(connection)
            return try await current().withStream(descriptor: descriptor, options: options, closure)
        }
    }

    /// Connects now instead of at the first call.
    ///
    /// - Throws: what the dialler throws.
    func prepare() async throws { _ = try await current() }

    /// The kept connection, or a new one; calls that come while one is being made wait for the same.
    private func current() async throws -> ClientConnection {
        enum Step {
            case use(ClientConnection)
            case wait(Task<ClientConnection, any Error>)
            case fail
        }
        let (step, old) = state.withLock { state -> (Step, ClientConnection?) in
            guard !state.isClosed else { return (.fail, nil) }
            if let kept = state.kept, kept.isOpen, kept.age < Self.greatestAge { return (.use(kept), nil) }
            let old = state.kept.take()
            if let dialing = state.dialing { return (.wait(dialing), old) }
            let task = Task { try await dialAndKeep() }
            state.dialing = task
            return (.wait(task), old)
        }
        old?.retire()
        switch step {
        case .use(let connection): return connection
        case .wait(let task): return try await task.value
        case .fail: throw RPCError(code: .unavailable, message: "this client was closed")
        }
    }

    private func dialAndKeep() async throws -> ClientConnection {
        let connection: ClientConnection
        do { connection = try await dial() } catch {
            state.withLock { $0.dialing = nil }
            throw (error as? RPCError) ?? RPCError(code: .unavailable, message: "\(error)", cause: error)
        }
        let isClosed = state.withLock { state in
            state.dialing = nil
            state.kept = state.isClosed ? nil : connection
            state.running[ObjectIdentifier(connection)] = connection
            return state.isClosed
        }
        Task {
            await connection.run()
            let isLast = state.withLock { state in
                state.running.removeValue(forKey: ObjectIdentifier(connection))
                return state.isClosed && state.running.isEmpty
            }
            if isLast { atEnd.finish() }
        }
        if isClosed { connection.cut() }
        return connection
    }

    private func retire(_ connection: ClientConnection) {
        state.withLock { state in
            if state.kept === connection { state.kept = nil }
        }
        connection.retire()
    }

    /// - Returns: the connections that still run.
    private func close() -> [ClientConnection] {
        let running = state.withLock { state in
            state.isClosed = true
            state.kept = nil
            return Array(state.running.values)
        }
        if running.isEmpty { atEnd.finish() }
        return running
    }
}
