import Resources
import Volumes

extension VolumeDatabase {
    /// Looks whether the files of a volume are whole, the metadata hold together, every record is as it was written, and state and
    /// journal belong together; without changing anything, and also while they are written: what is looked at is what was committed
    /// last. It reads everything, and keeps a little for each inode and block.
    ///
    /// - Returns: what is wrong, at most `limit`.
    /// - Throws: when a file cannot be looked at.
    package static func faults(directory: String, volume: VolumeID, limit: Int = 100) throws(VolumeStoreError) -> [String] {
        let state = try SQLiteState(path: VolumeDirectory.state(in: directory), isReadOnly: true)
        var faults = try state.connection.integrityFaults(limit: limit)
        // Pages that are not what they should be are nothing to judge rows by.
        if faults.isEmpty {
            faults += Volume(state).faults(limit: limit).map(\.description)
            if let failure = state.failure { faults.append(failure.description) }
        }
        faults += try journalFaults(VolumeDirectory.journal(in: directory), volume: volume, state: state, limit: limit)
        return Array(faults.prefix(limit))
    }

    private static func journalFaults(
        _ path: String, volume: VolumeID, state: SQLiteState, limit: Int
    ) throws(VolumeStoreError) -> [String] {
        let reader = try JournalReader(path: path, volume: volume)
        try reader.connection.execute("BEGIN")
        let broken = try reader.connection.integrityFaults(limit: limit)
        guard broken.isEmpty else { return broken }
        do throws(VolumeStoreError) {
            let standing = try JournalStanding(reading: reader.connection)
            var last = standing.trimmed
            while last < standing.last {
                last += UInt64(try reader.records(after: last, through: standing.last, limit: 1024).count)
            }
            // The state goes on and the journal is trimmed meanwhile: each bound is compared with what was read on its side of it.
            let later = try Connection(path: state.connection.path, .read).integer("SELECT applied FROM header")
            guard state.header.applied <= standing.last, UInt64(bitPattern: later) >= standing.trimmed else {
                return ["the state is at record \(later), and the journal has \(standing.trimmed + 1) to \(last)"]
            }
            return []
        } catch {
            return [error.description]
        }
    }
}

extension Connection {
    fileprivate func integrityFaults(limit: Int) throws(VolumeStoreError) -> [String] {
        let found: [String]
        do throws(VolumeStoreError) { found = try texts("PRAGMA integrity_check(\(limit))") } catch {
            guard case .damaged = error else { throw error }
            return [error.description]
        }
        return found == ["ok"] ? [] : found.map { "\(path): \($0)" }
    }
}
