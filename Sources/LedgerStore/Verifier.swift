import Bookkeeping
import Foundation
import GRDB
import LedgerSchema
import Resources

/// Walks the ledger's segments in order, recounting everything.
struct Verifier {
    var result = Verification()
    let checkSignature: LedgerStore.SignatureCheck
    var tally = Tally()
    var chain = Chain.start
    private var number = 0
    /// The file being read.
    private var file = ""

    /// Checks closed segments, oldest first, each within `readClosed`, then the current one.
    static func run(
        closed: some Sequence<String>, current: Segment, signatures: LedgerStore.SignatureCheck,
        readClosed: (() throws -> Void) throws -> Void
    ) throws -> Verification {
        try withoutActuallyEscaping(signatures) { signatures in
            var verifier = Verifier(checkSignature: signatures)
            do {
                for path in closed {
                    try readClosed { try ClosedSegment.read(path) { try verifier.check($0, path: path, isClosed: true) } }
                }
                try current.pool.read { db in try verifier.check(db, path: current.path, isClosed: false) }
            } catch let fault as Verification.Fault {
                verifier.result.fault = fault
            }
            return verifier.result
        }
    }

    private init(checkSignature: @escaping LedgerStore.SignatureCheck) { self.checkSignature = checkSignature }

    private mutating func check(_ db: Database, path: String, isClosed: Bool) throws {
        file = URL(fileURLWithPath: path).lastPathComponent
        try checkForm(db)
        try checkOpening(db)
        try walk(db)
        try checkEnd(db, isClosed: isClosed)
        result.segments += 1
    }

    func fault(_ table: String, _ row: String? = nil, _ difference: String) -> Verification.Fault {
        Verification.Fault(file: file, table: table, row: row, difference: difference)
    }
}

// MARK: - Form, beginning and end of a segment

extension Verifier {
    /// The file is sound for SQLite and has exactly the tables, indexes and triggers that the migrations make.
    private func checkForm(_ db: Database) throws {
        if let message = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), message != "ok" {
            throw fault("(file)", nil, message)
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let expected = try DatabaseQueue().writeWithoutTransaction { db in
            try Migrator(path: file, steps: Migration.all.filter { $0.version <= version }).run(db)
            return try Self.schema(db)
        }
        let found = try Self.schema(db)
        for (name, sql) in expected where found[name] != sql {
            throw fault("(schema)", name, found[name] == nil ? "is missing" : "was changed")
        }
        if let extra = found.keys.filter({ expected[$0] == nil }).min() { throw fault("(schema)", extra, "does not belong here") }
    }

    private static func schema(_ db: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], $0["sql"]) })
    }

    /// The segment takes up where the one before ended.
    private mutating func checkOpening(_ db: Database) throws {
        let segment = try segmentRow(db)
        let opening = segment.opening
        let carried = Tally(entries: try Rows.openingEntries(db), reservations: try Rows.openingReservations(db))
        if result.segments == 0, segment.number > 1 {
            (result.firstSegment, chain, tally) = (segment.number, opening, carried)
        } else {
            if result.segments == 0 { result.firstSegment = 1 }
            guard segment.number == number + 1 else {
                throw fault("segment", nil, "is number \(segment.number), expected \(number + 1)")
            }
            guard opening == chain else {
                throw fault(
                    "segment", nil,
                    "begins after row \(opening.sequence), the one before ends with \(chain.sequence)"
                        + (opening.sequence == chain.sequence ? " of another hash" : ""))
            }
            guard carried == tally else { throw fault("accounts", nil, "opening balances are not those handed on") }
        }
        guard carried.digest == segment.openingTally else {
            throw fault("segment", nil, "opening_tally is not the digest of the opening balances")
        }
        number = segment.number
    }

    private func segmentRow(_ db: Database) throws -> SegmentRow {
        do { return try SegmentRow(db) } catch { throw fault("segment", nil, "\(error)") }
    }

    /// What stands at the end is what the rows come to.
    private mutating func checkEnd(_ db: Database, isClosed: Bool) throws {
        let end = try segmentRow(db).end
        guard end == chain else {
            throw fault("segment", nil, "ends with row \(end.sequence), the last row there is \(chain.sequence)")
        }
        if isClosed, try Closing(db) == nil {
            throw fault("closing", nil, "is missing, but another segment follows")
        }
        try checkBalances(try Rows.entries(db))
        let found = try Rows.openReservations(db)
        guard found != tally.reservations else { return }
        let ids = Set(found).symmetricDifference(tally.reservations).map(\.id)
        throw fault("reservations", ids.min()?.description, "is not as its transfers leave it")
    }

    /// Equal to the recount, in which debits equal credits by construction, they are equal here too.
    private func checkBalances(_ found: [Tally.Entry]) throws {
        for entry in found where entry.balance != tally.balance(of: entry.line.account, in: entry.line.unit) {
            let counted = tally.balance(of: entry.line.account, in: entry.line.unit)
            throw fault(
                "accounts", entry.line.account.description, "has \(entry.balance.text), the transfers make \(counted.text)")
        }
        for entry in tally.entries where !found.contains(where: { $0.line == entry.line }) {
            throw fault("accounts", entry.line.account.description, "is missing")
        }
    }
}
