import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("What is owed in kind")
struct ObligationTests {
    /// Lends processing for credits or for the same later, and owes some itself.
    private static func policy(
        most: CoreMicroseconds = .hours(100), rate: InKindRule.Rate = .fixed(.whole), owes: CoreMicroseconds = .hours(100)
    ) -> LendingPolicy {
        var policy = Pool.policy()
        policy.cpu?.inKind = InKindRule(rate: rate, most: most.rawValue)
        policy.deferral = DeferralRule(within: .days(30))
        policy.borrow.owesInKind = Usage(cpu: owes)
        return policy
    }

    private static func want(
        _ pool: Pool, share: BasisPoints = .whole, cores: Int64 = 1, from: Microseconds = .minutes(10),
        until: Microseconds = .hours(2),
        term: Microseconds = .minutes(10), credits: Bool = true
    ) -> Want {
        var want = Pool.want(cores: cores, term: term)
        want.means = Means(
            credits: credits,
            deferral: Deferral(
                share: ResourceShares(share), from: pool.now.utc + from, until: pool.now.utc + until, premium: .percent(20)))
        return want
    }

    /// Node 0 owes node 1 what it used of a core in 100 seconds; both have settled.
    private static func owing(
        _ policy: LendingPolicy = policy(), share: BasisPoints = .whole
    ) throws -> (pool: Pool, obligation: ObligationID) {
        var pool = Pool(policy: policy)
        let lease = try pool.borrow(want(pool, share: share))
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        return (pool, try #require(pool.members[0].node.obligations.values.first?.id))
    }

    private static func expect(
        _ pool: Pool, _ id: ObligationID, left: CoreMicroseconds, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for index in 0...1 {
            #expect(pool.members[index].node.obligations[id]?.left == Usage(cpu: left), sourceLocation: sourceLocation)
        }
        expectMirrored(pool, sourceLocation: sourceLocation)
    }

    private static func expectMirrored(_ pool: Pool, sourceLocation: SourceLocation = #_sourceLocation) {
        for unit in Charge.units {
            let here = pool.members[0].node.books.balance(of: .peer(pool.members[1].id), in: unit).net
            let there = pool.members[1].node.books.balance(of: .peer(pool.members[0].id), in: unit).net
            #expect(here + there == .zero, "\(unit)", sourceLocation: sourceLocation)
        }
    }

    /// What node 1 is owed by node 0 in kind, by its ledger.
    private static func owed(_ pool: Pool) -> LedgerAmount {
        pool.members[1].node.books.balance(of: .peer(pool.members[0].id), in: .coreTime).net
    }

    // MARK: Coming about

    @Test("What is used under a deferred lease is owed in kind, and not in credits; both sides have the same obligation")
    func deferred() throws {
        let (pool, id) = try Self.owing()
        Self.expect(pool, id, left: 100_000_000)
        #expect(Self.owed(pool) == 100_000_000 && pool.balance(1, with: 0) == .zero)
        let (ours, theirs) = (pool.members[0].node.obligations[id], pool.members[1].node.obligations[id])
        #expect(ours == theirs && ours?.isAccruing == false && ours?.debtor == pool.members[0].id)
        pool.expectRest()
    }

    @Test("Half in credits and half in kind comes to both halves, to the last unit")
    func mixed() throws {
        let (pool, id) = try Self.owing(share: .percent(50))
        Self.expect(pool, id, left: 50_000_000)
        #expect(Self.owed(pool) == 50_000_000 && pool.balance(1, with: 0) == 13_888)
        pool.expectRest()
    }

    @Test("A rate above one for one is what is owed for what is used")
    func rated() throws {
        var pool = Pool(policy: Self.policy(rate: .fixed(.percent(150))))
        var want = Self.want(pool)
        let refused = pool.ask(want)
        pool.deliver()
        // At one for one it is not lent; credits will do instead, and are what the lender comes back with.
        let lease = try #require(try pool.members[0].decisions[refused]?.get().first)
        #expect(pool.lease(lease, 0)?.terms.consideration == nil)
        want.means?.deferral?.rate = ResourceShares(.percent(150))
        let other = try pool.borrow(want)
        pool.use(other, cpu: 0)
        pool.advance(by: .seconds(100))
        pool.use(other, cpu: 100_000_000)
        pool.feed(.release(other), to: 0)
        pool.deliver()
        #expect(Self.owed(pool) == 150_000_000)
    }

    // MARK: Negotiation

    @Test("A lender that lets nothing be owed comes back with credits; who takes no such answer gets nothing")
    func fallBack() throws {
        var pool = Pool()
        let lease = try pool.borrow(Self.want(pool))
        #expect(pool.lease(lease, 0)?.terms.consideration == nil)
        let request = pool.ask(Self.want(pool, credits: false))
        pool.deliver()
        guard case .failure(let refusal) = pool.members[0].decisions[request] else { return #expect(Bool(false), "it was lent") }
        #expect(refusal.term == "consideration" && refusal.reason.contains("credits are asked for"))
    }

    @Test("A lender that takes no credits comes back with something in kind, and is refused by who has only credits")
    func noCredits() throws {
        var policy = Self.policy()
        policy.cpu?.takesCredits = false
        var pool = Pool(policy: policy)
        let request = pool.ask()
        pool.deliver()
        guard case .failure(let refusal) = pool.members[0].decisions[request] else { return #expect(Bool(false), "it was lent") }
        #expect(refusal.term == "consideration" && refusal.alternatives?.contains { $0.kind == .otherwise } == true)
        let lease = try pool.borrow(Self.want(pool, share: .percent(100)))
        #expect(pool.lease(lease, 0)?.terms.defers == true)
    }

    @Test("No more is owed than the lender lets its peers owe: a smaller part is owed then, the rest paid")
    func limited() throws {
        var pool = Pool(policy: Self.policy(most: 300_000_000))
        let lease = try pool.borrow(Self.want(pool))
        // 600 core-seconds would be owed at most, 300 may be.
        guard case .deferred(let deferral) = pool.lease(lease, 0)?.terms.consideration else {
            return #expect(Bool(false), "nothing is deferred")
        }
        #expect(deferral.share.cpu == .percent(50))
    }

    @Test("Who is willing to owe nothing does not accept what its own user asked for")
    func ownCeiling() throws {
        var pool = Pool(policy: Self.policy(owes: .zero))
        let request = pool.ask(Self.want(pool))
        pool.deliver()
        guard case .failure = pool.members[0].decisions[request] else { return #expect(Bool(false), "it was borrowed") }
        #expect(pool.members.allSatisfy { $0.node.books.reservations.isEmpty })
    }

    // MARK: Redeeming

    /// Node 1 asks for what node 0 owes it, as much as `cores` use up in `seconds`.
    private static func redeem(
        _ pool: inout Pool, _ id: ObligationID, cores: Int64 = 1, term: Microseconds, request: UInt64 = 1
    ) -> RequestID {
        var want = Pool.want(cores: cores, term: term)
        want.means = Means(redemption: id)
        let request = RequestID(high: 1 << 41, low: request)
        pool.feed(.borrow(request, want, from: [pool.members[0].id]), to: 1)
        pool.deliver()
        return request
    }

    /// Node 0's guest of the lease has used this much, and node 1 gives it back.
    private static func useUp(_ pool: inout Pool, _ lease: LeaseID, cpu: CoreMicroseconds) {
        pool.members[0].usage[lease] = Usage(cpu: cpu)
        pool.feed(.readings(owner: .zero, guests: [MeterReading(lease: lease, usage: Usage(cpu: cpu))]), to: 0)
        pool.feed(.release(lease), to: 1)
        pool.deliver()
    }

    @Test("What a creditor uses is taken off, in parts, and no longer than what is owed lasts")
    func redeemed() throws {
        var (pool, id) = try Self.owing()
        pool.advance(by: .minutes(10))
        let first = try #require(try pool.members[1].decisions[Self.redeem(&pool, id, term: .seconds(60))]?.get().first)
        pool.advance(by: .seconds(40))
        Self.useUp(&pool, first, cpu: 40_000_000)
        Self.expect(pool, id, left: 60_000_000)
        // 60 core-seconds are left: they last for half a minute of two cores.
        let second = try #require(
            try pool.members[1].decisions[Self.redeem(&pool, id, cores: 2, term: .minutes(10), request: 2)]?.get().first)
        #expect(pool.lease(second, 1)?.terms.term == .seconds(30))
        pool.members[0].usage[second] = Usage(cpu: 60_000_000)
        pool.advance(by: .minutes(1))
        Self.expect(pool, id, left: .zero)
        #expect(Self.owed(pool) == .zero && pool.balance(1, with: 0) == .zero)
        #expect(pool.members[0].node.obligations[id]?.isSettled == true)
        for member in pool.members {
            let told = member.store.events.filter { $0.kind == "obligation.redeemed" && $0.subjects.contains(id.description) }
            #expect(told.count { $0.subjects.contains(first.description) } == 1)
            #expect(told.contains { $0.subjects.contains(second.description) })
            #expect(told.last?.text.hasSuffix("nothing is left") == true)
            #expect(told.first?.text == "40 core-s of it was used: 60 core-s is left")
        }
        pool.expectRest()
    }

    @Test("Nothing is redeemed before its window, by another, or twice")
    func notRedeemable() throws {
        var (pool, id) = try Self.owing()
        func refusal(_ request: RequestID, of index: Int) -> String? {
            if case .failure(let refusal) = pool.members[index].decisions[request] { refusal.reason } else { nil }
        }
        let early = Self.redeem(&pool, id, term: .seconds(60))
        #expect(refusal(early, of: 1)?.contains("falls due later") == true)
        pool.advance(by: .minutes(10))
        // Its debtor asks for it, as if it were owed the other way round.
        var want = Pool.want(term: .seconds(60))
        want.means = Means(redemption: id)
        let wrong = pool.ask(want)
        pool.deliver()
        #expect(refusal(wrong, of: 0)?.contains("owes no obligation") == true)
        // Two leases that would use up all of it at the same time.
        _ = Self.redeem(&pool, id, term: .seconds(100), request: 2)
        let twice = Self.redeem(&pool, id, term: .seconds(100), request: 3)
        #expect(refusal(twice, of: 1)?.contains("nothing of obligation \(id) is free") == true)
    }

    // MARK: Falling due

    @Test("What nobody asked for becomes credits at the agreed prices when its window ends, without a premium")
    func converted() throws {
        var (pool, id) = try Self.owing()
        pool.advance(by: .hours(2))
        Self.expect(pool, id, left: .zero)
        #expect(pool.balance(1, with: 0) == 27_777 && Self.owed(pool) == .zero)
        #expect(pool.members[1].node.obligations[id]?.converted == Usage(cpu: 100_000_000))
        #expect(pool.members[0].store.adjustments.values == pool.members[1].store.adjustments.values)
        pool.expectRest()
    }

    @Test("A conversion whose answer was lost for days is answered alike from the ledger, and booked once on each side")
    func convertedLate() throws {
        var (pool, id) = try Self.owing()
        pool.isLost = { if case .adjusted = $0.message { true } else { false } }
        pool.advance(by: .hours(3))
        pool.isLost = { _ in true }
        pool.advance(by: .days(10))
        #expect(pool.members[0].node.obligations[id] == nil && pool.members[1].node.obligations[id]?.proposed != nil)
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        #expect(pool.members[1].node.obligations[id]?.converted == Usage(cpu: 100_000_000))
        #expect(pool.balance(1, with: 0) == 27_777 && pool.balance(0, with: 1) == -27_777)
        Self.expectMirrored(pool)
    }

    @Test("Who was asked in the window and did not give it pays the premium as well")
    func broken() throws {
        var (pool, id) = try Self.owing()
        pool.advance(by: .minutes(10))
        pool.feed(.lending(Refusal(term: "warden", reason: "it does not answer")), to: 0)
        _ = Self.redeem(&pool, id, term: .seconds(60))
        #expect(pool.members.allSatisfy { $0.node.obligations[id]?.wasRefused == true })
        pool.advance(by: .hours(2))
        #expect(pool.balance(1, with: 0) == 33_332)
        Self.expect(pool, id, left: .zero)
    }

    @Test("A premium that its debtor knows nothing of is in dispute, and does not keep the rest from being paid")
    func disputedPremium() throws {
        var (pool, id) = try Self.owing()
        pool.advance(by: .minutes(10))
        pool.isLost = { $0.to == 0 }
        _ = Self.redeem(&pool, id, term: .seconds(60))
        pool.advance(by: .seconds(10))
        pool.isLost = { _ in false }
        #expect(
            pool.members[1].node.obligations[id]?.wasRefused == true && pool.members[0].node.obligations[id]?.wasRefused == false)
        pool.advance(by: .hours(2))
        #expect(pool.balance(1, with: 0) == 27_777)
        #expect(pool.members[1].node.books.balance(of: .disputed(pool.members[0].id)).net == 5_555)
    }

    // MARK: Changes

    @Test("A creditor cancels what it is owed, in part or altogether, and nobody else does")
    func cancelled() throws {
        var (pool, id) = try Self.owing()
        pool.feed(.adjust(id, .cancel(nil)), to: 0)
        #expect(pool.members[0].adjustments.last??.reason.contains("only") == true)
        pool.feed(.adjust(id, .cancel(Usage(cpu: 200_000_000))), to: 1)
        let reason = try #require(pool.members[1].adjustments.last??.reason)
        #expect(reason == "100 core-s are left of \(id): cancel no more than that")
        pool.feed(.adjust(id, .cancel(Usage(cpu: 30_000_000))), to: 1)
        pool.deliver()
        Self.expect(pool, id, left: 70_000_000)
        pool.feed(.adjust(id, .cancel(nil)), to: 1)
        pool.deliver()
        #expect(pool.members[1].adjustments.suffix(2) == [nil, nil])
        Self.expect(pool, id, left: .zero)
        #expect(pool.balance(1, with: 0) == .zero && Self.owed(pool) == .zero)
    }

    @Test("Why nothing can come off says what is so: nothing is billed yet, nothing is left, or leases use it up")
    func obstacles() throws {
        var (pool, id) = try Self.owing()
        func reason(_ wish: AdjustmentWish, of id: ObligationID) throws -> String {
            pool.feed(.adjust(id, wish), to: 1)
            return try #require(pool.members[1].adjustments.last??.reason)
        }
        // Node 1 comes to owe node 0 as well, and nothing of that is billed yet.
        pool.feed(.borrow(RequestID(high: 1 << 41, low: 1), Self.want(pool), from: [pool.members[0].id]), to: 1)
        pool.deliver()
        let other = try #require(pool.members[1].node.obligations.values.first { $0.debtor == pool.members[1].id }?.id)
        #expect(try reason(.offset(against: other), of: id).contains("nothing is owed under \(other) yet: its lease goes on"))
        // Node 1 uses up all that it is owed.
        var redeeming = Pool.want(term: .seconds(100))
        redeeming.means = Means(credits: false, redemption: id)
        pool.advance(by: .minutes(10))
        pool.feed(.borrow(RequestID(high: 1 << 41, low: 2), redeeming, from: [pool.members[0].id]), to: 1)
        pool.deliver()
        #expect(
            try reason(.cancel(Usage(cpu: 1)), of: id)
                == "all that is left of \(id), 100 core-s, is set aside for leases that use it up")
        pool.feed(.adjust(id, .offset(against: other)), to: 1)
        #expect(pool.members[1].adjustments.last??.reason.contains("set aside") == true)
    }

    @Test("The window is moved by agreement, and not beyond what the creditor's policy allows")
    func postponed() throws {
        var (pool, id) = try Self.owing()
        let until = pool.now.utc + .days(2)
        pool.feed(.adjust(id, .postpone(until: until)), to: 0)
        pool.deliver()
        #expect(pool.members.allSatisfy { $0.node.obligations[id]?.deferral.until == until })
        pool.advance(by: .hours(3))
        Self.expect(pool, id, left: 100_000_000)
        pool.feed(.adjust(id, .postpone(until: pool.now.utc + .days(90))), to: 0)
        pool.deliver()
        #expect(pool.members[0].adjustments.last??.term == "until")
        #expect(
            pool.members.allSatisfy {
                $0.node.obligations[id]?.deferral.until == until && $0.node.obligations[id]?.proposed == nil
            })
    }

