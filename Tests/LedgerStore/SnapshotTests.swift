import Bookkeeping
import Resources
import Testing

@testable import LedgerStore

@Suite("Books restored from the ledger")
struct SnapshotTests {
    @Test(
        "at every point the ledger's snapshot equals the running books, across segments and restarts",
        arguments: 0..<8 as Range<UInt64>)
    func equality(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        var random = RandomBooks(seed: seed, remembering: 100)
        var options = LedgerStore.Options()
        options.memoryCapacity = 100
        options.transfersPerSegment = 70
        var past: [Transfer] = []
        for round in 0..<6 {
            try await directory.withStore(options) { store in
                if round == 0 { try await store.commit(random.open()) }
                for _ in 0..<10 {
                    let transfers = random.next(.random(in: 1...8, using: &random.generator))
                    try await store.commit(transfers.map(Record.transfer))
                    past += transfers
                    #expect(try store.booksSnapshot() == random.books.snapshot)
                }
                #expect(try store.verify(signatures: isSigned).fault == nil)
            }
        }
        try await directory.withStore(options) { store in
            #expect(try store.sources().count > 2)
            for transfer in past.suffix(90) {
                #expect(try random.replay(transfer) == .replayed)
                try await store.commit([.transfer(transfer)])
            }
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.transfers == Int64(past.count))
            #expect(try store.booksSnapshot() == random.books.snapshot)
        }
    }
}
