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
    private let files: SegmentFiles
    let options: LedgerStore.Options
    private let current: Mutex<Segment?>
    private let finished = DispatchGroup()
    /// Tidies closed segments up while commits go on in the current one. Who reads them does it here too.
    private let sealing = DispatchQueue(label: "ledger.sealing", qos: .utility)

    /// - Parameter segment: the current one, opened.
    init(files: SegmentFiles, segment: Segment, options: LedgerStore.Options) {
        self.files = files
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

    /// The files of closed segments, oldest first.
    func closedSegments() throws(LedgerStoreError) -> [String] { try files.closed() }

    /// Begins to commit, and to do with closed segments what a crash has left undone.
    func start() throws(LedgerStoreError) {
        for file in try files.closed() { sealing.async { self.files.seal(file) } }
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
        if let segment = current.withLock({ $0.take() }) { try? segment.close() }
        sealing.sync {}
        files.directory.unlock()
        finished.leave()
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
            while let task = queue.take(atMost: Self.groupLimit) {
                switch task {
                case .roll(let completion): return completion
                case .commit(let batches):
                    if let failure = group.run(batches) { queue.fail(failure) }
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
        sealing.async {
            try? segment.close()
            self.files.seal(segment.path)
        }
        return .success(())
    }
}
