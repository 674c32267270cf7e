import Bookkeeping
import LedgerStore
import Resources
import Synchronization

/// The jobs that run here for peers, and those whose files are being prepared.
///
/// They are read from the ledger when first asked for, so that a borrower that calls right after a restart finds its job.
final class HostedJobs: Sendable {
    private struct State {
        var jobs: [JobID: HostedJob]?
        /// Jobs with files here that were not started yet, and whether files are coming in right now.
        var prepared: [JobID: Preparation] = [:]
    }

    struct Preparation: Sendable {
        let borrower: NodeID
        var isReceiving = false
    }

    private let store: LedgerStore
    private let state = Mutex(State())

    init(store: LedgerStore) { self.store = store }

    subscript(id: JobID) -> HostedJob? { get throws { try jobs()[id] } }

    /// All of them, oldest first.
    var all: [HostedJob] { get throws { try jobs().values.sorted { $0.id < $1.id } } }

    func prepared(_ id: JobID) -> Preparation? { state.withLock { $0.prepared[id] } }

    private func jobs() throws -> [JobID: HostedJob] {
        try state.withLock { state in
            if let jobs = state.jobs { return jobs }
            let jobs = Dictionary(
                try store.states(.hosted, as: HostedJob.self).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            state.jobs = jobs
            return jobs
        }
    }

    // MARK: Room

    /// Takes a place for a job, unless it has one.
    ///
    /// - Throws: ``Refusal`` when `limit` jobs run here, or as many of the same borrower were not discarded.
    func admit(_ id: JobID, for borrower: NodeID, limit: Int) throws {
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
            state.prepared[id] = Preparation(borrower: borrower)
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

    /// Records a job and returns once that is durable.
    func keep(_ job: HostedJob, _ events: [Event], in engine: Engine) async throws {
        _ = try jobs()
        try await engine.commit([.state(.hosted, id: job.id.description, job)] + events.map(Record.event))
        state.withLock { state in
            state.jobs?[job.id] = job
            state.prepared[job.id] = nil
        }
    }

    /// Forgets a job and returns once that is durable.
    func remove(_ id: JobID, _ events: [Event], in engine: Engine) async throws {
        try await engine.commit([.state(.hosted, id: id.description, nil)] + events.map(Record.event))
        state.withLock { state in
            state.jobs?[id] = nil
            state.prepared[id] = nil
        }
    }
}
