import Bookkeeping
import Dispatch
import Resources
import Synchronization
import Testing

@testable import LedgerStore

@Suite("A full disk")
struct FullDiskTests {
    @Test("nothing is half written, all that was queued behind fails, and after resuming it goes on")
    func full() async throws {
        let directory = try TemporaryDirectory()
        var options = LedgerStore.Options()
        options.maximumPages = 60
        let committed = try await directory.withStore(options) { store in
            let committed = try await fill(store)
            await #expect(throws: LedgerStoreError.self, "until it is resumed") {
                try await store.commit([.transfer(direct(900_001))])
            }
            store.resume()
            #expect(try store.lastTransfers(100_000).count == committed)
            #expect(try store.states(.setting, as: Int.self) == [committed])
            #expect(try store.verify(signatures: isSigned).fault == nil)
            // What needs no new page still goes.
            try await store.commit([.state(.setting, id: "last", committed)])
            return committed
        }
        try await directory.withStore { store in
            #expect(try store.lastTransfers(100_000).count == committed)
            try await store.commit([.transfer(direct(900_002))])
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
    }

    /// Commits batches of a transfer and its number, several at a time, until one fails; returns how many did not.
    private func fill(_ store: LedgerStore) async throws -> Int {
        let state = Mutex((committed: 0, errors: [LedgerStoreError]()))
        var next = 1
        while state.withLock({ $0.errors.isEmpty }) {
            try #require(next < 20_000, "the disk never became full")
            let done = DispatchGroup()
            for n in next..<next + 20 {
                done.enter()
                store.commit([.transfer(direct(n)), .state(.setting, id: "last", n)]) { result in
                    state.withLock {
                        switch result {
                        case .success: $0.committed = n
                        case .failure(let error): $0.errors.append(error)
                        }
                    }
                    done.leave()
                }
            }
            await withCheckedContinuation { continuation in done.notify(queue: .global()) { continuation.resume() } }
            next += 20
        }
        let (committed, errors) = state.withLock { $0 }
        #expect(errors.first?.description.contains("no space left") == true)
        #expect(errors.count == next - 1 - committed, "whatever came after the first failure failed")
        return committed
    }
}
