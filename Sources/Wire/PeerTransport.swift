package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// Calls one peer: connects at the first call, keeps the connection, makes another one when it was closed or is old.
///
/// An error that prevents a call from beginning is thrown by that call at once; nothing is tried again behind the caller's
/// back, except that a call which finds the kept connection closed before it began gets a new one.
package final class PeerTransport: ClientTransport {
    package typealias Bytes = GRPCNIOTransportBytes

    /// After this time calls begin on a new connection, so that both certificates are looked at again.
    private static let greatestAge = Duration.seconds(30 * 60)

    private struct Kept {
        var transport: Dialer.Transport
        var since: ContinuousClock.Instant
    }

    private enum State {
        case open(Kept?, dialing: Task<Dialer.Transport, any Error>?)
        case closed
    }

    private let state = Mutex(State.open(nil, dialing: nil))
    private let dial: @Sendable () async throws -> Dialer.Transport
    private let connections: AsyncStream<Dialer.Transport>
    private let add: AsyncStream<Dialer.Transport>.Continuation

    package var retryThrottle: RetryThrottle? { nil }

    init(dial: @escaping @Sendable () async throws -> Dialer.Transport) {
        self.dial = dial
        (connections, add) = AsyncStream.makeStream(of: Dialer.Transport.self)
    }

    package func config(forMethod descriptor: MethodDescriptor) -> MethodConfig? { nil }

    /// Runs the connections that calls open, until shut down.
    package func connect() async throws {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await connection in connections { group.addTask { try? await connection.connect() } }
            }
        } onCancel: {
            beginGracefulShutdown()
        }
    }

    package func beginGracefulShutdown() {
        let kept = state.withLock { state -> Kept? in
            defer { state = .closed }
            guard case .open(let kept, let dialing) = state else { return nil }
            dialing?.cancel()
            return kept
        }
        kept?.transport.beginGracefulShutdown()
        add.finish()
    }

    package func withStream<T: Sendable>(
        descriptor: MethodDescriptor, options: CallOptions,
        _ closure: (RPCStream<Inbound, Outbound>, ClientContext) async throws -> T
    ) async throws -> T {
        let connection = try await current()
        let begun = Mutex(false)
        do {
            return try await connection.withStream(descriptor: descriptor, options: options) { stream, context in
                begun.withLock { $0 = true }
                return try await closure(stream, context)
            }
        } catch let error as RPCError where error.code == .unavailable && !begun.withLock({ $0 }) {
            forget(connection)
            return try await current().withStream(descriptor: descriptor, options: options, closure)
        }
    }

    /// The kept connection, or a new one; calls that come while one is being made wait for the same.
    private func current() async throws -> Dialer.Transport {
        enum Step {
            case use(Dialer.Transport)
            case wait(Task<Dialer.Transport, any Error>)
            case fail
        }
        let (step, old) = state.withLock { state -> (Step, Dialer.Transport?) in
            guard case .open(let kept, let dialing) = state else { return (.fail, nil) }
            if let kept, kept.since.duration(to: .now) < Self.greatestAge { return (.use(kept.transport), nil) }
            if let dialing { return (.wait(dialing), nil) }
            let task = Task { try await dialAndKeep() }
            state = .open(nil, dialing: task)
            return (.wait(task), kept?.transport)
        }
        old?.beginGracefulShutdown()
        switch step {
        case .use(let transport): return transport
        case .wait(let task): return try await task.value
        case .fail: throw RPCError(code: .unavailable, message: "the client of this peer was closed")
        }
    }

    private func dialAndKeep() async throws -> Dialer.Transport {
        let result = await Result { () async throws in try await dial() }
        let isWanted = state.withLock { state -> Bool in
            guard case .open = state else { return false }
            state = .open((try? result.get()).map { Kept(transport: $0, since: .now) }, dialing: nil)
            return true
        }
        do {
            let transport = try result.get()
            add.yield(transport)
            if !isWanted { transport.beginGracefulShutdown() }
            return transport
        } catch {
            throw (error as? RPCError) ?? RPCError(code: .unavailable, message: "\(error)", cause: error)
        }
    }

    private func forget(_ connection: Dialer.Transport) {
        state.withLock { state in
            if case .open(let kept?, let dialing) = state, kept.transport === connection { state = .open(nil, dialing: dialing) }
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
