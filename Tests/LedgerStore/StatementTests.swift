import Bookkeeping
import Foundation
import Resources
import Testing

@testable import LedgerStore
@testable import Reports

@Suite("Statements of a ledger in several units")
struct StatementTests {
    private static let peers = (1...3 as ClosedRange<UInt64>).map { NodeID(high: 2, low: $0) }

    private static func standing(_ found: (account: Account, net: LedgerAmount), in unit: LedgerUnit) -> AccountStanding {
        AccountStanding(
            account: found.account.description, peer: found.account.node?.description, peerName: nil, unit: unit,
            net: found.net.rawValue)
    }

    private static func entry(_ posted: PostedTransfer) -> PostedEntry {
        let transfer = posted.transfer
        let peer = (transfer.debit.node ?? transfer.credit.node)?.description ?? ""
        return PostedEntry(
            sequence: posted.sequence, at: CivilTime(transfer.at), transfer: transfer.id.description,
            purpose: posted.purpose.rawValue, debit: transfer.debit.description, credit: transfer.credit.description,
            unit: transfer.unit, amount: transfer.amount.rawValue, peer: peer, peerName: peer, lease: nil)
    }

    @Test(
        "From whatever time on, each unit's balance goes from what stood to what the books have now, entry by entry",
        arguments: 0..<12 as Range<UInt64>)
    func balances(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        var random = RandomBooks(seed: seed)
        try await directory.withStore { store in
            try await store.commit(random.open())
            for _ in 0..<30 {
                try await store.commit(random.next(5).map { .transfer($0) })
                if random.generator.chance(1500) { try await store.closeSegment() }
            }
            for peer in [nil] + Self.peers.map(Optional.some) {
                let since = random.generator.chance(3000) ? nil : moment(.random(in: 0...120, using: &random.generator)).utc
                var (opening, entries): ([AccountStanding], [PostedEntry]) = ([], [])
                for unit in LedgerUnit.allCases {
                    let query = PostedQuery(in: unit, peer: peer, since: since)
                    opening += try store.standing(before: query).map { Self.standing($0, in: unit) }
                    entries += try store.posted(query, after: 0, limit: 100_000).map(Self.entry)
                }
                let report = StatementReport(
                    of: peer?.description, since: since.map(CivilTime.init), until: nil, opening: opening, entries: entries)
                #expect(report.sections.map(\.unit) == report.sections.map(\.unit).sorted { $0.offset < $1.offset })
                for unit in Charge.units {
                    let accounts = peer.map { [$0] } ?? Self.peers
                    let stands = accounts.reduce(LedgerAmount.zero) { $0 + random.books.balance(of: .peer($1), in: unit).net }
                    let section = report.sections.first { $0.unit == unit }
                    #expect(section?.closing ?? 0 == stands.rawValue, "\(unit) with \(peer?.description ?? "all")")
                    var balance = section?.opening ?? 0
                    for line in section?.lines ?? [] {
                        balance += line.amount
                        #expect(line.balance == balance && line.unit == unit)
                    }
                    #expect(balance == section?.closing ?? 0)
                    // narrowed to the unit it is the same
                    let alone = StatementReport(
                        of: peer?.description, in: unit, since: nil, until: nil, opening: opening, entries: entries)
                    #expect(alone.sections.map(\.unit) == [unit] && alone.sections[0].closing == stands.rawValue)
                }
            }
        }
    }
}
