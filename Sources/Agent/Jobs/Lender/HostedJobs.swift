import Bookkeeping
import LedgerStore
import Resources
import Synchronization

/// The jobs that run here for peers, and those whose files are being prepared.
///
/// They are read from the ledger when first asked for, so that a borrower that calls right after a restart finds its job.
final class HostedJobs: Sendable {
    /// A job with a place here that was not started yet.
    struct Preparation: Sendable {
        let borrower: NodeID
        let lease: LeaseID
        /// Files are coming in right now.
        var isReceiving = false
    }

    private struct State {
        var jobs: [JobID: HostedJob]?
        var prepared: [JobID: Preparation] = [:]
    }

    private let store: LedgerStore
    private let state = Mutex(State())

    init(store: LedgerStore) { self.store = store }

    subscript(id: JobID) -> HostedJob? { get throws { try jobs()[id] } }

    /// All of them, oldest first.
    var all: [HostedJob] { get throws { try jobs().values.sorted { $0.id < $1.id } } }

    func prepared(_ id: JobID) -> Preparation? { state.withLock { $0.prepared[id] } }
    var preparations: [JobID: Preparation] { state.withLock { $0.prepared } }

    private func jobs() throws -> [JobID: HostedJob] {
        try state.withLock { state in
            if let jobs = state.jobs { return jobs }
            let records = try store.states(.hosted, as: HostedJob.self)
            let jobs = Dictionary(records.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            state.jobs = jobs
            return jobs
        }
    }

    // MARK: Room

    /// Takes a place for a job, unless it has one.
    ///
    /// - Throws: ``Refusal`` when `limit` jobs run here, or as many of the same borrower were not discarded.
    func admit(_ id: JobID, of borrower: NodeID, under lease: LeaseID, limit: Int) throws {
        let known = try jobs()
        try state.withLock { state in
            guard known[id] == nil, state.prepared[id] == nil else { return }
            let running = known.values.count { $0.end == nil } + state.prepared.count
            guard running < limit else {
                throw Refusal(term: "jobs", reason: "this node runs \(running) jobs, its limit", retryAfter: .seconds(10))
            }
            let own = known.values.count { $0.borrower == borrower } + state.prepared.values.count { $0.borrower == borrower }
            guard own < limit else {
                throw Refusal(
                    term: "jobs", reason: "this node keeps \(own) of your jobs, its limit: discard some", retryAfter: .seconds(10)
                )
            }
            state.prepared[id] = Preparation(borrower: borrower, lease: lease)
        }
    }

    /// Begins to receive files; false when that is under way already.
    func beginReceiving(_ id: JobID) -> Bool {
        state.withLock { state in
            guard state.prepared[id]?.isReceiving == false else { return false }
            state.prepared[id]?.isReceiving = true
            return true
        }
    }

    func endReceiving(_ id: JobID) { state.withLock { $0.prepared[id]?.isReceiving = false } }

    /// Gives back the place of a job that was not started.
    func forgetPreparation(_ id: JobID) { state.withLock { _ = $0.prepared.removeValue(forKey: id) } }

    // MARK: Records

    /// Records a new job and returns once that is durable.
    func add(_ job: HostedJob) async throws {
        _ = try jobs()
        try await commit(job.id) { _ in job }
    }

    /// Changes a job and returns it once that is durable; one that was removed meanwhile stays so.
    func change(_ id: JobID, _ body: (inout HostedJob) -> Void) async throws -> HostedJob? {
        _ = try jobs()
        try await commit(id) { job in
            guard var job else { return nil }
            body(&job)
            return job
        }
        return try jobs()[id]
    }

    /// Forgets a job and returns once that is durable.
    func remove(_ id: JobID) async throws {
        _ = try jobs()
        try await commit(id) { _ in nil }
    }

    /// Queues what `body` makes of a job, in the order of the calls; when the disk fails all is as it was.
    private func commit(_ id: JobID, _ body: (HostedJob?) -> HostedJob?) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            state.withLock { state in
                let (old, new) = (state.jobs?[id], body(state.jobs?[id]))
                let preparation = state.prepared.removeValue(forKey: id)
                state.jobs?[id] = new
                store.commit([.state(.hosted, id: id.description, new)]) { [self] result in
                    if case .failure = result {
                        self.state.withLock { state in
                            state.jobs?[id] = old
                            state.prepared[id] = preparation
                        }
                    }
                    continuation.resume(with: result)
                }
            }
        }
    }
}
