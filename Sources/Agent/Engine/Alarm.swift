import Resources
import Synchronization

/// Rings at the instant it was last set to. One task sleeps; setting an earlier instant wakes it.
final class Alarm: Sendable {
    private struct State {
        var due: Instant?
        var sleeper: Task<Void, Never>?
    }

    private let clock: @Sendable () -> Moment
    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init(clock: @escaping @Sendable () -> Moment) {
        self.clock = clock
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Sets when to ring next; `nil` for not at all.
    func set(_ instant: Instant?) {
        let isEarlier = state.withLock { state in
            defer { state.due = instant }
            guard let instant else { return false }
            return state.due.map { instant < $0 } ?? true
        }
        if isEarlier {
            state.withLock { $0.sleeper?.cancel() }
            changed.yield()
        }
    }

    /// Rings until cancelled.
    func run(_ ring: @escaping @Sendable () -> Void) async {
        var iterator = changes.makeAsyncIterator()
        while !Task.isCancelled {
            guard let due = state.withLock({ $0.due }) else {
                guard await iterator.next() != nil else { return }
                continue
            }
            let left = due - clock().instant
            if left <= .zero {
                state.withLock { if $0.due == due { $0.due = nil } }
                ring()
            } else {
                await sleep(left, until: due)
            }
        }
    }

    /// Sleeps until `due`, or until an earlier instant is set.
    private func sleep(_ span: Microseconds, until due: Instant) async {
        let sleeper = Task { _ = await Task.rest(for: .microseconds(span.rawValue)) }
        let isStale = state.withLock { state in
            state.sleeper = sleeper
            return state.due != due
        }
        if isStale { sleeper.cancel() }
        await withTaskCancellationHandler {
            await sleeper.value
        } onCancel: {
            sleeper.cancel()
        }
    }
}
