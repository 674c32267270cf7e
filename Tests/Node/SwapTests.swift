import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("Swaps")
struct SwapTests {
    /// Lends processing, and takes up to four cores of others in return.
    private static func policy(takes: Millicores = .cores(4), rate: BasisPoints = .whole) -> LendingPolicy {
        var policy = Pool.policy()
        policy.swap = SwapRule(takes: Amounts(cpu: takes), rate: rate)
        return policy
    }

    private static func want(
        cores: Int64 = 1, term: Microseconds = .minutes(10), back: Millicores = .cores(1), for span: Microseconds = .minutes(10)
    ) -> Want {
        var want = Pool.want(cores: cores, term: term)
        want.means = Means(credits: false, swap: Exchange(amounts: Amounts(cpu: back), term: span, notice: .standard))
        return want
    }

    /// The lease that node 0 lends node 1 in return.
    private static func other(of lease: LeaseID, _ pool: Pool) throws -> LeaseID {
        try #require(pool.lease(lease, 0)?.other)
    }

    private static func expectSettled(_ pool: Pool, sourceLocation: SourceLocation = #_sourceLocation) {
        pool.expectRest(sourceLocation: sourceLocation)
        for (index, member) in pool.members.enumerated() {
            #expect(
                member.node.swaps.isEmpty && member.store.all(.swap, as: SwapEntry.self).isEmpty, sourceLocation: sourceLocation)
            for peer in pool.members where peer.id != member.id {
                #expect(
                    member.node.books.balance(of: .swap(peer.id)).net == .zero, "node \(index)", sourceLocation: sourceLocation)
            }
        }
    }

    // MARK: Agreeing

    @Test("Both leases begin together, on both sides, and a swap that is kept leaves nothing owed")
    func kept() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want(back: .cores(2)))
        let other = try Self.other(of: lease, pool)
        #expect(pool.lease(lease, 0)?.role == .borrower && pool.lease(lease, 1)?.role == .lender)
        #expect(pool.lease(other, 0)?.role == .lender && pool.lease(other, 1)?.role == .borrower)
        #expect(pool.lease(other, 1)?.terms.amounts == Amounts(cpu: .cores(1)), "as much as it is worth, though two were offered")
        #expect(pool.members[0].guests[other] != nil && pool.members[1].guests[lease] != nil)
        pool.use(lease, cpu: 1_000_000)
        pool.advance(by: .minutes(11))
        #expect(pool.balance(0, with: 1) == .zero, "though neither used much of it")
        Self.expectSettled(pool)
        let halves = pool.members[0].store.receipts.values.filter { $0.receipt.isFinal }.map(\.receipt.charge.credits)
        #expect(halves == [166_666, 166_666])
    }

    @Test(
        "What is asked for in return is worth as much at the lender's prices, times its rate",
        arguments: [50, 100, 200] as [Int64])
    func rate(_ percent: Int64) throws {
        var pool = Pool(policy: Self.policy(rate: .percent(percent)))
        let lease = try pool.borrow(Self.want(back: .cores(4), for: .minutes(5)))
        let terms = try #require(pool.lease(lease, 0)?.terms)
        #expect(terms.exchange?.amounts.cpu == Millicores(20 * percent), "half as long, so twice as much")
    }

    @Test(
        "What is offered must be enough, wanted by the lender, and there to be lent",
        arguments: [
            (want(cores: 2, back: .cores(1)), policy(), "consideration"), (want(), Pool.policy(), "consideration"),
            (want(cores: 5, back: .cores(5)), policy(), "consideration"),
            (want(cores: 1, back: .cores(1)), policy(takes: 500), "consideration"),
        ])
    func refused(_ want: Want, _ policy: LendingPolicy, _ term: String) throws {
        var pool = Pool(policy: policy)
        let request = pool.ask(want)
        pool.deliver()
        guard case .failure(let refusal) = try #require(pool.members[0].decisions[request]) else {
            Issue.record("it was lent")
            return
        }
        #expect(refusal.term == term, "\(refusal)")
        pool.advance(by: .minutes(1))
        Self.expectSettled(pool)
    }

    @Test("Nobody offers what its own policy does not lend")
    func notLent() throws {
        var pool = Pool(policy: Self.policy())
        pool.feed(.pause(by: "ana", for: nil, atOnce: false), to: 0)
        let request = pool.ask(Self.want())
        pool.deliver()
        #expect(throws: Refusal.self) { try #require(pool.members[0].decisions[request]).get() }
        #expect(pool.members[0].node.committed == .zero && pool.members[1].node.committed == .zero)
    }

    @Test("What is offered is set aside until the lender's word is known, also over a restart, and by no message of its peers")
    func held() throws {
        var pool = Pool(policy: Self.policy())
        pool.ask(Self.want())
        pool.isLost = { $0.message.isCommitted }
        pool.deliver()
        #expect(pool.members[0].node.committed == Amounts(cpu: .cores(1)))
        pool.restart(0)
        #expect(pool.members[0].node.committed == Amounts(cpu: .cores(1)))
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(1))
        #expect(pool.members[0].node.leases.values.count { $0.lease.isOpen } == 2)
        pool.advance(by: .minutes(20))
        Self.expectSettled(pool)
    }

    @Test("A pause that begins while the lender's word is awaited gives notice to what is lent in return")
    func paused() throws {
        var pool = Pool(policy: Self.policy())
        pool.ask(Self.want())
        pool.isLost = { $0.message.isCommitted }
        pool.deliver()
        pool.feed(.pause(by: "ana", for: nil, atOnce: false), to: 0)
        pool.isLost = { _ in false }
        pool.advance(by: .seconds(10))
        #expect(pool.members[0].node.leases.values.first { $0.lease.role == .lender }?.lease.state == .reclaiming)
        pool.advance(by: .minutes(20))
        Self.expectSettled(pool)
    }

    @Test("A swap is not renewed, begins at once, and is with one node")
    func limits() throws {
        var pool = Pool(3, policy: Self.policy())
        for change in [{ $0.several = 2 }, { $0.renewsItself = true }, { $0.start = Timestamp(microseconds: 1) }]
            as [(inout Want) -> Void]
        {
            var want = Self.want()
            change(&want)
            let request = pool.ask(want)
            guard case .failure(let refusal) = try #require(pool.members[0].decisions[request]) else {
                Issue.record("it was lent")
                continue
            }
            #expect(refusal.reason.contains("a swap is with one node"), "\(refusal)")
        }
        let lease = try pool.borrow(Self.want())
        pool.feed(.renew(lease, by: .minutes(1)), to: 0)
        #expect(pool.members[0].renewals.last??.term == "consideration")
    }

    // MARK: Ending

    @Test("When one half ends early the other goes on in proportion, and for its notice; what is left is owed")
    func early() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        let other = try Self.other(of: lease, pool)
        pool.advance(by: .seconds(100))
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .seconds(29))
        #expect(pool.lease(other, 0)?.state == .reclaiming)
        pool.advance(by: .seconds(2))
        #expect(pool.lease(other, 0)?.isOpen == false)
        pool.advance(by: .minutes(1))
        // 30 s of a core, which are worth a 120th of a credit
        #expect((8_300...8_400).contains(pool.balance(0, with: 1)), "\(pool.balance(0, with: 1))")
        Self.expectSettled(pool)
    }

    @Test("A longer half goes on for its share of the time, and the difference of what is ahead is reserved meanwhile")
    func longer() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want(back: .cores(4), for: .minutes(5)))
        // Node 1 is ahead by half of the worth when its half of the time is over.
        #expect(pool.members[0].node.books.reservations.map(\.remaining).max() == 83_334)
        let other = try Self.other(of: lease, pool)
        pool.advance(by: .minutes(1))
        pool.feed(.reclaim(lease, atOnce: false, reason: "own work"), to: 1)
        pool.advance(by: .minutes(1))
        #expect(pool.lease(lease, 0)?.isOpen == false && pool.lease(other, 0)?.isOpen == false)
        pool.advance(by: .minutes(10))
        Self.expectSettled(pool)
    }

    @Test("An owner that takes its half back at once pays for the notice, and the other half ends after its own")
    func atOnce() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        pool.advance(by: .minutes(1))
        pool.feed(.reclaim(lease, atOnce: true, reason: "own work"), to: 1)
        pool.advance(by: .minutes(12))
        #expect(pool.balance(0, with: 1) > .zero)
        Self.expectSettled(pool)
    }

    @Test("A half that is held back falls behind, and the swap ends when it is behind by more than a twentieth")
    func throttled() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        let other = try Self.other(of: lease, pool)
        for minute in 1...5 {
            pool.advance(by: .minutes(1))
            pool.feed(
                .readings(
                    owner: .zero, guests: [MeterReading(lease: lease, usage: .zero, throttled: .seconds(Int64(minute) * 30))]),
                to: 1)
        }
        pool.advance(by: .minutes(2))
        #expect(pool.lease(other, 0)?.isOpen == false)
        #expect(pool.balance(0, with: 1) > .zero)
        pool.advance(by: .minutes(10))
        Self.expectSettled(pool)
    }

    @Test("What is left is owed though the peer has used the id of that transfer for something else")
    func idsUsedUp() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        let other = try Self.other(of: lease, pool)
        pool.advance(by: .seconds(90))
        let bill = try #require(pool.members[1].node.leases[other]?.bill)
        let settlement = try #require(pool.members[1].node.swaps.values.first?.settlement)
        let (usage, charge) = (bill.usage, bill.charged)
        let forged = Receipt(
            id: ReceiptID(high: 9 << 40, low: 1), lease: other, agreement: bill.agreement, lender: bill.lender,
            borrower: bill.borrower, sequence: bill.sequence + 1, elapsed: .seconds(95),
            usage: Usage(of: Amounts(cpu: .cores(1)), for: .seconds(80)), throttled: .zero,
            charge: bill.tariff.charge(for: Usage(of: Amounts(cpu: .cores(1)), for: .seconds(80))), compensation: .zero,
            transfer: settlement, compensationTransfer: nil,
            amount: bill.tariff.charge(for: Usage(of: Amounts(cpu: .cores(1)), for: .seconds(80))) - charge, isFinal: false,
            previous: bill.head, issued: pool.now.utc)
        #expect(usage == .zero && charge == .zero)
        let offer = ReceiptOffer(document: forged.document, lenderSignature: pool.notary(0).sign(forged.document))
        pool.feed(.message(from: pool.members[0].id, .receipt(offer)), to: 1)
        #expect(pool.members[1].store.transfers.contains { $0.id == settlement })
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .days(8))
        #expect(pool.members[1].node.books.balance(of: .swap(pool.members[0].id)).net == .zero)
        #expect(pool.balance(1, with: 0) != .zero)
    }

    @Test("Ledgers are agreed on while a swap runs, and when what it left is owed")
    func compared() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        pool.advance(by: .seconds(100))
        Self.expectAgreement(&pool)
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .minutes(2))
        Self.expectAgreement(&pool)
        pool.advance(by: .hours(2))
        Self.expectSettled(pool)
        #expect(pool.balance(0, with: 1) != .zero)
        Self.expectAgreement(&pool)
        let checkpoint = try #require(pool.members[0].node.reconciling[pool.members[1].id].latest?.checkpoint)
        #expect(checkpoint.balance.credits == pool.balance(0, with: 1))
    }

    private static func expectAgreement(_ pool: inout Pool) {
        pool.members[0].comparisons = []
        pool.feed(.reconcile(pool.members[1].id, ReconciliationID(high: 7, low: UInt64(pool.outcomes))), to: 0)
        pool.deliver()
        guard case .agreed = pool.members[0].comparisons.last else {
            Issue.record("\(pool.members[0].comparisons)")
            return
        }
    }

    // MARK: Crashes

    private struct Story {
        var pool = Pool(policy: SwapTests.policy())

        mutating func run() {
            let request = pool.ask(SwapTests.want())
            pool.advance(by: .seconds(140))
            if let id = try? pool.members[0].decisions[request]?.get().first { pool.feed(.release(id), to: 0) }
            pool.advance(by: .hours(3))
        }
    }

    @Test(
        "Wherever an agent dies, both leases come to be or neither does, and the swap is settled",
        arguments: [.beforeCommit] + (0...4).map { Pool.Crash.afterCommit(actions: $0) })
    func anywhere(_ crash: Pool.Crash) {
        var undisturbed = Story()
        undisturbed.run()
        #expect(undisturbed.pool.outcomes > 20)
        for outcome in 1...undisturbed.pool.outcomes {
            var story = Story()
            story.pool.crash = (outcome, crash)
            story.run()
            Self.expectSettled(story.pool)
            let leases = story.pool.members.map { member in member.store.all(.lease, as: LeaseEntry.self).map(\.id) }
            #expect(leases[0] == leases[1] && [0, 2].contains(leases[0].count), "outcome \(outcome)")
        }
    }
}
