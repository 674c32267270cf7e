import Bookkeeping
import Node
import Policy
import Resources
import Testing
import Trading

@Suite struct ReconciliationTests {
    private static func reconcile(_ pool: inout Pool, _ index: Int = 0, with peer: Int = 1) -> ReconciliationNews? {
        pool.members[index].comparisons = []
        pool.feed(.reconcile(pool.members[peer].id, ReconciliationID(high: 7, low: UInt64(pool.outcomes))), to: index)
        pool.deliver()
        return pool.members[index].comparisons.last
    }

    /// Node 0 has borrowed from node 1 so many times, and paid for it.
    private static func traded(_ leases: Int) throws -> Pool {
        var pool = Pool(
            policy: Pool.policy(credit: CreditRule(granted: .credits(100), newcomers: .credits(100), owes: .credits(100))))
        for _ in 0..<leases {
            let lease = try pool.borrow()
            pool.advance(by: .minutes(3))
            pool.use(lease, cpu: 60_000_000)
            pool.advance(by: .minutes(2))
            pool.feed(.release(lease), to: 0)
            pool.deliver()
        }
        return pool
    }

    @Test("what both have settled alike is signed by both, with where either ledger stood, and only what is new the next time")
    func agreed() throws {
        var pool = try Self.traded(2)
        pool.advance(by: .seconds(1))
        guard case .agreed(let known, let total) = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        let first = try #require(known.latest)
        let (here, there) = (pool.members[0], pool.members[1])
        #expect(total == first.checkpoint.total && total > 0)
        #expect(there.node.reconciling[here.id].latest == first)
        #expect(here.store.checkpoints[there.id]?.last == first && there.store.checkpoints[here.id]?.last == first)
        #expect(pool.notary(0).verify(first.firstSignature, over: first.document, by: here.id))
        #expect(pool.notary(0).verify(first.secondSignature, over: first.document, by: there.id))
        #expect(first.checkpoint.balance.credits == pool.balance(0, with: 1))

        let count = here.store.checkpoints[there.id]?.count
        #expect(Self.reconcile(&pool) == .agreed(pool.members[0].node.reconciling[there.id], total: total))
        #expect(pool.members[0].store.checkpoints[there.id]?.count == count, "there is nothing new to sign")
        let lease = try pool.borrow()
        pool.advance(by: .minutes(1))
        pool.use(lease, cpu: 30_000_000)
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .seconds(1))
        guard case .agreed(let after, _) = Self.reconcile(&pool, 1, with: 0) else {
            Issue.record("\(pool.members[1].comparisons)")
            return
        }
        let second = try #require(after.latest?.checkpoint)
        #expect(
            second.previous == pool.notary(0).digest(first.document) && second.count == second.total - total && second.count > 0)
        #expect(second.balance.credits == pool.balance(0, with: 1))
    }

    @Test("it is made by itself some time after a lease has settled, and daily")
    func schedule() throws {
        var pool = try Self.traded(1)
        pool.advance(by: .minutes(3))
        let peer = pool.members[1].id
        #expect(pool.members[0].node.reconciling[peer].latest != nil)
        let agreed = try #require(pool.members[0].node.reconciling[peer].agreedUntil)
        pool.advance(by: .days(1) + .minutes(5))
        #expect(try #require(pool.members[0].node.reconciling[peer].agreedUntil) > agreed)
    }

    @Test(
        "a settled entry that one side has changed is named with both versions, on both sides, and nothing is signed",
        arguments: [0, 1])
    func altered(_ cheater: Int) throws {
        var pool = try Self.traded(3)
        pool.advance(by: .seconds(1))
        let place = try #require(pool.members[cheater].store.transfers.lastIndex { $0.kind == .post })
        let original = pool.members[cheater].store.transfers[place]
        pool.members[cheater].store.transfers[place].amount = original.amount + LedgerAmount(1)
        guard case .differs(let known) = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        let difference = try #require(known.difference)
        #expect(difference.transfer == original.id && difference.here != nil && difference.there != nil)
        let (here, there) = (try #require(difference.here), try #require(difference.there))
        #expect(abs(here.moved.credits.rawValue - there.moved.credits.rawValue) == 1)
        #expect(pool.members[1].node.reconciling[pool.members[0].id].difference == difference.reversed)
        for member in pool.members { #expect(member.store.events.contains { $0.kind == "ledger.differs" }) }
    }

    @Test("an entry that was changed after both have signed it is found against the checkpoint")
    func alteredAfterCheckpoint() throws {
        var pool = try Self.traded(2)
        pool.advance(by: .seconds(1))
        guard case .agreed = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        for cheater in [0, 1] {
            var pool = pool
            let place = try #require(pool.members[cheater].store.transfers.firstIndex { $0.kind == .post })
            pool.members[cheater].store.transfers[place].amount = 1
            guard case .differs(let known) = Self.reconcile(&pool) else {
                Issue.record("\(pool.members[0].comparisons)")
                return
            }
            #expect(known.difference?.transfer == pool.members[cheater].store.transfers[place].id)
        }
    }

    @Test("what awaits its answer is no difference: it is sent again, and agreed on the next time")
    func pending() throws {
        var pool = try Self.traded(1)
        let lease = try pool.borrow()
        pool.advance(by: .minutes(1))
        pool.use(lease, cpu: 30_000_000)
        pool.isLost = { $0.message.isReceiptAnswer }
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        guard case .agreed(_, let total) = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        pool.isLost = { _ in false }
        guard case .agreed = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        pool.advance(by: .seconds(1))
        guard case .agreed(_, let after) = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        #expect(after > total)
        pool.expectRest()
    }

    @Test("a comparison goes on when messages are lost, and ends when none comes through")
    func lost() throws {
        var pool = try Self.traded(1)
        pool.stand(for: .seconds(1))
        pool.isLost = { _ in true }
        _ = Self.reconcile(&pool)
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(1))
        guard case .agreed = pool.members[0].comparisons.last else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        pool.isLost = { _ in true }
        _ = Self.reconcile(&pool)
        pool.advance(by: .minutes(3))
        guard case .refused(let refusal) = pool.members[0].comparisons.last else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        #expect(refusal.reason.contains("did not answer"))
        #expect(pool.members[0].node.reconciling.comparisons.isEmpty)
    }

    @Test("a checkpoint whose figures are not this ledger's, or whose signature is not the peer's, is not signed")
    func forged() throws {
        var pool = try Self.traded(1)
        pool.advance(by: .seconds(1))
        pool.isLost = { if case .reconciliation(.propose) = $0.message { true } else { false } }
        _ = Self.reconcile(&pool)
        let id = pool.members[0].node.reconciling.comparisons.values[0].id
        let own = pool.notary(0)
        var checkpoint = Checkpoint(
            id: CheckpointID(high: 1, low: 1), first: pool.members[0].id, second: pool.members[1].id, previous: .zero,
            until: 1 << 60, count: 1,
            digest: .zero, total: 1, balance: Charge(credits: 1_000_000), firstPlace: LedgerPlace(sequence: 1, head: .zero),
            secondPlace: LedgerPlace(sequence: 1, head: .zero), at: pool.now.utc)
        for signature in [own.sign(checkpoint.document), Signature([1, 2, 3])] {
            checkpoint.total += 1
            let message = ReconciliationMessage.propose(id, document: checkpoint.document, signature)
            pool.feed(.message(from: pool.members[0].id, .reconciliation(message)), to: 1)
        }
        #expect(pool.members[1].store.checkpoints.isEmpty)
        #expect(!pool.wire.contains { if case .reconciliation(.signed) = $0.message { true } else { false } })
    }

    // MARK: Bisection

    /// Both ledgers have the same random history.
    private static func random(_ count: Int, _ dice: inout SeededGenerator) -> Pool {
        var pool = Pool()
        let ids = pool.members.map(\.id)
        var mark: UInt64 = 1
        for _ in 0..<count {
            mark += UInt64.random(in: 1...1000, using: &dice)
            let id = TransferID(high: mark, low: dice.next())
            let amount = LedgerAmount(Int64.random(in: 1...1000, using: &dice))
            let transfer = Transfer(
                id: id, kind: .direct, unit: Charge.units.randomElement(using: &dice)!, debit: .peer(ids[1]), credit: .earned,
                amount: amount,
                at: pool.now.utc)
            pool.members[0].store.transfers.append(transfer)
            // The other side may have booked it in two parts, and at another time.
            var mirrored = transfer
            (mirrored.debit, mirrored.credit) = (.spent, .peer(ids[0]))
            let part = LedgerAmount(Int64.random(in: 0..<amount.rawValue, using: &dice))
            mirrored.amount = amount - part
            pool.members[1].store.transfers.append(mirrored)
            if part > .zero {
                (mirrored.id, mirrored.amount) = (id.following(1), part)
                pool.members[1].store.transfers.append(mirrored)
            }
        }
        pool.members[1].store.transfers.shuffle(using: &dice)
        return pool
    }

    @Test(
        "of random histories with differences planted the first one is named, in messages that grow with the logarithm",
        arguments: 1...60)
    func property(_ seed: Int) throws {
        var dice = SeededGenerator(seed: UInt64(seed))
        let count = [1, 5, 17, 300, 3000][seed % 5]
        var pool = Self.random(count, &dice)
        let planted = (0..<Int.random(in: 1...3, using: &dice)).map { _ in Int.random(in: 0..<count, using: &dice) }
        let first = pool.members[0].store.transfers[planted.min()!]
        let cheater = Int.random(in: 0...1, using: &dice)
        let marks = Set(planted.map { pool.members[0].store.transfers[$0].id.high })
        if Bool.random(using: &dice) {
            pool.members[cheater].store.transfers.removeAll { marks.contains($0.id.high) }
        } else {
            for place in pool.members[cheater].store.transfers.indices
            where marks.contains(pool.members[cheater].store.transfers[place].id.high) {
                pool.members[cheater].store.transfers[place].amount += LedgerAmount(5)
            }
        }
        var sent = 0
        pool.feed(.reconcile(pool.members[1].id, ReconciliationID(high: 7, low: 7)), to: 0)
        while pool.deliverFirst() { sent += 1 }
        guard case .differs(let known) = pool.members[0].comparisons.last else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        #expect(known.difference?.transfer == first.id)
        // Two rounds of question, splits by 16, list and answers, then the word about it.
        #expect(sent <= 2 * 2 * (1 + 3 + 1) + 2, "\(sent) messages for \(count) entries")
    }

    @Test("a history longer than what is compared at once is agreed on piece by piece")
    func long() throws {
        var dice = SeededGenerator(seed: 9)
        var pool = Self.random(SharedHistoryQuery.limit * 2 + 100, &dice)
        guard case .agreed(let known, let total) = Self.reconcile(&pool) else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
        #expect(total == Int64(SharedHistoryQuery.limit * 2 + 100) && known.latest?.checkpoint.total == total)
        #expect(pool.members[0].store.checkpoints[pool.members[1].id]?.count == 3)
    }
}
