import Node
import Resources
import Synchronization
import Trading

/// Lets callers wait for what the node decides about requests and renewals, and watch leases change.
final class LeaseRequests: Sendable {
    private struct State {
        var requests: [RequestID: CheckedContinuation<[LeaseID], any Error>] = [:]
        var renewals: [LeaseID: [Int: CheckedContinuation<Void, any Error>]] = [:]
        var adjustments: [ObligationID: [Int: CheckedContinuation<Void, any Error>]] = [:]
        var disputes: [DisputeID: [Int: CheckedContinuation<Void, any Error>]] = [:]
        var watchers: [LeaseID: [Int: AsyncStream<Void>.Continuation]] = [:]
        private var last = 0

        mutating func number() -> Int {
            last += 1
            return last
        }
    }

    private let state = Mutex(State())
    private let engine: Engine

    init(engine: Engine) { self.engine = engine }

    /// Borrows from the best of `peers`, or from as many of them as are wanted. When it is cancelled, leases that come of it all
    /// the same are given back.
    ///
    /// - Returns: one lease from each node.
    /// - Throws: ``Refusal`` with the reasons of everyone asked; `CancellationError`.
    func borrow(_ want: Want, from peers: [NodeID]) async throws -> [LeaseID] {
        var random = SystemRandomNumberGenerator()
        let id = RequestID(at: engine.now.utc, using: &random)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.requests[id] = continuation }
                // cancelled before there was something to cancel
                if Task.isCancelled { return cancel(id) }
                engine.handle(.borrow(id, want, from: peers))
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: RequestID) {
        state.withLock { $0.requests.removeValue(forKey: id) }?.resume(throwing: CancellationError())
    }

    /// - Throws: ``Refusal`` when it is not renewed; `CancellationError`, and then it may be renewed or not.
    func renew(_ lease: LeaseID, by span: Microseconds) async throws {
        let number = state.withLock { $0.number() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { $0.renewals[lease, default: [:]][number] = continuation }
                if Task.isCancelled { return cancel(number, of: lease) }
                engine.handle(.renew(lease, by: span))
            }
        } onCancel: {
            cancel(number, of: lease)
        }
    }

    private func cancel(_ renewal: Int, of lease: LeaseID) {
        state.withLock { $0.renewals[lease]?.removeValue(forKey: renewal) }?.resume(throwing: CancellationError())
    }

    /// Asks the peer to agree to a change of an obligation.
    ///
    /// - Throws: ``Refusal`` when it is not changed; `CancellationError`, and then it may be changed or not.
    func adjust(_ obligation: ObligationID, _ wish: AdjustmentWish) async throws {
        let number = state.withLock { $0.number() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { $0.adjustments[obligation, default: [:]][number] = continuation }
                if Task.isCancelled { return cancel(number, of: obligation) }
                engine.handle(.adjust(obligation, wish))
            }
        } onCancel: {
            cancel(number, of: obligation)
        }
    }

    private func cancel(_ number: Int, of obligation: ObligationID) {
        let waiting = state.withLock { $0.adjustments[obligation]?.removeValue(forKey: number) }
        waiting?.resume(throwing: CancellationError())
    }

    /// Opens a dispute, or gives way in one.
    ///
    /// - Parameter event: about that dispute.
    /// - Throws: ``Refusal`` when nothing of it was done; `CancellationError`, and then the peer has not answered yet.
    func settle(_ dispute: DisputeID, _ event: NodeEvent) async throws {
        let number = state.withLock { $0.number() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { $0.disputes[dispute, default: [:]][number] = continuation }
                if Task.isCancelled { return cancel(number, of: dispute) }
                engine.handle(event)
            }
        } onCancel: {
            cancel(number, of: dispute)
        }
    }

    private func cancel(_ number: Int, of dispute: DisputeID) {
        let waiting = state.withLock { $0.disputes[dispute]?.removeValue(forKey: number) }
        waiting?.resume(throwing: CancellationError())
    }

    /// Announces changes of a lease; the first value comes at once.
    func changes(of lease: LeaseID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            let number = state.number()
            state.watchers[lease, default: [:]][number] = continuation
            return number
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

    func decided(_ id: RequestID, _ result: Result<[LeaseID], Refusal>) {
        let waiting = state.withLock { $0.requests.removeValue(forKey: id) }
        if let waiting { return waiting.resume(with: result.mapError { $0 as any Error }) }
        // Nobody waits any more, as after a restart: what nobody uses is given back.
        if case .success(let leases) = result { for lease in leases { engine.handle(.release(lease)) } }
    }

    func renewed(_ lease: LeaseID, _ refusal: Refusal?) {
        let waiting = state.withLock { $0.renewals.removeValue(forKey: lease) } ?? [:]
        for continuation in waiting.values {
            if let refusal { continuation.resume(throwing: refusal) } else { continuation.resume() }
        }
    }

    func adjusted(_ obligation: ObligationID, _ refusal: Refusal?) {
        let waiting = state.withLock { $0.adjustments.removeValue(forKey: obligation) } ?? [:]
        for continuation in waiting.values {
            if let refusal { continuation.resume(throwing: refusal) } else { continuation.resume() }
        }
    }

    func decided(_ dispute: DisputeID, _ refusal: Refusal?) {
        let waiting = state.withLock { $0.disputes.removeValue(forKey: dispute) } ?? [:]
        for continuation in waiting.values {
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
            return (
                Array(state.requests.values),
                (Array(state.renewals.values) + state.adjustments.values + state.disputes.values).flatMap(\.values),
                state.watchers.values.flatMap(\.values)
            )
        }
        let refusal = Refusal(term: "agent", reason: reason)
        for continuation in requests { continuation.resume(throwing: refusal) }
        for continuation in renewals { continuation.resume(throwing: refusal) }
        for watcher in watchers { watcher.finish() }
    }
}
