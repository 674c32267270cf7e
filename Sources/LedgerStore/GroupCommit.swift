import GRDB

/// Commits batches in one transaction: either all of them become durable together or none; a batch that breaks a rule of
/// the ledger fails alone.
struct GroupCommit {
    private let db: Database
    private let path: String
    private var journal: Journal
    private let begin: PreparedStatement
    private let commit: PreparedStatement
    private let setSavepoint: PreparedStatement
    private let release: PreparedStatement
    private let undo: PreparedStatement

    /// - Parameter db: the writer's connection, outside a transaction.
    init(_ db: Database, path: String) throws {
        self.db = db
        self.path = path
        journal = try Journal(db)
        begin = try PreparedStatement(db, "BEGIN IMMEDIATE")
        commit = try PreparedStatement(db, "COMMIT")
        setSavepoint = try PreparedStatement(db, "SAVEPOINT batch")
        release = try PreparedStatement(db, "RELEASE batch")
        undo = try PreparedStatement(db, "ROLLBACK TO batch")
    }

    /// Transfers in the segment.
    var transfers: Int64 { journal.position.transfers }

    /// Commits the batches and completes them in order.
    ///
    /// - Returns: the fault that concerns more than one batch, if there was one.
    mutating func run(_ batches: [CommitQueue.Batch]) -> LedgerStoreError? {
        guard batches.contains(where: { !$0.records.isEmpty }) else {
            for batch in batches { batch.completion(.success(())) }
            return nil
        }
        let before = journal.position
        do {
            try begin.execute()
            let outcomes = batches.count == 1 ? [try write(batches[0])] : try batches.map { try writeApart($0) }
            if journal.position.chain != before.chain { try journal.seal() }
            try commit.execute()
            for (batch, outcome) in zip(batches, outcomes) { batch.completion(outcome) }
            return nil
        } catch {
            journal.position = before
            // SQLite has rolled back by itself after some faults. If a rollback fails too, the next BEGIN says so.
            if db.isInsideTransaction { try? db.rollback() }
            let failure = LedgerStoreError(error, file: path)
            for batch in batches { batch.completion(.failure(failure)) }
            return failure.concernsBatchOnly ? nil : failure
        }
    }

    private mutating func write(_ batch: CommitQueue.Batch) throws -> Result<Void, LedgerStoreError> {
        for record in batch.records { try journal.write(record) }
        return .success(())
    }

    /// Writes a batch such that it can fail without the others.
    private mutating func writeApart(_ batch: CommitQueue.Batch) throws -> Result<Void, LedgerStoreError> {
        guard !batch.records.isEmpty else { return .success(()) }
        let before = journal.position
        try setSavepoint.execute()
        do {
            let outcome = try write(batch)
            try release.execute()
            return outcome
        } catch {
            let failure = LedgerStoreError(error, file: path)
            guard failure.concernsBatchOnly, db.isInsideTransaction else { throw error }
            journal.position = before
            try undo.execute()
            try release.execute()
            return .failure(failure)
        }
    }
}
