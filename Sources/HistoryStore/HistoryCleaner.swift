import Accounting
import GRDB
import Resources

/// Takes away what is kept no longer, within one transaction.
struct HistoryCleaner {
    /// Blocks removed in one step, so that no more is lost than has to be.
    private static let stepSize = 64
    /// Begins to make room when less than a tenth is left, and stops at a seventh.
    private static let fullness: (high: BasisPoints, low: BasisPoints) = (9000, 8600)

    /// What gives way, in turn, and how much of it is spared in its turn: the finest first, but the recent of it only when there
    /// is nothing else.
    private static let order: [(shelf: Shelf, spared: Microseconds)] = [
        (.incidents, .zero), (.minutes, .hours(6)), (.hours, .days(30)), (.minutes, .zero), (.hours, .zero), (.seconds, .zero),
        (.days, .zero),
    ]

    let db: Database

    // MARK: By age

    func expire(at now: Timestamp) throws {
        try keepIncidents(before: (now + -Resolution.second.span * 600).floored(to: .minutes(1)))
        for shelf in Shelf.allCases where shelf != .seconds {
            guard let retention = shelf.retention else { continue }
            try remove(from: shelf, endingBefore: now + -retention)
        }
        try forgetEmptySeries()
    }

    /// Removes seconds from before `time`, the beginning of a minute; but those of minutes in which a threshold was exceeded go to
    /// a place where they are kept for longer.
    private func keepIncidents(before time: Timestamp) throws {
        let blocks = try Row.fetchAll(
            db, sql: "SELECT id, series, start, finish, rows, data FROM seconds WHERE start < ? ORDER BY id",
            arguments: [time.microseconds])
        for (series, blocks) in Dictionary(grouping: blocks, by: { $0["series"] as Int64 }).sorted(by: { $0.key < $1.key }) {
            let rows = try blocks.flatMap { try Block(.second, $0).unpacked() }
            let old = rows.filter { $0.start < time }
            let kept = Set(old.filter(\.isIncident).map { Resolution.minute.start(of: $0.start) })
            let saved = old.filter { kept.contains(Resolution.minute.start(of: $0.start)) }
            for block in Block.pack(saved) { try HistoryWriter.insert(block, of: series, into: .incidents, db) }
            for block in Block.pack(rows.filter { $0.start >= time }) {
                try HistoryWriter.insert(block, of: series, into: .seconds, db)
            }
            for block in blocks {
                try db.execute(sql: "DELETE FROM seconds WHERE id = ?", arguments: [block["id"] as Int64])
            }
        }
    }

    /// Blocks lie in the order in which they were written, so only the first have to be looked at. One that civil time has made
    /// look younger holds up those behind it, until its time comes or there is no room.
    private func remove(from shelf: Shelf, endingBefore time: Timestamp) throws {
        repeat {
            try db.execute(
                sql: """
                    DELETE FROM \(shelf.rawValue) WHERE finish < ? AND id IN
                    (SELECT id FROM \(shelf.rawValue) ORDER BY id LIMIT \(Self.stepSize))
                    """, arguments: [time.microseconds])
        } while db.changesCount == Self.stepSize
    }

    private func forgetEmptySeries() throws {
        let shelves = Shelf.allCases.map { "AND NOT EXISTS (SELECT 1 FROM \($0.rawValue) AS b WHERE b.series = series.id)" }
        try db.execute(
            sql: """
                DELETE FROM series WHERE open IS NULL \(shelves.joined(separator: " "))
                AND NOT EXISTS (SELECT 1 FROM tails WHERE tails.series = series.id)
                """)
    }

    // MARK: By size

    /// - Parameter pages: how many the file may have.
    func makeRoom(at now: Timestamp, pages: Int64) throws {
        let most = { (share: BasisPoints) in Int64(Int128(pages) * Int128(share.rawValue) / 10_000) }
        guard try usedPages() > most(Self.fullness.high) else { return }
        for (shelf, spared) in Self.order {
            repeat {
                guard try usedPages() > most(Self.fullness.low) else { return }
                try db.execute(
                    sql: """
                        DELETE FROM \(shelf.rawValue) WHERE id IN
                        (SELECT id FROM \(shelf.rawValue) WHERE finish <= ? ORDER BY id LIMIT \(Self.stepSize))
                        """, arguments: [spared == .zero ? Int64.max : (now + -spared).microseconds])
            } while db.changesCount > 0
        }
        try forgetEmptySeries()
    }

    private func usedPages() throws -> Int64 {
        let count = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        return count - (try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0)
    }
}
