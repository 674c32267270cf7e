import Bookkeeping
import GRDB
import Resources

/// Reads many transfers of one segment: accounts are looked up once, columns by their place. A million rows by name would take
/// several times as long.
struct TransferReader {
    /// What is read, from `transfers AS t`; whoever asks for more puts it behind.
    static let columns = """
        t.id, t.kind, t.debit, t.credit, t.amount, t.reservation, t.lease, t.expires_boot, t.expires_instant, t.expires_utc, t.at
        """
    /// How many columns that are.
    static let width = 11

    private let lines: [Int64: Tally.Line]

    init(_ db: Database) throws {
        var lines: [Int64: Tally.Line] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT id, name, unit FROM accounts") {
            lines[row["id"]] = Tally.Line(try Rows.account(row, "name"), try row.word("unit"))
        }
        self.lines = lines
    }

    /// The account of a row id.
    func line(_ id: Int64) throws -> Tally.Line {
        guard let line = lines[id] else { throw MalformedRow(description: "there is no account \(id)") }
        return line
    }

    /// The row ids of accounts in a unit, of all where none are named; of those that were never used here there are none.
    func ids(of accounts: [Account]?, in unit: LedgerUnit) -> [Int64] {
        lines.filter { $0.value.unit == unit && accounts?.contains($0.value.account) ?? true }.map(\.key).sorted()
    }

    func transfer(_ row: Row) throws -> Transfer {
        let (debit, credit) = (try line(row[2]), try line(row[3]))
        guard debit.unit == credit.unit else { throw MalformedRow(description: "debit and credit are in different units") }
        let word: String = row[1]
        guard let kind = Transfer.Kind(rawValue: word) else { throw MalformedRow(description: "kind is '\(word)'") }
        return Transfer(
            id: try row.id(at: 0), kind: kind, unit: debit.unit, debit: debit.account, credit: credit.account,
            amount: LedgerAmount(row[4]), of: try row.optionalID(at: 5), lease: try row.optionalID(at: 6),
            expires: deadline(row), at: Timestamp(microseconds: row[10]))
    }

    private func deadline(_ row: Row) -> Deadline? {
        guard let boot = row[7] as String? else { return nil }
        return Deadline(
            Moment(boot: BootID(boot), instant: Instant(microseconds: row[8]), utc: Timestamp(microseconds: row[9])))
    }
}
