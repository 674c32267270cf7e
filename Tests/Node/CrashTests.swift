import Bookkeeping
import Node
import Resources
import Testing
import Trading

/// One whole trade, with an agent dying at one point of it.
@Suite("Crashes")
struct CrashTests {
    private struct Story {
        var pool = Pool()

        mutating func run() {
            let request = pool.ask()
            pool.advance(by: .seconds(1))
            if let id = try? pool.members[0].decisions[request]?.get().first {
                pool.use(id, cpu: 500_000)
                pool.advance(by: .seconds(60))
                pool.feed(.renew(id, by: .minutes(5)), to: 0)
                pool.use(id, cpu: 50_000_000)
                pool.advance(by: .seconds(100))
                pool.feed(.reclaim(id, atOnce: false, reason: "own work"), to: 1)
                pool.use(id, cpu: 100_000_000)
                pool.advance(by: .seconds(10))
                pool.feed(.release(id), to: 0)
            }
            pool.advance(by: .hours(3))
        }
    }

    /// How many outcomes the story has when nothing fails.
    private static let outcomes: Int = {
        var story = Story()
        story.run()
        return story.pool.outcomes
    }()

    @Test(
        "Wherever an agent dies between records and actions, the trade comes to its end and nothing acknowledged is lost",
        arguments: [.beforeCommit] + (0...4).map { Pool.Crash.afterCommit(actions: $0) })
    func anywhere(_ crash: Pool.Crash) {
        #expect(Self.outcomes > 20)
        for outcome in 1...Self.outcomes {
            var story = Story()
            story.pool.crash = (outcome, crash)
            story.run()
            check(story.pool, "outcome \(outcome)")
        }
    }

    private func check(_ pool: Pool, _ place: String) {
        pool.expectRest()
        let (borrower, lender) = (pool.members[0], pool.members[1])
        // Every receipt the borrower has co-signed is settled for the same amount on the lender.
        for (id, signed) in borrower.store.receipts.pairs where signed.accepted != nil {
            #expect(lender.store.receipts[id] == signed, "\(place)")
        }
        // Whatever the borrower was told it holds, the lender has granted.
        for case .success(let ids) in borrower.decisions.values {
            for id in ids { #expect(lender.store.lease(id) != nil, "\(place)") }
        }
        // What moved is what the receipts say.
        let accepted = borrower.store.receipts.values.compactMap(\.accepted?.credits).reduce(.zero, +)
        let compensation = borrower.store.receipts.values.map(\.receipt.compensation).reduce(.zero, +)
        #expect(pool.balance(1, with: 0) == accepted - compensation, "\(place)")
    }
}
