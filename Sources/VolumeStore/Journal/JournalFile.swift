import CISAL
import Resources
import Volumes

/// The file of a ``SQLiteJournal``, written by its thread.
final class JournalFile {
    /// A record as it is written.
    struct Entry: Sendable {
        let index: UInt64
        let epoch: UInt64
        let bytes: [UInt8]

        init(_ record: Record) {
            index = record.index
            epoch = record.epoch
            bytes = record.encoded
        }
    }

    let connection: Connection
    private let insert: PreparedStatement
    private let deleteOld: PreparedStatement
    private let deleteNew: PreparedStatement
    private let writeEpoch: PreparedStatement
    private let writeTrimmed: PreparedStatement
    private let readEpoch: PreparedStatement
    private let readTrimmed: PreparedStatement

    /// Opens the file of a volume for writing.
    init(path: String, volume: VolumeID) throws(VolumeStoreError) {
        connection = try Connection(path: path, .write)
        try Self.configure(connection)
        try Schema.journal.migrate(connection, isNew: false)
        try Self.check(connection, volume: volume)
        insert = try PreparedStatement(connection, "INSERT INTO records (number, epoch, checksum, record) VALUES (?, ?, ?, ?)")
        deleteOld = try PreparedStatement(connection, "DELETE FROM records WHERE number <= ?")
        deleteNew = try PreparedStatement(connection, "DELETE FROM records WHERE number > ?")
        writeEpoch = try PreparedStatement(connection, "UPDATE header SET epoch = ?")
        writeTrimmed = try PreparedStatement(connection, "UPDATE header SET trimmed = ?, trimmed_epoch = ?")
        readEpoch = try PreparedStatement(connection, "SELECT epoch FROM records WHERE number = ?")
        readTrimmed = try PreparedStatement(connection, "SELECT trimmed FROM header")
    }

    /// Makes the file of a volume.
    ///
    /// - Parameters:
    ///   - trimmed: the record after which it begins.
    ///   - epoch: of that record; also the highest that was seen.
    static func create(path: String, volume: VolumeID, after trimmed: UInt64, epoch: UInt64) throws(VolumeStoreError) {
        let connection = try Connection(path: path, .create)
        try configure(connection)
        try Schema.journal.migrate(connection, isNew: true)
        let insert = try PreparedStatement(
            connection, "INSERT INTO header (id, volume, epoch, trimmed, trimmed_epoch) VALUES (1, ?, ?, ?, ?)")
        try insert.run(volume, epoch, trimmed, epoch)
    }

    private static func configure(_ connection: Connection) throws(VolumeStoreError) {
        try connection.configure(.full, cacheKibibytes: 2048, logPages: 4000)
    }

    /// Looks whether it is of a volume.
    static func check(_ connection: Connection, volume: VolumeID) throws(VolumeStoreError) {
        let read = try PreparedStatement(connection, "SELECT volume FROM header")
        let found = try read.first { row throws(VolumeStoreError) in try row.identifier(0, VolumeID.self) }
        guard let found else { throw .damaged(file: connection.path, "it has no header") }
        guard found == volume else { throw .foreign(file: connection.path, "it is of volume \(found), not \(volume)") }
    }

    func standing() throws(VolumeStoreError) -> JournalStanding { try JournalStanding(reading: connection) }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            // The library does not change what it reads, though its parameter is not const.
            return ~crc32_iscsi(UnsafeMutablePointer(mutating: start), CInt(bytes.count), ~0)
        }
    }

    // MARK: Writing; each is durable when it returns

    private func transaction(_ body: () throws(VolumeStoreError) -> Void) throws(VolumeStoreError) {
        try connection.execute("BEGIN IMMEDIATE")
        do throws(VolumeStoreError) {
            try body()
            try connection.execute("COMMIT")
        } catch {
            // SQLite has rolled back by itself after some faults; nothing more is written in any case.
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// - Parameter epoch: the highest seen; `nil` when it stands there already.
    func append(_ entries: [Entry], epoch: UInt64?) throws(VolumeStoreError) {
        try transaction { () throws(VolumeStoreError) in
            for entry in entries { try insert.run(entry.index, entry.epoch, Self.checksum(entry.bytes), entry.bytes) }
            if let epoch { try writeEpoch.run(epoch) }
        }
    }

    func begin(epoch: UInt64) throws(VolumeStoreError) {
        try transaction { () throws(VolumeStoreError) in try writeEpoch.run(epoch) }
    }

    func trim(through index: UInt64) throws(VolumeStoreError) {
        try transaction { () throws(VolumeStoreError) in
            let trimmed = try readTrimmed.first { row throws(VolumeStoreError) in try row.unsigned(0) }
            guard trimmed.map({ $0 < index }) ?? false else { return }
            guard let epoch = try epoch(of: index) else {
                throw .damaged(file: connection.path, "it has no record \(index)")
            }
            try writeTrimmed.run(index, epoch)
            try deleteOld.run(index)
        }
    }

    func truncate(after index: UInt64, epoch: UInt64) throws(VolumeStoreError) {
        try transaction { () throws(VolumeStoreError) in
            try deleteNew.run(index)
            try writeEpoch.run(epoch)
        }
    }

    func restart(after index: UInt64, recordEpoch: UInt64, epoch: UInt64) throws(VolumeStoreError) {
        try transaction { () throws(VolumeStoreError) in
            try deleteNew.run(UInt64(0))
            try writeTrimmed.run(index, recordEpoch)
            try writeEpoch.run(epoch)
        }
    }

    private func epoch(of index: UInt64) throws(VolumeStoreError) -> UInt64? {
        try readEpoch.first(index) { row throws(VolumeStoreError) in try row.unsigned(0) }
    }
}

extension JournalStanding {
    /// What stands in the file of a journal.
    init(reading connection: Connection) throws(VolumeStoreError) {
        func index(_ sql: String) throws(VolumeStoreError) -> UInt64 {
            guard let index = UInt64(exactly: try connection.integer(sql)) else {
                throw .damaged(file: connection.path, "it has a record below the first")
            }
            return index
        }
        let trimmed = try index("SELECT trimmed FROM header")
        let first = try index("SELECT coalesce(min(number), 0) FROM records")
        let last = max(trimmed, try index("SELECT coalesce(max(number), 0) FROM records"))
        guard first == 0 || first == trimmed + 1 else {
            throw .damaged(file: connection.path, "it begins with record \(first), and says that it begins after \(trimmed)")
        }
        let epoch = UInt64(bitPattern: try connection.integer("SELECT epoch FROM header"))
        self.init(trimmed: trimmed, durable: last, last: last, epoch: epoch)
    }
}
