import Bookkeeping
import FoundationEssentials
import LedgerStore
import Resources
import Synchronization
import Wire

/// One of this node's jobs while something is to be done about it, or somebody looks at it.
final class JobWork: Sendable {
    /// What is being done, for people who wait.
    struct Progress: Hashable, Sendable {
        var text = ""
        var done: Int64 = 0
        var total: Int64 = 0
    }

    /// What a watcher sees of it at one moment.
    struct View: Sendable {
        let record: JobRecord
        let progress: Progress
        /// How it fares on its lender; `nil` while it is not running, or that is not known.
        let standing: JobStanding?
    }

    private struct State {
        /// As it is on disk.
        var record: JobRecord
        /// As it will be, once what is queued is on disk.
        var next: JobRecord
        var progress = Progress()
        var standing: JobStanding?
        var isCancelled = false
        var signals: [UInt32] = []
    }

    /// The most input that is kept here for one job, in bytes.
    static let inputLimit: Int64 = 1 << 30
    private static let signalLimit = 64

    let id: JobID
    let folder: JobFolder
    let stdin: Spool
    let stdout: Spool
    let stderr: Spool
    private let state: Mutex<State>
    private let changed = ChangeFeed()

    /// Opens the streams of a job whose folder is there.
    init(_ record: JobRecord, in folder: JobFolder) throws(SpoolError) {
        id = record.id
        self.folder = folder
        stdin = try Spool(folder.stdin)
        stdout = try Spool(folder.stdout)
        stderr = try Spool(folder.stderr)
        state = Mutex(State(record: record, next: record))
    }

    var record: JobRecord { state.withLock { $0.record } }
    var view: View {
        state.withLock {
            View(record: $0.record, progress: $0.progress, standing: $0.record.stage == .running ? $0.standing : nil)
        }
    }

    /// Tells of anything new; the first value comes at once.
    func changes() -> AsyncStream<Void> { changed.announcements() }
    func notify() { changed.notify() }

    /// Changes the record and returns once that is durable; only then others see it.
    ///
    /// - Throws: ``LedgerStoreError``; then nothing has changed.
    func change(in store: LedgerStore, _ body: (inout JobRecord) -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            state.withLock { state in
                body(&state.next)
                let next = state.next
                store.commit([.state(.job, id: id.description, next)]) { [self] result in
                    self.state.withLock { state in
                        if case .success = result { state.record = next } else { state.next = state.record }
                    }
                    changed.notify()
                    continuation.resume(with: result)
                }
            }
        }
    }

    func report(_ progress: Progress) {
        state.withLock { $0.progress = progress }
        changed.notify()
    }

    /// Takes in how the job fares on its lender. Watchers are told only when its owner gives it more or less.
    func note(_ standing: JobStanding?) {
        let isNews = state.withLock { state in
            defer { state.standing = standing }
            return standing?.isNews(after: state.standing) ?? false
        }
        if isNews { changed.notify() }
    }

    // MARK: What watchers want

    /// Ends it, whatever it is doing.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        changed.notify()
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Returns true once it is to be cancelled, false when the task is.
    func waitForCancellation() async -> Bool {
        for await _ in changes() where isCancelled { return true }
        return false
    }

    func waitForEnd() async {
        for await _ in changes() where record.isFinal { return }
    }

    /// Queues a signal for the program. Of a flood, the newest are dropped.
    func add(signal: UInt32) {
        state.withLock { if $0.signals.count < Self.signalLimit { $0.signals.append(signal) } }
        changed.notify()
    }

    func takeSignal() -> UInt32? { state.withLock { $0.signals.isEmpty ? nil : $0.signals.removeFirst() } }
}
