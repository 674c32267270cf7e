import Dispatch
import Foundation
import GRDB
import Synchronization

/// The one thread that writes. It takes whatever batches are waiting, commits them in a single transaction (group
/// commit: one fsync for all of them), and completes them in order.
final class Writer: Sendable {
    /// The most batches of one transaction, so that the first of them is not kept waiting for long.
    private static let groupLimit = 1024

    let queue: CommitQueue
    let files: SegmentFiles
    let options: LedgerStore.Options
    private let current: Mutex<Segment?>
    private let finished = DispatchGroup()
    /// Held by whoever moves closed segments away.
    let archiving = Mutex(())
    /// Segments that are closed and whose files are not yet.
    private let closing = DispatchGroup()
    /// Tidies closed segments up while commits go on in the current one. Who reads them does it here too.
    private let sealing = DispatchQueue(label: "ledger.sealing", qos: .utility)

    /// Where all is copied to.
    let standby: Standby?

    /// - Parameter segment: the current one, opened.
    init(files: SegmentFiles, segment: Segment, options: LedgerStore.Options) {
        self.files = files
        standby = options.standby.map { Standby($0, files: options.steps, report: options.onStandby) }
        self.options = options
        current = Mutex(segment)
        queue = CommitQueue(capacity: options.queueLimit)
    }

    /// The segment to read from; `nil` once closed.
    var segment: Segment? { current.withLock { $0 } }

    /// The segment to read from.
    ///
    /// - Throws: why there is none any more.
    func openSegment() throws(LedgerStoreError) -> Segment {
        guard let segment else { throw queue.closure ?? .closed }
        return segment
    }

    /// Reads closed segments while none of them is being tidied up. A crash in the middle of that leaves a journal that a
    /// reader must not roll back and cannot do without; and a reader would keep the tidying from being completed.
    ///
    /// - Throws: ``LedgerStoreError/closed`` once the files may be another process's.
    func readClosed(_ body: () throws -> Void) throws {
        try sealing.sync {
            _ = try openSegment()
            try body()
        }
    }

    /// All segments, oldest first.
    ///
    /// - Parameter areMountedIncluded: otherwise those in the ledger's own directory alone.
    func sources(areMountedIncluded: Bool = true) throws(LedgerStoreError) -> [SegmentSource] {
        let current = try openSegment()
        var mounts: [String] = []
        if areMountedIncluded {
            do { mounts = try current.pool.read(Rows.mounts) } catch { throw LedgerStoreError(error, file: current.path) }
        }
        let closed = try files.closedEntries(mounting: mounts).filter { $0.number < current.number }.map { entry in
            SegmentSource(path: entry.path, isClosed: true) { body in
                guard self.isOwn(entry) else { return try ClosedSegment.read(entry.path, body) }
                try self.readClosed { try ClosedSegment.read(entry.path, body) }
            }
        }
        return closed + [SegmentSource(path: current.path, isClosed: false) { try current.pool.read($0) }]
    }

    private func isOwn(_ entry: SegmentDirectory.Entry) -> Bool { entry.path.hasPrefix(files.directory.path + "/") }

    /// Waits until the files of segments that were closed are closed, too, and tidied up.
    func awaitClosing() { closing.wait() }

    /// Tidies a closed segment up now, unless that is done.
    func tidyUp(_ path: String) throws { try sealing.sync { try files.seal(path) } }

    /// Removes the file of a closed segment while nobody reads it.
    func discard(_ path: String) throws {
        try readClosed {
            try files.steps.remove(path)
            try files.steps.synchronize(files.directory.path)
        }
    }

    /// Calls with each segment before one, tidied up, while nobody moves it away.
    private func eachClosed(before number: Int, _ body: (SegmentDirectory.Entry) throws -> Void) throws {
        for entry in try files.closedEntries() where entry.number < number {
            try archiving.withLock { _ in
                try tidyUp(entry.path)
                if DurableFiles.isThere(entry.path) { try body(entry) }
            }
        }
    }

    /// Begins to commit, and to do with closed segments what a crash has left undone.
    func start() throws(LedgerStoreError) {
        // What cannot be sealed now is whole, only not read-only; it is tried again at the next start.
        for entry in try files.closedEntries() { sealing.async { try? self.files.seal(entry.path) } }
        standby?.start(
            nudge: { [queue] in queue.push(.batch(CommitQueue.Batch(records: [], completion: { _ in }))) },
            { [weak self] number, take in try self?.eachClosed(before: number, take) })
        finished.enter()
        let thread = Thread { self.run() }
        thread.name = "ledger"
        thread.start()
    }

    /// Waits until all that was queued is committed and the files are closed.
    func stop() {
        queue.close()
        finished.wait()
    }

    private func run() {
        var limit = Int64(options.transfersPerSegment)
        while let segment, step(segment, transferLimit: &limit) {}
        if let segment = current.withLock({ $0.take() }) {
            let copied = DispatchSemaphore(value: 0)
            finish(segment) { copied.signal() }
            copied.wait()
            try? segment.close()
        }
        closing.wait()
        sealing.sync {}
        standby?.stop()
        files.directory.unlock()
        finished.leave()
    }

    /// Calls `done` once the standby has all of a segment, or has given that up.
    private func finish(_ segment: Segment, _ done: @escaping @Sendable () -> Void) {
        if let standby { standby.finish(segment, done) } else { done() }
    }

    /// Serves one segment until it was followed by the next, or until nothing can be written any more (then `false`).
    private func step(_ segment: Segment, transferLimit: inout Int64) -> Bool {
        var completion: CommitQueue.Completion?
        do {
            completion = try serve(segment, transferLimit: transferLimit)
            guard let completion else { return false }
            completion(try roll(segment, transferLimit: &transferLimit))
            return true
        } catch {
            // The segment can be neither continued nor followed; opening the store again sorts it out.
            let failure = LedgerStoreError(error, file: segment.path)
            completion?(.failure(failure))
            queue.abandon(failure)
            return false
        }
    }

    /// Commits what comes until the queue is closed (then `nil`), or until the segment is to be followed by the next.
    private func serve(_ segment: Segment, transferLimit: Int64) throws -> CommitQueue.Completion? {
        try segment.pool.writeWithoutTransaction { db in
            var group = try GroupCommit(db, path: segment.path)
            try standby?.follow(segment, db)
            while let task = queue.take(atMost: Self.groupLimit) {
                switch task {
                case .roll(let completion): return completion
                case .commit(let batches):
                    if let failure = group.run(batches) { queue.fail(failure) }
                    standby?.committed(segment, db)
                    if group.transfers >= transferLimit { return { _ in } }
                }
            }
            return nil
        }
    }

    /// Follows the segment by the next. When no room can be found for that, the current one goes on for a while.
    ///
    /// - Throws: when the segment was closed but could not be followed.
    private func roll(_ segment: Segment, transferLimit: inout Int64) throws -> Result<Void, LedgerStoreError> {
        let successor: SegmentFiles.Successor
        do {
            successor = try files.buildSuccessor(of: segment)
        } catch {
            transferLimit += Int64(max(1, options.transfersPerSegment / 16))
            return .failure(LedgerStoreError(error, file: segment.path))
        }
        let next = try files.replace(segment, by: successor)
        current.withLock { $0 = next }
        transferLimit = Int64(options.transfersPerSegment)
        closing.enter()
        finish(segment) {
            self.sealing.async {
                try? segment.close()
                try? self.files.seal(segment.path)
                self.closing.leave()
            }
        }
        return .success(())
    }
}
