import Resources
import Volumes

/// Reads the file of a ``SQLiteJournal`` while its thread writes it.
final class JournalReader {
    let connection: Connection
    private let list: PreparedStatement
    private let readEpoch: PreparedStatement

    init(path: String, volume: VolumeID) throws(VolumeStoreError) {
        connection = try Connection(path: path, .read)
        try Schema.journal.require(connection)
        try JournalFile.check(connection, volume: volume)
        list = try PreparedStatement(
            connection, "SELECT number, checksum, record FROM records WHERE number > ? AND number <= ? ORDER BY number LIMIT ?")
        readEpoch = try PreparedStatement(
            connection,
            """
            SELECT epoch FROM records WHERE number = ?1 UNION ALL
            SELECT trimmed_epoch FROM header WHERE trimmed = ?1
            """)
    }

    /// - Parameter last: none after it is read.
    /// - Throws: ``VolumeStoreError/damaged(file:_:)`` when one is missing or not as it was written.
    func records(after index: UInt64, through last: UInt64, limit: Int) throws(VolumeStoreError) -> [Record] {
        var expected = index
        return try list.all(index, last, limit) { row throws(VolumeStoreError) in
            expected += 1
            let (number, checksum, bytes) = (try row.unsigned(0), try row.narrow(1, UInt32.self), try row.blob(2))
            guard number == expected else { throw damaged("record \(expected) is missing") }
            guard checksum == JournalFile.checksum(bytes) else { throw damaged("record \(number) is not what was written") }
            do throws(MalformedMessage) {
                let record = try Record(encoded: bytes)
                guard record.index == number else { throw MalformedMessage("it says that it is record \(record.index)") }
                return record
            } catch { throw damaged("record \(number): \(error)") }
        }
    }

    func epoch(of index: UInt64) throws(VolumeStoreError) -> UInt64? {
        try readEpoch.first(index) { row throws(VolumeStoreError) in try row.unsigned(0) }
    }

    private func damaged(_ fault: String) -> VolumeStoreError { .damaged(file: connection.path, fault) }
}
