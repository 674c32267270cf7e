import Bookkeeping
import GRDB
import Resources
import Synchronization

/// What moved the balances with peers, in total, and what stood on them before.
package struct BalanceTotals: Hashable, Sendable {
    package let opening: LedgerAmount
    package let lines: [TransferPurpose.Line: LedgerAmount]
}

/// Remembers what the transfers of each segment came to, so that asking for totals again reads only what was booked since.
final class BalanceTallies: Sendable {
    /// What a segment's rows came to, up to the one that is its end here.
    private struct Tally: Sendable {
        var end: Int64
        var lines: [TransferPurpose.Line: [LedgerUnit: LedgerAmount]] = [:]
    }

    /// By the segment's number.
    private let known = Mutex<[Int: Tally]>([:])

    /// What the rows of a segment come to by now.
    func lines(_ db: Database, in unit: LedgerUnit) throws -> [TransferPurpose.Line: LedgerAmount] {
        let row = try SegmentRow(db)
        var tally = known.withLock { $0[row.number] } ?? Tally(end: row.opening.sequence)
        // Readers may see an older commit than the one that was read last.
        if tally.end > row.end.sequence { tally = Tally(end: row.opening.sequence) }
        for sum in try Rows.moved(db, after: tally.end) {
            guard let change = sum.change else { continue }
            tally.lines[change.line, default: [:]][sum.unit, default: .zero] += change.amount
        }
        tally.end = row.end.sequence
        known.withLock { known in
            if known[row.number].map({ $0.end < tally.end }) ?? true { known[row.number] = tally }
        }
        return tally.lines.compactMapValues { $0[unit] }
    }
}

extension LedgerStore {
    /// What moved all balances with peers in a unit, by why, and what stood on them before.
    ///
    /// The first call reads all transfers that are there, later ones only those booked since.
    package func balanceTotals(in unit: LedgerUnit) throws(LedgerStoreError) -> BalanceTotals {
        let (opening, lines) = try fold(into: (LedgerAmount?.none, [TransferPurpose.Line: LedgerAmount]())) { totals, db in
            // Later segments were handed on what the rows of the earlier ones came to.
            if totals.0 == nil { totals.0 = try Rows.openingOfPeers(db, in: unit) }
            for (line, amount) in try balances.lines(db, in: unit) { totals.1[line, default: .zero] += amount }
            return true
        }
        return BalanceTotals(opening: opening ?? .zero, lines: lines)
    }
}

extension Rows {
    /// What a segment was handed on of balances with peers.
    fileprivate static func openingOfPeers(_ db: Database, in unit: LedgerUnit) throws -> LedgerAmount {
        try openingEntries(db).reduce(.zero) { sum, entry in
            guard entry.line.unit == unit, case .peer = entry.line.account else { return sum }
            return sum + entry.balance.net
        }
    }
}
