import Bookkeeping
import Foundation
import Resources
import Testing

@testable import LedgerStore

@Suite("Reading what was paid")
struct PaymentTests {
    private static let lease = LeaseID(high: 4, low: 1)

    private static func paid(_ n: Int) -> Bookkeeping.Record {
        .transfer(
            Transfer(
                id: transferID(n), kind: .direct, debit: .spent, credit: .peer(peer), amount: 5, lease: lease,
                at: moment(Int64(n)).utc))
    }

    @Test("What is in files that cannot be read is named, and all others are read; any run of files can be asked for")
    func files() async throws {
        let directory = try TemporaryDirectory()
        let archive = directory.path + ".archive"
        defer { try? FileManager.default.removeItem(atPath: archive) }
        try await directory.withStore { store in
            try await store.commit([.trustLine(TrustLine(peer: peer, granted: 1000, ownCeiling: 1000))])
            for n in 1...4 {
                try await store.commit([Self.paid(n)])
                if n < 4 { try await store.closeSegment() }
            }
            func payments(after first: Int = 0, upTo last: Int = .max) throws -> Payments {
                try store.payments(for: [Self.lease], since: start.utc, after: first, upTo: last)
            }
            func ids(_ payments: Payments) -> [TransferID] { payments.transfers.map(\.id) }
            #expect(try ids(payments()) == (1...4).map(transferID))
            #expect(try ids(payments(after: 1, upTo: 3)) == [2, 3].map(transferID))
            #expect(try store.lastToArchive(keeping: 1) == 2 && store.lastToArchive(keeping: 3) == nil)
            #expect(try store.archive(to: archive, keeping: 1, through: 1) == [1])
            #expect(try ids(payments()) == (2...4).map(transferID) && payments().faults.isEmpty)
            try await store.mount(
                archive, telling: Event(at: start.utc, kind: "ledger.mounted", subjects: [], text: "mounted"))
            #expect(try ids(payments()) == (1...4).map(transferID))
            try FileManager.default.moveItem(atPath: archive, toPath: archive + ".away")
            defer { try? FileManager.default.removeItem(atPath: archive + ".away") }
            let left = try payments()
            #expect(ids(left) == (2...4).map(transferID))
            #expect(left.faults.count == 1 && left.faults.first?.contains(archive) == true, "\(left.faults)")
        }
    }
}
