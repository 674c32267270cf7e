import GRDB

/// A statement prepared once and used many times, also after it has failed: GRDB's own would report the old fault once
/// more when it is next used, because SQLite repeats it on reset.
final class PreparedStatement {
    private let db: Database
    private let sql: String
    private var statement: Statement

    init(_ db: Database, _ sql: String) throws {
        self.db = db
        self.sql = sql
        statement = try db.makeStatement(sql: sql)
    }

    func execute(_ arguments: StatementArguments = []) throws {
        try renewingOnFailure { try statement.execute(arguments: arguments) }
    }

    /// The first column of the first row; `nil` when there is none.
    func fetchInteger(_ arguments: StatementArguments) throws -> Int64? {
        try renewingOnFailure { try Int64.fetchOne(statement, arguments: arguments) }
    }

    private func renewingOnFailure<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            statement = try db.makeStatement(sql: sql)
            throw error
        }
    }
}
