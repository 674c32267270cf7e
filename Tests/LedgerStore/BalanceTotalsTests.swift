import Bookkeeping
import Foundation
import Resources
import Testing

@testable import LedgerStore

/// Totals that are kept while transfers come, against those read anew.
@Suite struct BalanceTotalsTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("Kept totals are those of all transfers, whatever was asked before and wherever a segment ends", arguments: 1...3)
    func kept(seed: UInt64) async throws {
        var books = RandomBooks(seed: seed)
        var last: [BalanceTotals] = []
        try await directory.withStore { store in
            try await store.commit(books.open())
            for round in 1...12 {
                try await store.commit(books.next(20).map(Record.transfer))
                if round.isMultiple(of: 5) { try await store.closeSegment() }
                last = try Charge.units.map(store.balanceTotals)
                let anew = try store.moved().filter { $0.unit == .credit }.compactMap(\.change)
                    .reduce(into: [:]) { $0[$1.line, default: .zero] += $1.amount }
                #expect(last[0] == BalanceTotals(opening: .zero, lines: anew) && !anew.isEmpty)
            }
        }
        let reopened = try await directory.withStore { store in try Charge.units.map(store.balanceTotals) }
        #expect(reopened == last)
    }

    @Test("Of segments that were moved away the totals have what was handed on")
    func archived() async throws {
        let archive = directory.path + ".archive"
        defer { try? FileManager.default.removeItem(atPath: archive) }
        try await directory.withStore { store in
            for n in 1...4 {
                let paid = Transfer(
                    id: transferID(n), kind: .direct, debit: .peer(peer), credit: .earned, amount: 1, at: start.utc)
                try await store.commit([.transfer(paid)])
                if n < 4 { try await store.closeSegment() }
            }
            let all = try store.balanceTotals(in: .credit)
            #expect(all.opening == .zero)
            #expect(try store.archive(to: archive, keeping: 1) == [1, 2])
            let rest = try store.balanceTotals(in: .credit)
            #expect(rest.opening == 2)
            #expect(rest.lines.values.reduce(rest.opening, +) == all.lines.values.reduce(.zero, +))
        }
    }
}
