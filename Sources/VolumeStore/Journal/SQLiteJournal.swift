import Dispatch
import Foundation
import Resources
import Synchronization
import Volumes

/// A journal in a SQLite database of its own, for one machine.
///
/// A thread of its own takes whatever waits and commits it in one transaction (group commit: one sync of the disk for all of it;
/// `synchronous = FULL`). Reading goes on beside that.
package final class SQLiteJournal: Journal {
    /// So many records may wait to be durable.
    private static let queueLimit = 1 << 16
    /// So many records are dropped in one transaction.
    private static let trimStep: UInt64 = 1 << 12

    package let path: String
    private let queue: JournalQueue
    /// `nil` once closed.
    private let reader: Mutex<JournalReader?>
    private let onDurable: @Sendable (UInt64) -> Void
    private let finished = DispatchGroup()

    /// Opens the journal of a volume.
    ///
    /// - Parameter onDurable: told up to which record all are durable, whenever more are; on the journal's thread, where it must not
    ///   block.
    /// - Throws: ``VolumeStoreError`` when it is not there, of something else, newer, or damaged as far as that shows at once.
    package convenience init(
        path: String, volume: VolumeID, onDurable: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) throws(VolumeStoreError) {
        try self.init(path: path, volume: volume, linger: .nanoseconds(0), onDurable: onDurable)
    }

    /// - Parameter linger: for how long records wait for others that nobody waits for.
    init(
        path: String, volume: VolumeID, linger: DispatchTimeInterval, onDurable: @escaping @Sendable (UInt64) -> Void
    ) throws(VolumeStoreError) {
        self.path = path
        self.onDurable = onDurable
        let file = try JournalFile(path: path, volume: volume)
        queue = JournalQueue(try file.standing(), linger: linger)
        reader = Mutex(try JournalReader(path: path, volume: volume))
        start(Handed(file))
    }

    /// Makes the journal of a volume.
    ///
    /// - Parameters:
    ///   - trimmed: the record after which it begins; 0 for a new volume.
    ///   - epoch: of the home that wrote that record.
    package static func create(path: String, volume: VolumeID, after trimmed: UInt64, epoch: UInt64) throws(VolumeStoreError) {
        try JournalFile.create(path: path, volume: volume, after: trimmed, epoch: epoch)
    }

    deinit { queue.end(.closed) }

    /// Writes what was taken, then closes the file. Afterwards every call fails with ``VolumeStoreError/closed``. Must not be called
    /// from a completion. Who drops the journal has it closed too, but does not wait for that.
    package func close() {
        queue.end(.closed)
        finished.wait()
        reader.withLock { $0 = nil }
    }

    // MARK: The thread

    /// The file on its way to the thread, which alone has it from then on, and closes it.
    private final class Handed: @unchecked Sendable {
        private var file: JournalFile?
        init(_ file: JournalFile) { self.file = file }
        func take() -> JournalFile? {
            defer { file = nil }
            return file
        }
    }

    private func start(_ handed: Handed) {
        finished.enter()
        let thread = Thread { [queue, onDurable, finished] in
            Self.run(handed, queue, onDurable)
            finished.leave()
        }
        thread.name = "volume journal"
        thread.start()
    }

    private static func run(_ handed: Handed, _ queue: JournalQueue, _ onDurable: @Sendable (UInt64) -> Void) {
        guard let file = handed.take() else { return }
        while let work = queue.take() { perform(work, file, queue, onDurable) }
        queue.end(.closed)
        queue.failWaiting(.closed)
    }

    private static func perform(
        _ work: JournalQueue.Work, _ file: JournalFile, _ queue: JournalQueue, _ onDurable: @Sendable (UInt64) -> Void
    ) {
        do throws(VolumeStoreError) {
            switch work {
            case .append(let entries, let epoch):
                try file.append(entries, epoch: epoch)
                guard let last = entries.last?.index else { return }
                let (durable, completions) = queue.update { $0.publish(durable: last) }
                for completion in completions { completion(.success(())) }
                if let durable { onDurable(durable) }
            case .step(let step, let completion):
                do throws(VolumeStoreError) { try step.write(file) } catch {
                    queue.end(error)
                    return completion(.failure(error))
                }
                queue.update(step.written)
                completion(.success(()))
            }
        } catch { queue.end(error) }
    }

    /// Has something written, and waits for it.
    ///
    /// - Parameter admit: whether it may be done, and what is different at once.
    private func write(
        _ admit: (inout JournalQueue.State) throws(VolumeStoreError) -> JournalQueue.Step
    ) throws(VolumeStoreError) {
        let outcome = Mutex<Result<Void, VolumeStoreError>>(.success(()))
        let isDone = DispatchSemaphore(value: 0)
        try queue.push { state throws(VolumeStoreError) in
            .step(try admit(&state)) { result in
                outcome.withLock { $0 = result }
                isDone.signal()
            }
        }
        isDone.wait()
        try outcome.withLock { $0 }.get()
    }

    // MARK: Journal

    package var standing: JournalStanding { queue.standing }

    /// What it failed with; ``VolumeStoreError/closed`` after ``close()``.
    package var failure: VolumeStoreError? { queue.failure }

    package func append(_ records: [Record], by epoch: UInt64) throws(VolumeStoreError) {
        try append(records, by: epoch, isUrgent: true)
    }

    package func settle(through index: UInt64) { queue.hurry() }

    /// - Parameter isUrgent: whether somebody waits for them; otherwise they may linger.
    func append(_ records: [Record], by epoch: UInt64, isUrgent: Bool) throws(VolumeStoreError) {
        guard let first = records.first else { return }
        let entries = records.map(JournalFile.Entry.init)
        for entry in entries where entry.epoch > epoch {
            throw .diverged("record \(entry.index) is of epoch \(entry.epoch), which is later than its sender's, \(epoch)")
        }
        for (last, next) in zip(entries, entries.dropFirst()) where next.index != last.index + 1 {
            throw .gap(last: last.index, next: next.index)
        }
        try queue.push(isUrgent: isUrgent) { state throws(VolumeStoreError) in
            try Self.check(epoch, state)
            guard first.index == state.standing.last + 1 else { throw .gap(last: state.standing.last, next: first.index) }
            let waiting = state.standing.last - state.standing.durable
            guard waiting < Self.queueLimit else { throw .overloaded(Int(waiting)) }
            let isNew = epoch > state.standing.epoch
            state.standing.epoch = epoch
            state.standing.last += UInt64(entries.count)
            return .append(entries, epoch: isNew ? epoch : nil)
        }
    }

    private static func check(_ epoch: UInt64, _ state: JournalQueue.State) throws(VolumeStoreError) {
        guard epoch >= state.standing.epoch else { throw .deposed(epoch: epoch, current: state.standing.epoch) }
    }

    package func whenDurable(
        _ index: UInt64, _ completion: @escaping @Sendable (Result<Void, VolumeStoreError>) -> Void
    ) { queue.wait(for: index, completion) }

    package func records(after index: UInt64, limit: Int) throws(VolumeStoreError) -> [Record] {
        try read { reader throws(VolumeStoreError) in
            let standing = queue.standing
            guard index >= standing.trimmed else { throw .trimmed(through: standing.trimmed, wanted: index + 1) }
            return try reader.records(after: index, through: standing.durable, limit: limit)
        }
    }

    package func epoch(of index: UInt64) throws(VolumeStoreError) -> UInt64? {
        guard index <= queue.standing.durable else { return nil }
        return try read { reader throws(VolumeStoreError) in try reader.epoch(of: index) }
    }

    private func read<Value: Sendable>(
        _ body: (JournalReader) throws(VolumeStoreError) -> Value
    ) throws(VolumeStoreError) -> Value {
        let result: Result<Value, VolumeStoreError> = reader.withLock { reader in
            guard let reader else { return .failure(.closed) }
            do throws(VolumeStoreError) { return .success(try body(reader)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    package func begin(epoch: UInt64) throws(VolumeStoreError) {
        try write { state throws(VolumeStoreError) in
            try Self.check(epoch, state)
            state.standing.epoch = epoch
            return JournalQueue.Step { file throws(VolumeStoreError) in try file.begin(epoch: epoch) }
        }
    }

    package func trim(through index: UInt64) throws(VolumeStoreError) {
        // In steps, for commits wait meanwhile.
        var place = standing.trimmed
        while place < min(index, standing.durable) {
            place += Self.trimStep
            let wanted = min(place, index)
            try write { state throws(VolumeStoreError) in
                let through = min(wanted, state.standing.durable)
                // Readers are told at once.
                state.standing.trimmed = max(state.standing.trimmed, through)
                return JournalQueue.Step { file throws(VolumeStoreError) in try file.trim(through: through) }
            }
        }
    }

    package func truncate(after index: UInt64, by epoch: UInt64) throws(VolumeStoreError) {
        var lost: [JournalQueue.Completion] = []
        var before: UInt64 = 0
        try write { state throws(VolumeStoreError) in
            try Self.check(epoch, state)
            guard index >= state.standing.trimmed else {
                throw .trimmed(through: state.standing.trimmed, wanted: index + 1)
            }
            before = state.standing.epoch
            state.standing.epoch = epoch
            state.standing.last = min(state.standing.last, index)
            state.standing.durable = min(state.standing.durable, index)
            state.cuts.append(index)
            lost = state.take { $0 > index }
            return JournalQueue.Step { file throws(VolumeStoreError) in
                try file.truncate(after: index, epoch: epoch)
            } written: {
                $0.cuts.removeFirst()
            }
        }
        for completion in lost { completion(.failure(.deposed(epoch: before, current: epoch))) }
    }

    package func restart(after index: UInt64, epoch: UInt64) throws(VolumeStoreError) {
        try write { state throws(VolumeStoreError) in
            let highest = max(state.standing.epoch, epoch)
            state.standing.epoch = highest
            (state.standing.trimmed, state.standing.last) = (index, index)
            state.cuts.append(min(index, state.standing.durable))
            return JournalQueue.Step { file throws(VolumeStoreError) in
                try file.restart(after: index, recordEpoch: epoch, epoch: highest)
            } written: { state in
                state.cuts.removeFirst()
                state.standing.durable = index
            }
        }
    }
}
