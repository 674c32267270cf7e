import Resources
import Volumes

/// The tables of a volume's metadata, and the statements that read and write them.
struct StateTables {
    let begin: PreparedStatement
    let commit: PreparedStatement
    private let connection: Connection
    private let writeHeader: PreparedStatement
    private let writeSession: PreparedStatement
    private let deleteSession: PreparedStatement
    private let deleteAnswers: PreparedStatement
    private let readAnswer: PreparedStatement
    private let writeAnswer: PreparedStatement
    private let deleteAnswer: PreparedStatement
    let tree: TreeStatements
    let content: ContentStatements

    init(_ connection: Connection) throws(VolumeStoreError) {
        self.connection = connection
        begin = try PreparedStatement(connection, "BEGIN IMMEDIATE")
        commit = try PreparedStatement(connection, "COMMIT")
        writeHeader = try PreparedStatement(
            connection,
            """
            UPDATE header SET name = ?, copies = ?, key = ?, applied = ?, epoch = ?, time = ?, next_inode = ?, capacity = ?,
                inode_limit = ?, used = ?, reserved = ?, inodes = ?, generation = ?, membership = ?
            """)
        writeSession = try PreparedStatement(connection, "INSERT OR REPLACE INTO sessions (id, node, reserved) VALUES (?, ?, ?)")
        deleteSession = try PreparedStatement(connection, "DELETE FROM sessions WHERE id = ?")
        deleteAnswers = try PreparedStatement(connection, "DELETE FROM answers WHERE session = ?")
        readAnswer = try PreparedStatement(connection, "SELECT number, record, reply FROM answers WHERE session = ? AND slot = ?")
        writeAnswer = try PreparedStatement(
            connection, "INSERT OR REPLACE INTO answers (session, slot, number, record, reply) VALUES (?, ?, ?, ?, ?)")
        deleteAnswer = try PreparedStatement(connection, "DELETE FROM answers WHERE session = ? AND slot = ?")
        tree = try TreeStatements(connection)
        content = try ContentStatements(connection)
    }

    // MARK: Header

    func insert(_ header: VolumeHeader, of volume: VolumeID) throws(VolumeStoreError) {
        let insert = try PreparedStatement(
            connection,
            """
            INSERT INTO header (
                id, volume, name, copies, key, applied, epoch, time, next_inode, capacity, inode_limit, used, reserved, inodes,
                generation, membership)
            VALUES (1, ?, '', 1, x'', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL)
            """)
        try insert.run(volume)
        try write(header)
    }

    func write(_ header: VolumeHeader) throws(VolumeStoreError) {
        let traits = header.traits
        try writeHeader.run(
            traits.name, traits.copies, traits.key, header.applied, header.epoch, header.time, header.nextInode, header.capacity,
            header.inodeLimit, header.used,
            header.reserved, header.inodes, header.generation, header.membership?.encoded)
    }

    func header() throws(VolumeStoreError) -> (VolumeID, VolumeHeader) {
        let read = try PreparedStatement(
            connection,
            """
            SELECT volume, applied, epoch, time, next_inode, capacity, inode_limit, used, reserved, inodes, generation, membership,
                name, copies, key
            FROM header
            """)
        let found = try read.first { row throws(VolumeStoreError) in
            var header = VolumeHeader(
                capacity: try row.unsigned(5), inodeLimit: try row.unsigned(6), at: FileTime(rawValue: try row.integer(3)))
            (header.applied, header.epoch) = (try row.unsigned(1), try row.unsigned(2))
            header.nextInode = InodeNumber(rawValue: try row.unsigned(4))
            (header.used, header.reserved, header.inodes) = (try row.unsigned(7), try row.unsigned(8), try row.unsigned(9))
            header.generation = try row.unsigned(10)
            header.membership = try membership(row, 11)
            header.traits = VolumeTraits(name: try row.text(12), copies: try row.narrow(13), key: try row.blob(14))
            return (try row.identifier(0, VolumeID.self), header)
        }
        guard let found else { throw .damaged(file: connection.path, "it has no header") }
        return found
    }

    private func membership(_ row: PreparedStatement, _ column: CInt) throws(VolumeStoreError) -> JournalMembership? {
        guard !row.isNull(column) else { return nil }
        let bytes = try row.blob(column)
        do throws(MalformedMessage) { return try JournalMembership(encoded: bytes) } catch {
            throw .damaged(file: connection.path, "which nodes keep the journal: \(error)")
        }
    }

    // MARK: Sessions

    func sessions() throws(VolumeStoreError) -> [Session] {
        let read = try PreparedStatement(connection, "SELECT id, node, reserved FROM sessions ORDER BY id")
        return try read.all { row throws(VolumeStoreError) in
            var session = Session(id: try row.identifier(0), node: try row.identifier(1))
            session.reserved = try row.unsigned(2)
            return session
        }
    }

    func write(_ session: Session) throws(VolumeStoreError) { try writeSession.run(session.id, session.node, session.reserved) }

    func removeSession(_ id: SessionID) throws(VolumeStoreError) {
        try deleteSession.run(id)
        try deleteAnswers.run(id)
    }

    func answer(_ key: SQLiteState.AnswerKey) throws(VolumeStoreError) -> SlotAnswer? {
        try readAnswer.first(key.session, key.slot) { row throws(VolumeStoreError) in
            let (number, record, bytes) = (try row.unsigned(0), try row.unsigned(1), try row.blob(2))
            do throws(MalformedMessage) {
                return SlotAnswer(number: number, record: record, reply: try Reply(encoded: bytes))
            } catch { throw .damaged(file: connection.path, "an answer of a session: \(error)") }
        }
    }

    func write(_ answer: SlotAnswer?, _ key: SQLiteState.AnswerKey) throws(VolumeStoreError) {
        guard let answer else { return try deleteAnswer.run(key.session, key.slot) }
        try writeAnswer.run(key.session, key.slot, answer.number, answer.record, answer.reply.encoded)
    }
}

/// Calls with the parts of `first...last` that are ranges of signed numbers of the same bits too, in the order of the unsigned ones.
func eachSignedPart(
    _ first: UInt64, _ last: UInt64, _ body: (Int64, Int64) throws(VolumeStoreError) -> Void
) throws(VolumeStoreError) {
    let half = UInt64(Int64.max)
    if first <= half { try body(Int64(first), Int64(min(last, half))) }
    if last > half { try body(Int64(bitPattern: max(first, half + 1)), Int64(bitPattern: last)) }
}
