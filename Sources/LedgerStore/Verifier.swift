import Bookkeeping
import Foundation
import GRDB
import LedgerSchema
import Resources

/// Walks the ledger's segments in order, recounting everything.
struct Verifier {
    var result = Verification()
    let checkSignature: SignatureCheck?
    var tally = Tally()
    var chain = Chain.start
    private var number = 0
    /// The file being read.
    private var file = ""
    /// Those before it.
    private var earlier: ArraySlice<SegmentSource> = []
    private let keep: (VerificationCheckpoint) -> Void

    /// Rows between two checkpoints.
    private let stride: Int64

    /// Checks segments, oldest first.
    ///
    /// - Parameters:
    ///   - checkpoint: where to go on; from the first row when `nil`, or when its segment is not there.
    ///   - stride: rows between two checkpoints; as many as given make a few seconds' work.
    ///   - keep: is told how far it came.
    static func run(
        _ sources: [SegmentSource], from checkpoint: VerificationCheckpoint?, signatures: SignatureCheck?,
        stride: Int64 = 250_000, keep: (VerificationCheckpoint) -> Void
    ) throws -> Verification {
        try withoutActuallyEscaping(keep) { keep in
            func check(_ signatures: SignatureCheck?) throws -> Verification {
                var verifier = Verifier(checkSignature: signatures, stride: stride, keep: keep)
                do {
                    try verifier.check(sources, from: checkpoint)
                } catch let fault as Verification.Fault {
                    verifier.result.fault = fault
                }
                return verifier.result
            }
            guard let signatures else { return try check(nil) }
            return try withoutActuallyEscaping(signatures) { try check($0) }
        }
    }

    private init(checkSignature: SignatureCheck?, stride: Int64, keep: @escaping (VerificationCheckpoint) -> Void) {
        self.checkSignature = checkSignature
        self.stride = stride
        self.keep = keep
    }

    private mutating func check(_ sources: [SegmentSource], from checkpoint: VerificationCheckpoint?) throws {
        var start = checkpoint.flatMap { Start($0, in: sources) }
        for (place, source) in sources.enumerated().dropFirst(start?.index ?? 0) {
            (file, earlier) = (source.name, sources[..<place])
            do {
                try source.read { db in try check(db, isClosed: source.isClosed, from: start) }
            } catch LedgerStoreError.damaged(_, let text) {
                throw fault("(file)", nil, text)
            }
            start = nil
        }
    }

    private mutating func check(_ db: Database, isClosed: Bool, from start: Start?) throws {
        try checkForm(db)
        if let start { try goOn(from: start.checkpoint, tally: start.tally, db) } else { try checkOpening(db) }
        try walk(db)
        try checkEnd(db, isClosed: isClosed)
        // A segment to go on in is counted when its end is reached again.
        keepCheckpoint()
        result.segments += 1
    }

    /// Says how far it came, every so many rows.
    func pause() {
        if chain.sequence.isMultiple(of: stride) { keepCheckpoint() }
    }

    private func keepCheckpoint() {
        keep(VerificationCheckpoint(found: result, number: number, hasSignatures: checkSignature != nil, tally: tally))
    }

    func fault(_ table: String, _ row: String? = nil, _ difference: String) -> Verification.Fault {
        Verification.Fault(file: file, table: table, row: row, difference: difference)
    }
}

// MARK: - Going on

extension Verifier {
    /// Where an earlier verification was.
    private struct Start {
        let checkpoint: VerificationCheckpoint
        let tally: Tally
        /// Of its segment amongst those that are there.
        let index: Int

        init?(_ checkpoint: VerificationCheckpoint, in sources: [SegmentSource]) {
            let name = Segment.name(checkpoint.number)
            guard let tally = checkpoint.tally, let index = sources.firstIndex(where: { $0.name == name }) else { return nil }
            (self.checkpoint, self.tally, self.index) = (checkpoint, tally, index)
        }
    }

    /// Takes up an earlier verification, when the row that it came to is still the same.
    private mutating func goOn(from checkpoint: VerificationCheckpoint, tally: Tally, _ db: Database) throws {
        let (sequence, head) = (checkpoint.found.sequence, checkpoint.found.head)
        let opening = try segmentRow(db).opening
        let known = opening.sequence == sequence ? opening.head : try hash(of: sequence, db)
        guard known == head else {
            throw fault("(checkpoint)", String(sequence), "is not the row that an earlier verification has found good")
        }
        (result, self.tally, number) = (checkpoint.found, tally, checkpoint.number)
        result.resumedAfter = sequence
        chain = Chain(sequence: sequence, head: head)
    }

    func hash(of sequence: Int64, _ db: Database) throws -> Digest? {
        for table in ChainedTable.Name.allCases where try db.tableExists(table.rawValue) {
            let sql = "SELECT hash FROM \(table.rawValue) WHERE sequence = ?"
            if let row = try Row.fetchOne(db, sql: sql, arguments: [sequence]) { return try row.digest(at: 0) }
        }
        return nil
    }

    /// The hash of a row in one of the files before this one; `nil` where that is elsewhere.
    func earlierHash(of sequence: Int64) throws -> Digest? {
        for source in earlier.reversed() {
            let (isIn, found) = try source.read { db in
                (try segmentRow(db).opening.sequence < sequence, try hash(of: sequence, db))
            }
            if isIn { return found }
        }
        return nil
    }
}

// MARK: - Form, beginning and end of a segment

extension Verifier {
    /// The file is sound for SQLite and has exactly the tables, indexes and triggers that the migrations make.
    private func checkForm(_ db: Database) throws {
        // Also whether each index has the rows of its table: what is looked up by one that lacks some would be missing.
        if let message = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)"), message != "ok" {
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
        if version >= Seal.version { try checkSeals(db) }
    }

    /// What is beside the chain is as the ledger has written it.
    private func checkSeals(_ db: Database) throws {
        Seal.register(in: db)
        if let (table, row) = try Seal.broken(db) { throw fault(table, row, "is not as it was written") }
        let stray = """
            SELECT subject FROM event_subjects AS s LEFT JOIN events AS e USING (sequence)
            WHERE e.sequence IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(e.subjects) WHERE value = s.subject) LIMIT 1
            """
        if let subject = try String.fetchOne(db, sql: stray) {
            throw fault("event_subjects", subject, "names an event that is not about that")
        }
        let missing = """
            SELECT e.sequence FROM events AS e, json_each(e.subjects) AS j
            WHERE NOT EXISTS (SELECT 1 FROM event_subjects AS s WHERE s.subject = j.value AND s.sequence = e.sequence) LIMIT 1
            """
        if let sequence = try Int64.fetchOne(db, sql: missing) {
            throw fault("event_subjects", String(sequence), "does not name a subject of that event")
        }
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
            let unit = entry.line.unit
            throw fault(
                "accounts", entry.line.account.description,
                "has \(entry.balance.text(in: unit)), the transfers make \(counted.text(in: unit))")
        }
        for entry in tally.entries where !found.contains(where: { $0.line == entry.line }) {
            throw fault("accounts", entry.line.account.description, "is missing")
        }
    }
}
