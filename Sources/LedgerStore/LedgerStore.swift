import Bookkeeping
import Resources

/// A node's ledger and current state on disk, in a directory that one process owns at a time.
///
/// What ``commit(_:completion:)`` was given is durable when it is completed, and survives the end of the process or of
/// the machine at any instant. Reading never waits for writing, and sees complete commits only.
package final class LedgerStore: Sendable {
    package struct Options: Sendable {
        /// How many transfers a segment holds before it is closed and followed by the next.
        package var transfersPerSegment = 1_000_000
        /// How many of the youngest transfer ids are remembered across segments; as ``Books`` is told.
        package var memoryCapacity = Books.memoryCapacity
        /// How many batches may wait to be committed.
        package var queueLimit = 65_536
        /// How many pages of 4 KiB the current segment may have; `nil` for as many as the disk holds.
        var maximumPages: Int?
        var steps = DurableFiles()
        /// Where everything is copied to, continuously.
        package var standby: StandbySettings?
        /// Told what is wrong with the standby, and `nil` when that is over; on a thread of its own.
        package var onStandby: @Sendable (String?) -> Void = { _ in }

        package init() {}
    }

    let writer: Writer
    package let checkpointFile: String
    let balances = BalanceTallies()
    private let onEvents: @Sendable () -> Void

    /// Opens the ledger in `directory`, which is created if it is not there; finishes or undoes what a crash
    /// interrupted; brings the schema up to date after saving a copy.
    ///
    /// - Parameter onEvents: called on the writer's thread whenever events have become durable, whoever committed them.
    /// - Throws: ``LedgerStoreError`` when another process has the directory, others may enter it, it cannot be
    ///   written, or a file is damaged or of a newer schema. The ledger is then as it was.
    package init(
        directory: String, options: Options = Options(), onEvents: @escaping @Sendable () -> Void = {}
    ) throws(LedgerStoreError) {
        self.onEvents = onEvents
        checkpointFile = directory + "/verification.json"
        let files = SegmentFiles(directory: try DataDirectory(path: directory), options: options)
        let segment = try files.openCurrent()
        if options.standby != nil { try segment.giveID() }
        writer = Writer(files: files, segment: segment, options: options)
        try writer.start()
    }

    deinit { writer.queue.close() }

    /// Commits what was accepted, then closes the files and gives the directory free. Afterwards every call fails with
    /// ``LedgerStoreError/closed``. Must not be called from a completion.
    package func close() { writer.stop() }

    /// Queues records to be committed together, in the order of the calls, and calls `completion` once they are durable
    /// or have failed. Completions come in the same order, on the writer's thread; only those of calls that are refused
    /// outright come out of order, on another. None comes on the caller's. Without records it just waits its turn.
    ///
    /// A transfer, receipt or agreement that is there already with the same content is passed over. A batch that breaks a
    /// rule of the ledger fails alone. When the disk is full or fails, the batch fails with all that were queued
    /// behind it, and so does every later one until ``resume()``: they may rest on what was not written.
    package func commit(_ records: [Record], completion: @escaping @Sendable (Result<Void, LedgerStoreError>) -> Void) {
        do throws(LedgerStoreError) {
            var prepared: [PreparedRecord] = []
            prepared.reserveCapacity(records.count)
            for record in records { prepared.append(try PreparedRecord(record)) }
            let tells = records.contains { if case .event = $0 { true } else { false } }
            @Sendable func completeAndTell(_ result: Result<Void, LedgerStoreError>) {
                completion(result)
                if case .success = result { onEvents() }
            }
            writer.queue.push(
                .batch(CommitQueue.Batch(records: prepared, completion: tells ? completeAndTell : completion)))
        } catch {
            writer.queue.refuse(completion, error)
        }
    }

    /// Commits records together and returns once they are durable.
    ///
    /// - Throws: ``LedgerStoreError``; then none of them was written.
    package func commit(_ records: [Record]) async throws(LedgerStoreError) {
        let result = await withCheckedContinuation { continuation in
            commit(records) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Accepts commits again after the disk was full or failed. To be called once the caller has restored itself from
    /// the store, so that what it decides rests on what was written.
    package func resume() { writer.queue.resume() }

    /// Why commits fail until ``resume()``, or for good, each time that begins; for one consumer, the last who asked. It need
    /// not be the one whose commit failed: whatever was decided and not yet written is lost.
    package func outages() -> AsyncStream<LedgerStoreError> { writer.queue.outages() }

    /// Closes the current segment, which is then never written again, and begins the next.
    ///
    /// - Throws: ``LedgerStoreError`` when there is no room for the next one; then the current one goes on.
    package func closeSegment() async throws(LedgerStoreError) {
        let result = await withCheckedContinuation { continuation in
            writer.queue.push(.roll { continuation.resume(returning: $0) })
        }
        try result.get()
    }
}

// MARK: - The standby

extension LedgerStore {
    /// How the standby is doing; `nil` without one.
    package var standby: StandbyStanding? { writer.standby?.standing }
}

extension LedgerStore: LedgerReader {
    package var passesOverFaults: Bool { false }

    package func sources() throws(LedgerStoreError) -> [SegmentSource] { try writer.sources() }
}
