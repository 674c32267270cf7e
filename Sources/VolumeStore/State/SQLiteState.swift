import Resources
import Volumes

/// The metadata of a volume in a SQLite database: the product's ``VolumeState``.
///
/// What is changed belongs to one transaction, until ``commit()``: the record that was applied last stands in the header of that same
/// transaction, so that the file is always as it was after some record. A commit is atomic, and after the loss of power some of the
/// last ones may be gone (`synchronous = NORMAL`): whoever keeps a journal applies their records again.
///
/// Once SQLite fails, the state answers as if nothing were there, ``failure`` says why, and nothing of the transaction is kept; the
/// file has to be opened again. The header is still answered as it was, for it is in memory. For one thread at a time.
package final class SQLiteState: VolumeState {
    let connection: Connection
    let tables: StateTables
    package let volume: VolumeID
    package var header: VolumeHeader { didSet { isHeaderChanged = true } }
    /// What SQLite failed with first; no call does anything after it.
    package internal(set) var failure: VolumeStoreError?
    /// The record up to which all is in the file.
    package private(set) var committed: UInt64

    var inodes: WriteBackCache<InodeNumber, Inode>
    var blocks: WriteBackCache<BlockID, Block>
    var answers = WriteBackCache<AnswerKey, SlotAnswer>(limit: 1 << 16)
    private(set) var sessions: SortedMap<SessionID, Session>
    private var isHeaderChanged = false

    struct AnswerKey: Hashable, Comparable {
        let session: SessionID
        let slot: UInt16
        static func < (a: Self, b: Self) -> Bool { (a.session, a.slot) < (b.session, b.slot) }
    }

    package struct Options: Sendable {
        /// What SQLite keeps of the file in memory, at most.
        package var cache = Bytes.mebibytes(32)
        /// How many inodes, and how many blocks, are kept in memory as such.
        package var cachedRows = 1 << 14

        package init() {}
    }

    /// Opens the file of a volume.
    ///
    /// - Throws: ``VolumeStoreError`` when it is not there, of something else, newer, or damaged as far as that shows at once.
    package convenience init(
        path: String, isReadOnly: Bool = false, options: Options = Options()
    ) throws(VolumeStoreError) {
        let connection = try Connection(path: path, isReadOnly ? .read : .write)
        if isReadOnly {
            try Schema.state.require(connection)
            // One view of the file, whatever is committed meanwhile.
            try connection.execute("BEGIN")
        } else {
            try Self.configure(connection, options)
            try Schema.state.migrate(connection, isNew: false)
        }
        try self.init(connection, options)
    }

    /// Makes the file of a volume, with an empty root directory in it.
    ///
    /// - Parameter found: puts what is there from the beginning, as ``Volume/found(in:_:capacity:inodeLimit:owner:group:permissions:at:home:)``
    ///   does.
    package static func create(
        path: String, volume: VolumeID, options: Options = Options(), _ found: (inout SQLiteState) -> Void
    ) throws(VolumeStoreError) {
        let connection = try Connection(path: path, .create)
        try configure(connection, options)
        try Schema.state.migrate(connection, isNew: true)
        let empty = VolumeHeader(capacity: 0, inodeLimit: 0, at: FileTime(rawValue: 0))
        try connection.execute("BEGIN IMMEDIATE")
        try StateTables(connection).insert(empty, of: volume)
        try connection.execute("COMMIT")
        var state = try SQLiteState(connection, options)
        found(&state)
        try state.commit()
        try state.makeDurable()
    }

    private init(_ connection: Connection, _ options: Options) throws(VolumeStoreError) {
        self.connection = connection
        tables = try StateTables(connection)
        (volume, header) = try tables.header()
        committed = header.applied
        sessions = SortedMap(try tables.sessions().map { ($0.id, $0) })
        let reserved = sessions.values.reduce(UInt64(0)) { $0 &+ $1.reserved }
        guard reserved == header.reserved, sessions.values.allSatisfy({ $0.reserved <= reserved }) else {
            throw .damaged(file: connection.path, "sessions were promised something else than the header says")
        }
        inodes = WriteBackCache(limit: options.cachedRows)
        blocks = WriteBackCache(limit: options.cachedRows)
    }

    private static func configure(_ connection: Connection, _ options: Options) throws(VolumeStoreError) {
        try connection.configure(.normal, cacheKibibytes: Int(options.cache.rawValue >> 10), logPages: 4000)
    }

    // MARK: Failing

    /// What `body` answers; `none` once SQLite has failed.
    func attempt<Value>(_ none: Value, _ body: () throws(VolumeStoreError) -> Value) -> Value {
        guard failure == nil else { return none }
        do throws(VolumeStoreError) {
            return try body()
        } catch {
            failure = error
            return none
        }
    }

    /// Changes something in the tables, within the transaction.
    func modify(_ body: () throws(VolumeStoreError) -> Void) {
        attempt(()) { () throws(VolumeStoreError) in
            try begin()
            try body()
        }
    }

    // MARK: Transactions

    private func begin() throws(VolumeStoreError) {
        if !connection.isInTransaction { try tables.begin.run() }
    }

    /// Writes what was only changed in memory to the tables.
    func flush() throws(VolumeStoreError) {
        guard inodes.isChanged || blocks.isChanged || answers.isChanged else { return }
        try begin()
        for (number, inode, _) in inodes.takeChanges() { try tables.write(inode, number) }
        for (id, block, stored) in blocks.takeChanges() { try tables.write(block, id, instead: stored) }
        for (key, answer, _) in answers.takeChanges() { try tables.write(answer, key) }
    }

    /// Keeps what was changed since the last commit.
    ///
    /// - Throws: ``failure``, also when it is an older one; nothing is kept then.
    package func commit() throws(VolumeStoreError) {
        attempt(()) { () throws(VolumeStoreError) in
            try flush()
            guard isHeaderChanged || connection.isInTransaction else { return }
            try begin()
            try tables.write(header)
            try tables.commit.run()
            isHeaderChanged = false
            committed = header.applied
        }
        if let failure { throw failure }
    }

    /// Makes what was committed durable.
    ///
    /// - Throws: ``failure``, as ``commit()`` does.
    package func makeDurable() throws(VolumeStoreError) {
        precondition(!connection.isInTransaction, "only what was committed can be made durable")
        attempt(()) { () throws(VolumeStoreError) in
            // A commit that is synced makes those before it durable, too: they stand before it in the log.
            try connection.execute("PRAGMA synchronous = \(Connection.Synchronous.full.rawValue)")
            try begin()
            try tables.write(header)
            try tables.commit.run()
            try connection.execute("PRAGMA synchronous = \(Connection.Synchronous.normal.rawValue)")
        }
        if let failure { throw failure }
    }

    /// Gives up what was not committed. Nothing is answered or kept afterwards.
    func close() {
        failure = failure ?? .closed
        // Where that fails SQLite has done it already.
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
    }

    // MARK: Sessions

    package var allSessions: [Session] { failure == nil ? sessions.values : [] }
    package func session(_ id: SessionID) -> Session? { failure == nil ? sessions[id] : nil }

    package func put(_ session: Session) {
        modify { () throws(VolumeStoreError) in try tables.write(session) }
        sessions[session.id] = session
    }

    package func removeSession(_ id: SessionID) {
        for slot in 0..<Session.slots { answers.set(nil, for: AnswerKey(session: id, slot: slot)) }
        modify { () throws(VolumeStoreError) in try tables.removeSession(id) }
        sessions[id] = nil
    }

    package func answer(in slot: UInt16, of session: SessionID) -> SlotAnswer? {
        let key = AnswerKey(session: session, slot: slot)
        return attempt(nil) { () throws(VolumeStoreError) in
            if let known = answers[key] { return known }
            if answers.isFull {
                try flush()
                answers.drop()
            }
            let answer = try tables.answer(key)
            answers.note(answer, for: key)
            return answer
        }
    }

    package func put(_ answer: SlotAnswer, in slot: UInt16, of session: SessionID) {
        answers.set(answer, for: AnswerKey(session: session, slot: slot))
    }
}
