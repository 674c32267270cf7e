import Node
import Resources
import Synchronization
import Trading

/// Lets callers wait for what the node decides about requests and renewals, and watch leases change.
final class LeaseRequests: Sendable {
    private struct State {
        var requests: [RequestID: CheckedContinuation<LeaseID, any Error>] = [:]
        var renewals: [LeaseID: [CheckedContinuation<Void, any Error>]] = [:]
        var watchers: [LeaseID: [Int: AsyncStream<Void>.Continuation]] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let engine: Engine

    init(engine: Engine) { self.engine = engine }

    /// Borrows from the best of `peers`.
    ///
    /// - Throws: ``Refusal`` with the reasons of everyone asked.
    func borrow(_ want: Want, from peers: [NodeID]) async throws -> LeaseID {
        var random = SystemRandomNumberGenerator()
        let id = RequestID(at: engine.now.utc, using: &random)
        return try await withCheckedThrowingContinuation { continuation in
            state.withLock { $0.requests[id] = continuation }
            engine.handle(.borrow(id, want, from: peers))
        }
    }

    /// - Throws: ``Refusal`` when it is not renewed.
    func renew(_ lease: LeaseID, by span: Microseconds) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            state.withLock { $0.renewals[lease, default: []].append(continuation) }
            engine.handle(.renew(lease, by: span))
        }
    }

    /// Announces changes of a lease; the first value comes at once.
    func changes(of lease: LeaseID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            state.watchers[lease, default: [:]][state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in
                state.watchers[lease]?[number] = nil
                if state.watchers[lease]?.isEmpty == true { state.watchers[lease] = nil }
            }
        }
        continuation.yield()
        return stream
    }

    /// Waits until `isDone` says so of the lease, or it is gone; `nil` then.
    func wait<Value: Sendable>(for lease: LeaseID, until isDone: (LeaseEntry?) -> Value?) async -> Value? {
        for await _ in changes(of: lease) {
            if let value = isDone(engine.read { $0.leases[lease] }) { return value }
        }
        return nil
    }

    // MARK: What the node decides

    func decided(_ id: RequestID, _ result: Result<LeaseID, Refusal>) {
        let waiting = state.withLock { $0.requests.removeValue(forKey: id) }
        if let waiting { return waiting.resume(with: result.mapError { $0 as any Error }) }
        // Nobody waits any more, as after a restart: what nobody uses is given back.
        if case .success(let lease) = result { engine.handle(.release(lease)) }
    }

    func renewed(_ lease: LeaseID, _ refusal: Refusal?) {
        let waiting = state.withLock { $0.renewals.removeValue(forKey: lease) } ?? []
        for continuation in waiting {
            if let refusal { continuation.resume(throwing: refusal) } else { continuation.resume() }
        }
    }

    func changed(_ lease: LeaseID) {
        let watchers = state.withLock { $0.watchers[lease].map { Array($0.values) } ?? [] }
        for watcher in watchers { watcher.yield() }
    }

    /// Tells everyone who waits that nothing more will be decided.
    func abandon(_ reason: String) {
        let (requests, renewals, watchers) = state.withLock { state in
            defer { state = State() }
            return (Array(state.requests.values), state.renewals.values.flatMap(\.self), state.watchers.values.flatMap(\.values))
        }
        let refusal = Refusal(term: "agent", reason: reason)
        for continuation in requests { continuation.resume(throwing: refusal) }
        for continuation in renewals { continuation.resume(throwing: refusal) }
        for watcher in watchers { watcher.finish() }
    }
}