    @Test("Neither side moves the window of what is settled, and its creditor moves none beyond its own policy")
    func notPostponed() throws {
        var (pool, id) = try Self.owing()
        pool.advance(by: .minutes(10))
        pool.feed(.adjust(id, .postpone(until: pool.now.utc + .days(90))), to: 1)
        let beyond = try #require(pool.members[1].adjustments.last ?? nil)
        #expect(beyond.term == "until" && beyond.reason.contains("lets others owe for 30 d at most: write an earlier time"))
        pool.feed(.adjust(id, .cancel(nil)), to: 1)
        pool.deliver()
        for member in [0, 1] {
            pool.feed(.adjust(id, .postpone(until: pool.now.utc + .days(20))), to: member)
            pool.deliver()
            #expect(pool.members[member].adjustments.last??.reason == "nothing is left of \(id)")
        }
    }

    @Test("Redeeming what is settled is refused as that, before and after its window")
    func nothingLeft() throws {
        var (pool, id) = try Self.owing()
        pool.advance(by: .hours(3))
        pool.feed(.adjust(id, .cancel(nil)), to: 1)
        pool.deliver()
        var want = Self.want(pool)
        want.means = Means(redemption: id)
        let request = RequestID(high: 1 << 42, low: 1)
        pool.feed(.borrow(request, want, from: [pool.members[0].id]), to: 1)
        pool.deliver()
        guard case .failure(let refusal) = try #require(pool.members[1].decisions[request]) else {
            Issue.record("it was lent")
            return
        }
        #expect(refusal.reason.contains("nothing of obligation \(id) is free"), "\(refusal.reason)")
    }

    @Test("What was refused once is refused when the same message comes again, whatever has changed meanwhile")
    func refusedTwice() throws {
        var (pool, id) = try Self.owing()
        pool.feed(.adjust(id, .postpone(until: pool.now.utc + .days(2))), to: 0)
        pool.deliver()
        pool.feed(.adjust(id, .postpone(until: pool.now.utc + .days(30) + .minutes(1))), to: 0)
        let again = try #require(pool.wire.last)
        pool.deliver()
        #expect(pool.members[0].adjustments.last??.term == "until")
        pool.restart(1)
        pool.advance(by: .minutes(2))
        pool.wire.append(again)
        pool.deliver()
        let windows = pool.members.map { $0.node.obligations[id]?.deferral.until }
        #expect(windows[0] == windows[1])
        pool.feed(.adjust(id, .postpone(until: pool.now.utc + .days(29))), to: 0)
        pool.deliver()
        #expect(pool.members[1].node.obligations[id]?.deferral.until == pool.now.utc + .days(29))
    }

    @Test("A change of an obligation that is not known yet waits until it is: both sides carry it out")
    func notKnownYet() throws {
        var pool = Pool(policy: Self.policy())
        pool.isLost = { $0.message.isCommitted }
        pool.ask(Self.want(pool))
        pool.deliver()
        let id = try #require(pool.members[1].node.obligations.values.first?.id)
        #expect(pool.members[0].node.obligations[id] == nil)
        let until = pool.now.utc + .days(2)
        pool.feed(.adjust(id, .postpone(until: until)), to: 1)
        let offer = try #require(pool.wire.last)
        pool.deliver()
        #expect(pool.members[1].node.obligations[id]?.proposed != nil && pool.members[1].adjustments.isEmpty)
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(1))
        pool.wire.append(offer)
        pool.deliver()
        #expect(pool.members.map { $0.node.obligations[id]?.deferral.until } == [until, until])
        #expect(pool.members[1].adjustments == [nil])
    }

    @Test("What both owe each other comes off both, and the ledger has only the rest anyway")
    func offset() throws {
        var (pool, id) = try Self.owing()
        var want = Self.want(pool)
        want.user = "bob"
        let request = RequestID(high: 1 << 41, low: 9)
        pool.feed(.borrow(request, want, from: [pool.members[0].id]), to: 1)
        pool.deliver()
        let lease = try #require(try pool.members[1].decisions[request]?.get().first)
        pool.advance(by: .seconds(60))
        Self.useUp(&pool, lease, cpu: 60_000_000)
        let other = try #require(pool.members[1].node.obligations.values.first { $0.debtor == pool.members[1].id }?.id)
        #expect(Self.owed(pool) == 40_000_000)
        pool.feed(.adjust(id, .offset(against: other)), to: 0)
        pool.deliver()
        Self.expect(pool, id, left: 40_000_000)
        Self.expect(pool, other, left: .zero)
        #expect(Self.owed(pool) == 40_000_000)
    }

    @Test("Debts in credits are counted once, however many units are traded in")
    func countedOnce() throws {
        var (pool, _) = try Self.owing(share: .percent(50))
        #expect(pool.balance(1, with: 0) == 13_888)
        var policy = Self.policy()
        policy.limits = LimitBook(rules: [LimitRule(.everyone, owes: 40_000)])
        pool.feed(.policy(policy), to: 1)
        let lease = try pool.borrow(Pool.want(cores: 1, term: .minutes(1)))
        #expect(pool.lease(lease, 0)?.terms.term == .minutes(1))
    }

    // MARK: Loss and crashes

    @Test("Whatever is lost, repeated or restarted, both sides come to the same", arguments: 1...10 as ClosedRange<UInt64>)
    func lossy(_ seed: UInt64) throws {
        var (pool, id) = try Self.owing()
        let random = Dice(seed: seed)
        pool.isLost = { _ in random.roll(.percent(50)) }
        pool.feed(.adjust(id, .cancel(Usage(cpu: 10_000_000))), to: 1)
        for _ in 0..<12 {
            pool.advance(by: .minutes(10))
            if random.roll(.percent(30)) { pool.restart(random.roll(.percent(50)) ? 0 : 1) }
        }
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        Self.expect(pool, id, left: .zero)
        #expect(pool.balance(1, with: 0) + pool.balance(0, with: 1) == .zero)
        let obligation = pool.members[1].node.obligations[id]
        #expect(obligation?.discharged == Usage(cpu: 100_000_000) && obligation?.cancelled == Usage(cpu: 10_000_000))
        #expect(pool.balance(1, with: 0) == 25_000)
    }
}

extension CoreMicroseconds {
    fileprivate static func hours(_ count: Int64) -> Self { Self(count * 3_600_000_000) }
}
