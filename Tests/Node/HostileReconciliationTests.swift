import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Node 0 means ill: it says what it likes when ledgers are compared.
@Suite("Hostile comparisons")
struct HostileReconciliationTests {
    private static let id = ReconciliationID(high: 8, low: 8)

    /// Node 0 has borrowed from node 1, and from node 2, and paid for it; nothing is signed yet.
    private static func traded(_ leases: Int = 1) throws -> Pool {
        var pool = Pool(
            3, policy: Pool.policy(credit: CreditRule(granted: .credits(100), newcomers: .credits(100), owes: .credits(100))))
        for _ in 0..<leases {
            for peer in 1...2 {
                let request = pool.ask(from: [peer])
                pool.deliver()
                let lease = try #require(try pool.members[0].decisions[request]?.get().first)
                // So short that nothing is compared by itself meanwhile.
                pool.advance(by: .seconds(7))
                pool.members[peer].usage[lease] = Usage(cpu: 6_000_000)
                let reading = MeterReading(lease: lease, usage: Usage(cpu: 6_000_000))
                pool.feed(.readings(owner: .zero, guests: [reading]), to: peer)
                pool.feed(.release(lease), to: 0)
                pool.deliver()
            }
        }
        pool.stand(for: .seconds(1))
        return pool
    }

    private static func say(_ message: ReconciliationMessage, as liar: Int = 0, to index: Int = 1, _ pool: inout Pool) {
        pool.feed(.message(from: pool.members[liar].id, .reconciliation(message)), to: index)
    }

    /// What is under way to the liar, which does not get it.
    private static func answers(_ pool: inout Pool) -> [ReconciliationMessage] {
        defer { pool.wire = [] }
        return pool.wire.compactMap { if case .reconciliation(let message) = $0.message { message } else { nil } }
    }

    private static func question(
        _ pool: Pool, after base: Digest? = nil, until: UInt64 = .max, by liar: Int = 0
    ) -> HistoryQuestion {
        let place = LedgerPlace(sequence: Int64(pool.members[liar].store.transfers.count), head: .zero)
        return HistoryQuestion(scope: .open(after: base, until: until), isWhole: false, place: place)
    }

    /// What node 1 would sign of all that it has with node 0.
    private static func checkpoint(_ pool: Pool, until: UInt64, by liar: Int = 0) throws -> Checkpoint {
        let (own, peer, notary) = (pool.members[liar].id, pool.members[1].id, pool.notary(liar))
        let query = SharedHistoryQuery(
            own: peer, peer: own, latest: nil, scope: .open(after: nil, until: until), checksPast: false, from: 1)
        let history = try pool.members[1].store.history(query, notary).get()
        let count = Int64(history.entries.count)
        let here = LedgerPlace(sequence: Int64(pool.members[liar].store.transfers.count), head: .zero)
        let isFirst = own < peer
        return Checkpoint(
            first: min(own, peer), second: max(own, peer), previous: .zero, until: until, count: count,
            digest: history.entries[...].digest(by: notary.digest), total: count, balance: history.sum,
            firstPlace: isFirst ? here : history.place, secondPlace: isFirst ? history.place : here, at: pool.now.utc,
            named: notary.digest)
    }

    private static func propose(_ checkpoint: Checkpoint, _ pool: inout Pool, as liar: Int = 0, signature: Signature? = nil) {
        let document = checkpoint.document
        say(.propose(id, document: document, signature ?? pool.notary(liar).sign(document)), as: liar, &pool)
    }

    @Test("a proposal that is not this ledger's in any one figure, or not signed by the peer, is not signed; the true one is")
    func proposals() throws {
        var pool = try Self.traded()
        Self.say(.ask(Self.id, Self.question(pool)), &pool)
        guard case .answer(_, let answer) = Self.answers(&pool).first else {
            Issue.record("there is no answer")
            return
        }
        let right = try Self.checkpoint(pool, until: answer.until)
        let changes: [(inout Checkpoint) -> Void] = [
            { $0.previous = Digest([UInt8](repeating: 1, count: 32)) }, { $0.until += 1 }, { $0.count += 1 }, { $0.total += 1 },
            { $0.balance = $0.balance + Charge(credits: 1) }, { $0.firstPlace.sequence += 1 }, { $0.secondPlace.sequence += 1 },
            { $0.digest = .zero }, { $0.id = CheckpointID(high: $0.id.high, low: $0.id.low &+ 1) },
            { $0.at = $0.at + .days(400) },
        ]
        for change in changes {
            var wrong = right
            change(&wrong)
            Self.propose(wrong, &pool)
        }
        Self.propose(right, &pool, signature: pool.notary(2).sign(right.document))
        #expect(pool.members[1].store.checkpoints.isEmpty)
        #expect(Self.answers(&pool).allSatisfy { if case .decline = $0 { true } else { false } })
        Self.propose(right, &pool)
        #expect(pool.members[1].store.checkpoints[pool.members[0].id]?.map(\.checkpoint) == [right])
    }

    @Test("no document tells of a time that cannot be reckoned with")
    func times() throws {
        let pool = try Self.traded()
        for at in [Int64.min, .max] {
            var checkpoint = try Self.checkpoint(pool, until: 1 << 62)
            checkpoint.at = Timestamp(microseconds: at)
            #expect(throws: CanonicalReader.Malformed.self) { try Checkpoint(document: checkpoint.document) }
        }
    }

