import Dispatch
import Synchronization

/// Work on its way to the writer's thread: first in, first out, and bounded.
final class CommitQueue: Sendable {
    typealias Completion = @Sendable (Result<Void, LedgerStoreError>) -> Void

    /// Records to be committed together or not at all.
    struct Batch: Sendable {
        let records: [PreparedRecord]
        let completion: Completion
    }

    enum Item: Sendable {
        case batch(Batch)
        /// Close the current segment and begin the next.
        case roll(Completion)

        var completion: Completion {
            switch self {
            case .batch(let batch): batch.completion
            case .roll(let completion): completion
            }
        }
    }

    /// What the writer does next.
    enum Task: Sendable {
        case commit([Batch])
        case roll(Completion)
    }

    private struct State {
        var items: [Item] = []
        var isWaiting = false
        /// Why nothing is accepted any more.
        var closure: LedgerStoreError?
        var failure: LedgerStoreError?
        var outage: AsyncStream<LedgerStoreError>.Continuation?
    }

    private let capacity: Int
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// Completes what is refused: the caller may hold the lock that its completion takes.
    private let refusals = DispatchQueue(label: "ledger.refusals")

    init(capacity: Int) { self.capacity = capacity }

    /// Queues an item, or soon completes it with an error; never on the caller's thread.
    func push(_ item: Item) {
        let refusal: LedgerStoreError? = state.withLock { state in
            if let closure = state.closure { return closure }
            if let failure = state.failure { return .afterFailure("\(failure)") }
            if state.items.count >= capacity { return .overloaded(state.items.count) }
            state.items.append(item)
            wakeWriter(&state)
            return nil
        }
        if let refusal { refuse(item.completion, refusal) }
    }

    func refuse(_ completion: @escaping Completion, _ error: LedgerStoreError) {
        refusals.async { completion(.failure(error)) }
    }

    /// Waits for work and takes it: the first batches, at most `limit`, or a roll. `nil` once closed and empty.
    func take(atMost limit: Int) -> Task? {
        while true {
            let (task, isClosed) = state.withLock { state in
                let task = Self.next(&state.items, atMost: limit)
                state.isWaiting = task == nil && state.closure == nil
                return (task, state.closure != nil)
            }
            if let task { return task }
            if isClosed { return nil }
            wake.wait()
        }
    }

    private static func next(_ items: inout [Item], atMost limit: Int) -> Task? {
        if case .roll(let completion) = items.first {
            items.removeFirst()
            return .roll(completion)
        }
        var batches: [Batch] = []
        for case .batch(let batch) in items.prefix(limit).prefix(while: \.isBatch) { batches.append(batch) }
        items.removeFirst(batches.count)
        return batches.isEmpty ? nil : .commit(batches)
    }

    /// Fails all that waits and all that comes, until ``resume()``: it was decided in the belief that what has just
    /// failed would be written.
    func fail(_ failure: LedgerStoreError) {
        let (items, outage) = state.withLock { state in
            state.failure = failure
            defer { state.items = [] }
            return (state.items, state.outage)
        }
        for item in items { item.completion(.failure(.afterFailure("\(failure)"))) }
        outage?.yield(failure)
    }

    func resume() {
        state.withLock { $0.failure = nil }
    }

    /// Yields why nothing is written any more, each time that begins; to the last who asked.
    func outages() -> AsyncStream<LedgerStoreError> {
        let (outages, outage) = AsyncStream.makeStream(of: LedgerStoreError.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.outage = outage
            if let present = state.closure ?? state.failure { outage.yield(present) }
        }
        return outages
    }

    /// Nothing is accepted any more; what is queued is still taken.
    func close() {
        state.withLock { state in
            state.closure = state.closure ?? .closed
            wakeWriter(&state)
        }
    }

    /// Nothing is accepted any more, and what is queued fails. To be called by who takes.
    func abandon(_ failure: LedgerStoreError) {
        let closure = LedgerStoreError.abandoned("\(failure)")
        let (items, outage) = state.withLock { state in
            state.closure = closure
            defer { state.items = [] }
            return (state.items, state.outage)
        }
        for item in items { item.completion(.failure(closure)) }
        outage?.yield(closure)
    }

    /// Why nothing is accepted any more; `nil` as long as something is.
    var closure: LedgerStoreError? { state.withLock { $0.closure } }

    private func wakeWriter(_ state: inout State) {
        if state.isWaiting { wake.signal() }
        state.isWaiting = false
    }
}

extension CommitQueue.Item {
    fileprivate var isBatch: Bool {
        if case .batch = self { true } else { false }
    }
}
