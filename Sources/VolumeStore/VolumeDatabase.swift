import Dispatch
import Resources
import Volumes

/// The metadata of a volume on one node: the state after some record, and the journal of the records.
///
/// **Which is ahead.** The journal is durable before the state is committed (write-ahead logging): ``commit()`` waits for it. So the
/// state in the file never has a record that could still be lost, and never one that a new home may not know of. What each may have
/// lost, and what ``init(directory:volume:options:onDurable:)`` makes of it:
///
/// - A process that is killed loses what was not committed. The journal has all that was said to be durable, and the state is behind
///   it or at its end: the records after it are applied again.
/// - A machine that loses power loses, besides, commits of the state that were not synced: it is further behind, and the same is done.
///   Records are dropped from the journal only once the state that has them is synced (``trim(keeping:)``), so that the next one is
///   always there.
/// - A state ahead of its journal means that the journal's file was put back to an older one, or that its disk lost what it had
///   synced. The state then is the history, for it is one up to its record: the journal starts again after that. What was durable in
///   the journal only is lost with it, and other nodes, which may have it, need to be asked before.
/// - A state of another history, which has records that a deposed home wrote and that the journal does not have any more, is told by
///   the epoch of its last record (see ``Journal``), and refused: it has to be made anew from a copy.
///
/// **Refused records.** A record that is refused changes nothing, is not written to the journal, and leaves no gap: the next record
/// takes its index. The same is so of a request that comes again. So all records of a journal are carried out when they are applied
/// again, and one that is not shows damage.
///
/// **What lasts.** A reply, a refusal and what is read may rest on every record before it. It lasts once the journal is durable up to
/// ``applied``, as that was when it was made.
///
/// **Who applies.** Whoever keeps ``volume``, such as a ``VolumeHome``, applies records to it and hands each to ``enter(_:)``;
/// ``apply(_:)`` does both.
///
/// After a failure nothing goes on, and nothing that was not committed is kept; opening it again applies what is durable. For one
/// thread at a time; all calls but ``apply(_:)`` may block for long.
package final class VolumeDatabase {
    package struct Options: Sendable {
        /// After so many records the state is committed.
        package var recordsPerCommit: UInt64 = 1024
        /// So long whoever enters records waits for them to be durable, when the state is to be committed; it is later when they are not.
        package var commitPatience = DispatchTimeInterval.milliseconds(50)
        /// So long a commit waits that was asked for.
        package var patience = DispatchTimeInterval.seconds(5)
        /// So many of the last records are kept in the journal for nodes that are behind; more by a sixteenth before some are dropped.
        package var kept: UInt64 = 1 << 16
        package var state = SQLiteState.Options()

        package init() {}
    }

    package let journal: any Journal
    /// Shared with whoever keeps it: there is one state. After ``truncate(after:by:)`` it is another one, and the one before answers
    /// nothing any more.
    package private(set) var volume: Volume<SQLiteState>
    package let options: Options
    private var directory: VolumeDirectory?
    /// The record with which the state is committed next.
    private var nextCommit: UInt64 = 0
    /// Why nothing goes on.
    package private(set) var failure: VolumeStoreError?

    /// Makes the directory of an empty volume, durably and whole or not at all.
    ///
    /// - Parameter home: the node that keeps its journal, alone at first; `nil` for whichever has it.
    package static func create(
        directory: String, volume: VolumeID, _ traits: VolumeTraits = VolumeTraits(), capacity: UInt64, inodeLimit: UInt64,
        owner: UInt32, group: UInt32, permissions: UInt16 = 0o755, at time: FileTime, home: NodeID? = nil
    ) throws(VolumeStoreError) {
        try VolumeDirectory.make(directory) { partial throws(VolumeStoreError) in
            try SQLiteState.create(path: VolumeDirectory.state(in: partial), volume: volume) { state in
                Volume.found(
                    in: &state, traits, capacity: capacity, inodeLimit: inodeLimit, owner: owner, group: group,
                    permissions: permissions, at: time, home: home)
            }
            let epoch = VolumeHeader(capacity: 0, inodeLimit: 0, at: time).epoch
            try SQLiteJournal.create(path: VolumeDirectory.journal(in: partial), volume: volume, after: 0, epoch: epoch)
        }
    }

    /// Opens the directory of a volume and brings its state up to its journal.
    ///
    /// - Parameter onDurable: told up to which record all are durable; see ``SQLiteJournal/init(path:volume:onDurable:)``.
    /// - Throws: ``VolumeStoreError``; nothing is lost then, and what can be mended has been said.
    package convenience init(
        directory path: String, volume: VolumeID, options: Options = Options(),
        onDurable: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) throws(VolumeStoreError) {
        let directory = try VolumeDirectory(path: path)
        let state = try SQLiteState(path: directory.state, options: options.state)
        let journal = try SQLiteJournal(path: directory.journal, volume: volume, onDurable: onDurable)
        try self.init(state: state, journal: journal, volume: volume, options: options, directory: directory)
    }

    /// Joins a state with a journal.
    package convenience init(
        state: SQLiteState, journal: any Journal, volume: VolumeID, options: Options = Options()
    ) throws(VolumeStoreError) {
        try self.init(state: state, journal: journal, volume: volume, options: options, directory: nil)
    }

    private init(
        state: SQLiteState, journal: any Journal, volume: VolumeID, options: Options, directory: VolumeDirectory?
    ) throws(VolumeStoreError) {
        guard state.volume == volume else {
            throw .foreign(file: state.connection.path, "it is of volume \(state.volume), not \(volume)")
        }
        self.volume = Volume(state)
        self.journal = journal
        self.options = options
        self.directory = directory
        try join()
        try catchUp()
        nextCommit = applied + options.recordsPerCommit
    }

    private var state: SQLiteState { volume.state }

    /// Looks whether the state is one of the journal's history.
    private func join() throws(VolumeStoreError) {
        let (header, standing) = (state.header, journal.standing)
        guard header.applied >= standing.trimmed else {
            throw .trimmed(through: standing.trimmed, wanted: header.applied + 1)
        }
        if header.applied > standing.last {
            guard header.epoch >= standing.epoch else {
                throw .diverged(
                    """
                    the state has record \(header.applied) of epoch \(header.epoch), and the history of epoch \(standing.epoch) ends \
                    with record \(standing.last)
                    """)
            }
            try journal.restart(after: header.applied, epoch: header.epoch)
        } else if let epoch = try journal.epoch(of: header.applied), epoch != header.epoch {
            throw .diverged("the state has record \(header.applied) of epoch \(header.epoch), and the journal that of \(epoch)")
        }
    }

    // MARK: Records

    /// The record that was applied last.
    package var applied: UInt64 { state.header.applied }
    package var header: VolumeHeader { state.header }

    /// Applies the records that the journal has and the state has not: at the beginning, and on a backup, whose journal is written from
    /// elsewhere.
    ///
    /// - Parameter last: none after it, where the journal may have some that a new home would not know of.
    package func catchUp(through last: UInt64 = .max) throws(VolumeStoreError) {
        try going { () throws(VolumeStoreError) in
            while applied < last {
                let most = min(options.recordsPerCommit, last - applied)
                let records = try journal.records(after: applied, limit: Int(most))
                guard !records.isEmpty else { return }
                for record in records {
                    let result = volume.apply(record)
                    if let failure = state.failure { throw failure }
                    guard applied == record.index else {
                        throw .diverged("record \(record.index) was carried out once, and is not now (\(result))")
                    }
                }
                try state.commit()
            }
        }
    }

    /// Applies the next record and enters it in the journal.
    ///
    /// - Returns: the reply, or why it was refused; then nothing has changed and the index is still free. The same is so of a request
    ///   that comes again, which has the reply that it had.
    /// - Throws: ``VolumeStoreError/gap(last:next:)`` and ``VolumeStoreError/deposed(epoch:current:)``, and nothing has changed; else
    ///   ``failure``, and whether the record is in the journal shows when it is opened again.
    package func apply(_ record: Record) throws(VolumeStoreError) -> Result<Reply, PosixError> {
        if let failure { throw failure }
        guard record.index == applied + 1 else { throw .gap(last: applied, next: record.index) }
        let current = max(journal.standing.epoch, header.epoch)
        guard record.epoch >= current else { throw .deposed(epoch: record.epoch, current: current) }
        let result = volume.apply(record)
        if applied == record.index { try enter(record) } else { try check() }
        return result
    }

    /// Appends a record that was applied to the journal, which goes on to make it durable, and commits the state when there are enough.
    ///
    /// - Throws: ``failure``. A home that was deposed finds out here, and what it had applied since the last commit is given up.
    package func enter(_ record: Record) throws(VolumeStoreError) {
        try check()
        try going { () throws(VolumeStoreError) in
            try journal.append([record], by: record.epoch)
            if record.index == applied, applied >= nextCommit { try commitSoon() }
        }
    }

    /// Whether what the volume has may be told.
    package var isInCharge: Bool { journal.isInCharge }

    /// Commits the state, once its records are durable; to be called now and then when there is little to do, so that a start finds
    /// little to apply again.
    package func commit() throws(VolumeStoreError) { try commit(within: options.patience) }

    /// - Parameter patience: so long it waits for records to be durable.
    /// - Throws: ``VolumeStoreError/unsettled(_:)`` when that takes longer; it goes on then as before.
    package func commit(within patience: DispatchTimeInterval) throws(VolumeStoreError) {
        try going { () throws(VolumeStoreError) in try commitAll(within: patience) }
    }

    /// Commits unless that takes long: who is kept waiting is everybody.
    private func commitSoon() throws(VolumeStoreError) {
        nextCommit = applied + options.recordsPerCommit
        do throws(VolumeStoreError) {
            try commitAll(within: options.commitPatience)
            // While records keep coming there may be no better time.
            try trimIfLong()
        } catch .unsettled {}
    }

    private func commitAll() throws(VolumeStoreError) { try commitAll(within: options.patience) }

    private func commitAll(within patience: DispatchTimeInterval) throws(VolumeStoreError) {
        if let failure = state.failure { throw failure }
        let last = journal.standing.last
        // Waiting for what the journal never took, or had to give back, would have no end.
        guard last >= applied else {
            throw .diverged("the state has record \(applied), which the journal does not have: it ends with record \(last)")
        }
        try journal.awaitDurable(applied, within: patience)
        try state.commit()
        nextCommit = applied + options.recordsPerCommit
    }

    /// What can be seen of the volume now.
    ///
    /// - Throws: when it could not be read; what `body` saw is not so then.
    package func read<Value>(_ body: (Volume<SQLiteState>) -> Value) throws(VolumeStoreError) -> Value {
        if let failure { throw failure }
        let value = body(volume)
        try check()
        return value
    }

    /// Looks whether all that was read and applied so far was as it was said; to be asked before anything of it is told to anybody.
    package func check() throws(VolumeStoreError) {
        try going { () throws(VolumeStoreError) in
            if let failure = state.failure ?? journal.failure { throw failure }
        }
    }

    /// Does something unless something failed before; what fails is the last that was done.
    private func going<Value>(_ body: () throws(VolumeStoreError) -> Value) throws(VolumeStoreError) -> Value {
        if let failure { throw failure }
        do throws(VolumeStoreError) { return try body() } catch {
            // What is not durable yet may be so later.
            if case .unsettled = error { throw error }
            failure = error
            throw error
        }
    }

    // MARK: Length of the journal

    /// Drops records from the journal that the state has, durably.
    ///
    /// - Parameter count: how many of the last are kept, for nodes that are behind.
    package func trim(keeping count: UInt64) throws(VolumeStoreError) {
        try going { () throws(VolumeStoreError) in
            try commitAll()
            try state.makeDurable()
            if applied > count { try journal.trim(through: applied - count) }
        }
    }

    /// Commits the state where its records are durable, and drops what the journal has beyond what is to be kept; to be called about once
    /// a second.
    package func tend() throws(VolumeStoreError) {
        try check()
        let standing = journal.standing
        // Who waits for the disk now holds up everybody.
        if standing.durable == standing.last { try commit() }
        try going { () throws(VolumeStoreError) in if state.committed == applied { try trimIfLong() } }
    }

    /// - Precondition: all that was applied is committed.
    private func trimIfLong() throws(VolumeStoreError) {
        guard applied > journal.standing.trimmed + options.kept + options.kept / 16 else { return }
        try state.makeDurable()
        try journal.trim(through: applied - options.kept)
    }

    /// Drops the records after one, which the history of a new epoch does not have.
    ///
    /// - Throws: ``VolumeStoreError/diverged(_:)`` when the state that was committed has them, and nothing has changed; it has to be
    ///   made anew from a copy then.
    package func truncate(after index: UInt64, by epoch: UInt64) throws(VolumeStoreError) {
        if let failure { throw failure }
        guard state.committed <= index else {
            throw .diverged("the state has record \(state.committed), and the history goes on after record \(index)")
        }
        try going { () throws(VolumeStoreError) in
            try journal.truncate(after: index, by: epoch)
            guard applied > index else { return }
            let path = state.connection.path
            state.close()
            volume = Volume(try SQLiteState(path: path, options: options.state))
            try catchUp()
        }
    }

    /// Commits, and lets the files go where all goes well; otherwise the next start finds what is durable. Afterwards every call fails.
    package func close() {
        try? commit()
        end()
    }

    deinit { end() }

    /// Gives up what was not committed. What the journal has taken it still writes, before anybody else may have the directory.
    package func end() {
        failure = failure ?? .closed
        state.close()
        (journal as? SQLiteJournal)?.close()
        directory = nil
    }
}
