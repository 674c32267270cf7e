import GRDBSQLite
import Glibc
import Resources
import Volumes

/// A copy of a state, as it was after some record.
package struct StateCopy: Hashable, Sendable {
    package let volume: VolumeID
    /// The record, and the epoch of the home that wrote it.
    package var applied: UInt64 { header.applied }
    package var epoch: UInt64 { header.epoch }
    package let header: VolumeHeader

    package var position: LogPosition { LogPosition(index: applied, epoch: epoch) }
}

extension VolumeDatabase {
    /// Copies the state as it was committed last, while it is written further, to a file of its own that is durable and whole or not
    /// there at all. The node that it is for needs the records after it, so they must not be trimmed meanwhile.
    package func copy(to path: String) throws(VolumeStoreError) -> StateCopy {
        try commit()
        let state = try read { $0.state.connection.path }
        return try Self.copy(state, to: path)
    }

    /// Copies a state as it was committed last, while whoever has it open writes it further.
    package static func copy(_ state: String, to path: String) throws(VolumeStoreError) -> StateCopy {
        let partial = path + ".partial"
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(partial + suffix) }
        let source = try Connection(path: state, .read)
        try Schema.state.require(source)
        try source.copy(to: partial)
        let (volume, header) = try StateTables(try Connection(path: partial, .read)).header()
        for suffix in ["-wal", "-shm"] { unlink(partial + suffix) }
        try VolumeDirectory.synchronize(partial)
        try VolumeDirectory.rename(partial, to: path)
        return StateCopy(volume: volume, header: header)
    }

    /// Makes the directory of a volume from a copy of its state, whole or not at all; its journal begins after that.
    ///
    /// - Parameters:
    ///   - position: of the copy, where that is known.
    ///   - promised: the journal takes nothing of older epochs.
    package static func seed(
        directory: String, from copy: String, volume: VolumeID, at position: LogPosition? = nil, promised: UInt64 = 0
    ) throws(VolumeStoreError) {
        try VolumeDirectory.make(directory) { partial throws(VolumeStoreError) in
            let made = try self.copy(copy, to: VolumeDirectory.state(in: partial))
            guard made.volume == volume else { throw .foreign(file: copy, "it is of volume \(made.volume), not \(volume)") }
            guard position.map({ $0 == made.position }) ?? true else {
                throw .foreign(
                    file: copy, "it is of record \(made.applied) of epoch \(made.epoch), and another one was announced")
            }
            let path = VolumeDirectory.journal(in: partial)
            try SQLiteJournal.create(path: path, volume: volume, after: made.applied, epoch: made.epoch)
            guard promised > made.epoch else { return }
            let journal = try SQLiteJournal(path: path, volume: volume)
            defer { journal.close() }
            try journal.begin(epoch: promised)
        }
    }

    /// Makes the directory of a volume anew from a copy of its state, as ``seed(directory:from:volume:at:promised:)`` does, in place of
    /// the one that there is: that stays as it is until the new one is whole.
    package static func replace(
        directory: String, from copy: String, volume: VolumeID, at position: LogPosition, promised: UInt64
    ) throws(VolumeStoreError) {
        try VolumeDirectory.replace(directory) { new throws(VolumeStoreError) in
            try seed(directory: new, from: copy, volume: volume, at: position, promised: promised)
        }
    }
}

extension Connection {
    /// Copies what is committed to another file (SQLite's online backup), all in one view of it.
    func copy(to path: String) throws(VolumeStoreError) {
        let target = try Connection(path: path, .create)
        guard let backup = sqlite3_backup_init(target.handle, "main", handle, "main") else {
            throw target.fault(sqlite3_errcode(target.handle))
        }
        let code = sqlite3_backup_step(backup, -1)
        let end = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw end == SQLITE_OK ? target.fault(code) : target.fault(end) }
    }
}