    @Test("an id that has no time in it harms nobody")
    func noMark() throws {
        var pool = try Self.traded()
        Self.say(.ask(Self.id, Self.question(pool)), &pool)
        let entry = SharedEntry(transfer: TransferID(high: 0, low: 0), lease: nil, moved: Charge(credits: 1))
        Self.say(.found(Self.id, HistoryDifference(here: entry, there: nil)), &pool)
        #expect(pool.members[1].node.reconciling[pool.members[0].id].difference == nil)
    }

    @Test("two peers that ask under one id are told each of what is with itself")
    func oneID() throws {
        var pool = try Self.traded()
        // Node 2 asks first, and its question is read when node 0's, which is of the same id, was taken.
        for liar in [2, 0] { Self.say(.ask(Self.id, Self.question(pool, by: liar)), as: liar, &pool) }
        let answers = Self.answers(&pool).compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } }
        #expect(answers.count == 2)
        let wrong = try Self.checkpoint(pool, until: answers.last?.until ?? 0, by: 2)
        Self.propose(wrong, &pool)
        #expect(pool.members[1].store.checkpoints.isEmpty)
    }

    @Test("nothing that was signed is unsigned by a shorter checkpoint")
    func rolledBack() throws {
        var pool = try Self.traded(3)
        pool.feed(.reconcile(pool.members[0].id, Self.id), to: 1)
        pool.deliver()
        let known = pool.members[1].node.reconciling[pool.members[0].id]
        let latest = try #require(known.latest?.checkpoint)
        #expect(latest.total > 1)
        let first = try #require(pool.members[1].store.transfers.filter { $0.kind != .pending }.map(\.id.high).min())
        Self.say(.ask(Self.id, Self.question(pool, until: first)), &pool)
        let until = Self.answers(&pool).compactMap { if case .answer(_, let answer) = $0 { answer.until } else { nil } }.first
        let short = try Self.checkpoint(pool, until: until ?? first)
        #expect(short.total < latest.total)
        Self.propose(short, &pool)
        #expect(pool.members[1].node.reconciling[pool.members[0].id].latest?.checkpoint == latest)
        #expect(pool.members[1].store.checkpoints[pool.members[0].id]?.count == 1)
    }

    @Test("what differs is not made good by comparing less, or by a word", arguments: [true, false])
    func cleared(byWord: Bool) throws {
        var pool = try Self.traded(3)
        let place = try #require(
            pool.members[0].store.transfers.lastIndex { $0.kind == .post && $0.credit == .peer(pool.members[1].id) })
        pool.members[0].store.transfers[place].amount += LedgerAmount(1)
        pool.feed(.reconcile(pool.members[0].id, Self.id), to: 1)
        pool.deliver()
        let difference = try #require(pool.members[1].node.reconciling[pool.members[0].id].difference)
        let before = (difference.mark ?? 0) - 1
        Self.say(.ask(Self.id, Self.question(pool, until: byWord ? .max : before)), &pool)
        let answer = Self.answers(&pool).compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } }.first
        if byWord {
            Self.say(.same(Self.id), &pool)
        } else {
            Self.propose(try Self.checkpoint(pool, until: try #require(answer).until), &pool)
        }
        #expect(pool.members[1].node.reconciling[pool.members[0].id].difference == difference)
        #expect(pool.members[1].store.checkpoints.isEmpty)
        // Asked itself, it says it has nothing at all.
        pool.isLost = { $0.from == 0 }
        pool.members[1].comparisons = []
        pool.feed(.reconcile(pool.members[0].id, Self.id), to: 1)
        pool.deliver()
        let own = try #require(pool.members[1].node.reconciling.comparisons.values.first?.id)
        let nothing = HistoryAnswer(
            until: 0, place: LedgerPlace(sequence: 0, head: .zero),
            sums: [HistorySum(through: 0, count: 0, digest: [SharedEntry]()[...].digest(by: pool.notary(0).digest))])
        Self.say(.answer(own, nothing), &pool)
        guard case .differs = pool.members[1].comparisons.last else {
            Issue.record("\(pool.members[1].comparisons)")
            return
        }
        #expect(pool.members[1].node.reconciling[pool.members[0].id].difference == difference)
    }

    @Test("no peer has the ledger read more than so often, or is told of more than now and then")
    func tooOften() throws {
        var pool = try Self.traded(3)
        var (answers, refusals) = (0, 0)
        for number in 0..<100 as Range<UInt64> {
            Self.say(.ask(ReconciliationID(high: 9, low: number), Self.question(pool)), &pool)
            for message in Self.answers(&pool) {
                switch message {
                case .answer: answers += 1
                case .decline(_, .refused(let refusal)):
                    #expect(refusal.retryAfter != nil)
                    refusals += 1
                default: Issue.record("\(message)")
                }
            }
            let entries = pool.members[1].store.transfers.filter { $0.kind == .post && $0.debit == .peer(pool.members[0].id) }
            let entry = entries[Int(number) % entries.count]
            let here = SharedEntry(transfer: entry.id, lease: entry.lease, moved: Charge(credits: Microcredits(Int64(number))))
            let shared = try pool.members[1].store.history(
                SharedHistoryQuery(
                    own: pool.members[1].id, peer: pool.members[0].id, latest: nil, scope: .open(after: nil, until: .max),
                    checksPast: false, from: 1), pool.notary(1)
            ).get().entries.first { $0.mark == entry.id.high }
            Self.say(.found(ReconciliationID(high: 9, low: number), HistoryDifference(here: here, there: shared)), &pool)
            _ = Self.answers(&pool)
        }
        #expect((1...40).contains(answers) && refusals >= 60)
        #expect(pool.members[1].store.events.count { $0.kind == "ledger.differs" } == 1)
    }
}
