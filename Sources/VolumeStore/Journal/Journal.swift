import Dispatch
import Resources
import Synchronization
import Volumes

/// Where the records of a volume are kept in their order, and are durable before anything rests on them.
///
/// This is the seam between the metadata of a volume and whatever makes their history safe: a file on this machine
/// (``SQLiteJournal``), the same on several, or a service. What holds of each:
///
/// - Records have no gaps: each that is appended is one higher than the last. They become durable in their order, several at once.
/// - Nothing is said to be safe, and no state is committed, before the records that it rests on are durable.
/// - Once something could not be made durable, everything after fails with the same error: it rests on what was lost. Only what is
///   opened anew goes on.
/// - The journal remembers the highest epoch that it saw of any home, durably, and takes nothing from an older one. Records keep the
///   epoch of the home that first wrote them, which may be older than that of the home that sends them now.
/// - **A home that starts begins an epoch of its own**, also where it was the home before. Then index and epoch together name one
///   record wherever it lies: two journals that have the same index and epoch have the same history up to it (the log matching
///   property of Raft; D. Ongaro, J. Ousterhout, "In search of an understandable consensus algorithm", 2014). A home that went on in
///   its old epoch after it lost what was not yet durable could give an index twice.
package protocol Journal: AnyObject, Sendable {
    var standing: JournalStanding { get }
    /// Why nothing is taken any more; `nil` while all is well.
    var failure: VolumeStoreError? { get }

    /// Whether what the home has may be told: nobody else can have begun to answer as the home.
    var isInCharge: Bool { get }

    /// Takes records, and returns before they are durable.
    ///
    /// - Parameter epoch: of the home that sends them; where it is higher than any before, it is remembered with them.
    /// - Throws: ``VolumeStoreError/deposed(epoch:current:)``; ``VolumeStoreError/gap(last:next:)``;
    ///   ``VolumeStoreError/overloaded(_:)``; what it failed with earlier. None of them was taken then.
    func append(_ records: [Record], by epoch: UInt64) throws(VolumeStoreError)

    /// Somebody waits for records up to one. Those that nobody waits for may be kept for a little while, so that many are written
    /// and sent at once.
    func settle(through index: UInt64)

    /// Calls once all records up to one are durable, or will never be; at once where they are. Otherwise on a thread of the journal,
    /// in the order of the records, where it must not block.
    func whenDurable(_ index: UInt64, _ completion: @escaping @Sendable (Result<Void, VolumeStoreError>) -> Void)

    /// The durable records that follow on one, in order; blocks.
    ///
    /// - Returns: none when there are none yet.
    /// - Throws: ``VolumeStoreError/trimmed(through:wanted:)`` when they are not kept any more.
    func records(after index: UInt64, limit: Int) throws(VolumeStoreError) -> [Record]

    /// Of the home that wrote a record, also of the last one that was trimmed; `nil` when it is not known or not durable; blocks.
    func epoch(of index: UInt64) throws(VolumeStoreError) -> UInt64?

    /// Remembers a home's epoch durably, so that nothing of older ones is taken from now on; blocks.
    ///
    /// - Throws: ``VolumeStoreError/deposed(epoch:current:)`` where a higher one is known.
    func begin(epoch: UInt64) throws(VolumeStoreError)

    /// Drops records that nobody needs any more, as far as they are durable; blocks.
    func trim(through index: UInt64) throws(VolumeStoreError)

    /// Drops the records after one, which the history of a new epoch does not have: a deposed home wrote them. Who waits for them is
    /// told that they will never be durable. Blocks.
    ///
    /// - Throws: ``VolumeStoreError/deposed(epoch:current:)``; ``VolumeStoreError/trimmed(through:wanted:)``.
    func truncate(after index: UInt64, by epoch: UInt64) throws(VolumeStoreError)

    /// Drops all records and goes on after one that is kept elsewhere, with a copy of the state; blocks.
    func restart(after index: UInt64, epoch: UInt64) throws(VolumeStoreError)
}

/// How far a journal is.
package struct JournalStanding: Hashable, Sendable {
    /// The last record that is not kept any more; 0 when all are there.
    package var trimmed: UInt64
    /// All up to this one are durable.
    package var durable: UInt64
    /// The last one that was taken.
    package var last: UInt64
    /// The highest that was seen of any home.
    package var epoch: UInt64

    package init(trimmed: UInt64, durable: UInt64, last: UInt64, epoch: UInt64) {
        self.trimmed = trimmed
        self.durable = durable
        self.last = last
        self.epoch = epoch
    }
}

extension Journal {
    package var isInCharge: Bool { true }
    package func settle(through index: UInt64) {}

    /// Blocks until all records up to one are durable.
    ///
    /// - Parameter patience: for how long.
    /// - Throws: why they never will be; ``VolumeStoreError/unsettled(_:)`` when it takes longer.
    package func awaitDurable(
        _ index: UInt64, within patience: DispatchTimeInterval = .never
    ) throws(VolumeStoreError) {
        if standing.durable >= index { return }
        let outcome = Mutex<Result<Void, VolumeStoreError>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        whenDurable(index) { result in
            outcome.withLock { $0 = result }
            isDone.signal()
        }
        guard isDone.wait(timeout: .now() + patience) == .success else { throw .unsettled(index) }
        try outcome.withLock { $0 ?? .success(()) }.get()
    }

    /// Returns once all records up to one are durable.
    ///
    /// - Throws: why they never will be.
    package func durable(_ index: UInt64) async throws(VolumeStoreError) {
        let result = await withCheckedContinuation { continuation in
            whenDurable(index) { continuation.resume(returning: $0) }
        }
        try result.get()
    }
}
