import Dispatch
import Resources
import Synchronization

/// Work on its way to the thread of a ``SQLiteJournal``, and who waits for it.
final class JournalQueue: Sendable {
    typealias Completion = @Sendable (Result<Void, VolumeStoreError>) -> Void

    /// Something that is written by itself.
    struct Step: Sendable {
        let write: @Sendable (JournalFile) throws(VolumeStoreError) -> Void
        /// What is different once it is written.
        var written: @Sendable (inout State) -> Void = { _ in }
    }

    /// What the thread does next.
    enum Work: Sendable {
        /// - Parameter epoch: where it is a new one.
        case append([JournalFile.Entry], epoch: UInt64?)
        case step(Step, Completion)
    }

    struct State {
        var standing: JournalStanding
        /// Why nothing is taken any more.
        var failure: VolumeStoreError?
        /// For each removal of records that waits: after which one. Those behind it that are written before count no more.
        var cuts: [UInt64] = []
        fileprivate var work: [Work] = []
        fileprivate var waiting: [(index: UInt64, completion: Completion)] = []
        fileprivate var phase = Phase.busy
        /// Whether somebody waits for what is queued.
        fileprivate var isUrgent = false
        fileprivate var hasLingered = false

        /// What the thread does.
        fileprivate enum Phase { case busy, idle, lingering }

        /// Takes note that records up to one were written.
        ///
        /// - Returns: up to which one all are durable, if more are than before; and those who waited for that.
        mutating func publish(durable index: UInt64) -> (UInt64?, [Completion]) {
            let durable = min(index, cuts.min() ?? index)
            guard durable > standing.durable else { return (nil, []) }
            standing.durable = durable
            return (durable, take { $0 <= durable })
        }

        /// Removes and returns those who wait for records that are chosen.
        mutating func take(_ isChosen: (UInt64) -> Bool) -> [Completion] {
            let taken = waiting.filter { isChosen($0.index) }
            waiting.removeAll { isChosen($0.index) }
            return taken.sorted { $0.index < $1.index }.map(\.completion)
        }
    }

    /// The most records that are written in one transaction, so that the first of them is not kept waiting for long.
    private static let groupLimit = 4096
    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)

    private let linger: DispatchTimeInterval

    /// - Parameter linger: for how long records wait that nobody waits for.
    init(_ standing: JournalStanding, linger: DispatchTimeInterval) {
        self.linger = linger
        state = Mutex(State(standing: standing))
    }

    var standing: JournalStanding { state.withLock(\.standing) }
    var failure: VolumeStoreError? { state.withLock(\.failure) }

    /// Looks whether something may be done, and puts it behind what is to be done before it.
    func push(
        isUrgent: Bool = true, _ admit: (inout State) throws(VolumeStoreError) -> Work
    ) throws(VolumeStoreError) {
        let outcome: Result<Void, VolumeStoreError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            do throws(VolumeStoreError) {
                state.work.append(try admit(&state))
                wakeThread(&state, isUrgent: isUrgent)
                return .success(())
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    /// Somebody waits for what is queued.
    func hurry() { state.withLock { if !$0.work.isEmpty { wakeThread(&$0, isUrgent: true) } } }

    /// Waits for work and takes it; consecutive records as one. `nil` once closed and empty.
    func take() -> Work? {
        while true {
            switch state.withLock({ Self.next(&$0) }) {
            case .work(let work): return work
            case .nothing: wake.wait()
            case .end: return nil
            case .linger:
                _ = wake.wait(timeout: .now() + linger)
                state.withLock { $0.hasLingered = true }
            }
        }
    }

    private enum Next {
        case work(Work)
        case nothing
        case linger
        case end
    }

    private static func next(_ state: inout State) -> Next {
        guard !state.work.isEmpty else {
            state.phase = .idle
            return state.failure == nil ? .nothing : .end
        }
        guard state.isUrgent || state.hasLingered || state.failure != nil else {
            state.phase = .lingering
            return .linger
        }
        guard let work = next(&state.work) else { preconditionFailure("there is work") }
        (state.phase, state.isUrgent, state.hasLingered) = (.busy, !state.work.isEmpty, false)
        return .work(work)
    }

    private static func next(_ work: inout [Work]) -> Work? {
        var (entries, newest, count) = ([JournalFile.Entry](), UInt64?.none, 0)
        for case .append(let more, let epoch) in work.prefix(while: \.isAppend) {
            if count > 0, entries.count + more.count > groupLimit { break }
            entries += more
            newest = epoch ?? newest
            count += 1
        }
        guard count == 0 else {
            work.removeFirst(count)
            return .append(entries, epoch: newest)
        }
        return work.isEmpty ? nil : work.removeFirst()
    }

    /// Changes what is known after something was written.
    func update<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

    /// Calls when records are durable.
    func wait(for index: UInt64, _ completion: @escaping Completion) {
        let outcome: Result<Void, VolumeStoreError>? = state.withLock { state in
            if index <= state.standing.durable { return .success(()) }
            if let failure = state.failure { return .failure(failure) }
            state.waiting.append((index, completion))
            return nil
        }
        if let outcome { completion(outcome) }
    }

    /// Fails all that wait; to be called by the thread when nothing is to come.
    func failWaiting(_ failure: VolumeStoreError) {
        for completion in state.withLock({ $0.take { _ in true } }) { completion(.failure(failure)) }
    }

    /// Nothing is taken any more. What is queued is still written when it was closed, and fails after a failure.
    func end(_ failure: VolumeStoreError) {
        let completions: [Completion] = state.withLock { state in
            state.failure = state.failure ?? failure
            wakeThread(&state, isUrgent: true)
            guard failure != .closed else { return [] }
            defer { state.work = [] }
            let steps = state.work.compactMap { if case .step(_, let completion) = $0 { completion } else { nil } }
            return state.take { _ in true } + steps
        }
        for completion in completions { completion(.failure(failure)) }
    }

    private func wakeThread(_ state: inout State, isUrgent: Bool) {
        if isUrgent { state.isUrgent = true }
        guard state.phase == .idle || (state.phase == .lingering && isUrgent) else { return }
        wake.signal()
        state.phase = .busy
    }
}

extension JournalQueue.Work {
    fileprivate var isAppend: Bool { if case .append = self { true } else { false } }
}
