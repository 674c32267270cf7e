import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("Requests that are only asked about")
struct RehearsalTests {
    /// 100 core-hours: the most that is owed in kind.
    private static let most = CoreMicroseconds(360_000_000_000)

    /// Lends processing for credits, for the same later, or for the same at the same time.
    private static func policy(within: Microseconds = .days(30), inKind: CoreMicroseconds? = most) -> LendingPolicy {
        var policy = Pool.policy()
        policy.cpu?.inKind = inKind.map { InKindRule(most: $0.rawValue) }
        policy.deferral = DeferralRule(within: within)
        policy.borrow.owesInKind = Usage(cpu: most)
        policy.swap = SwapRule(takes: Amounts(cpu: .cores(2)))
        return policy
    }

    private static func rehearse(_ pool: Pool, _ want: Want) throws -> Rehearsal {
        let asker = pool.members[0]
        var rehearsal = try Rehearsal(
            of: want, with: pool.members.map(\.id), by: asker.node, random: SeededGenerator(seed: 7), at: pool.now)
        var open = rehearsal.proposals
        while !open.isEmpty {
            let asked = open
            open = []
            for (peer, proposal) in asked {
                let lender = try #require(pool.index(of: peer))
                let answer = pool.members[lender].node.preview(of: proposal, from: asker.id, at: pool.now)
                open += rehearsal.take(answer, from: peer, at: pool.now)
            }
        }
        rehearsal.conclude(by: asker.node, notary: pool.notary(0), at: pool.now)
        return rehearsal
    }

    /// Asks, then asks in earnest; expects the same terms for the same reasons, or the same refusal.
    private static func expectTheSame(
        _ pool: inout Pool, _ want: Want, lent isLent: Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let rehearsal = try rehearse(pool, want)
        let request = pool.ask(want)
        pool.deliver()
        #expect(rehearsal.accepted.isEmpty == !isLent, sourceLocation: sourceLocation)
        switch try #require(pool.members[0].decisions[request], sourceLocation: sourceLocation) {
        case .success(let leases):
            #expect(isLent && leases.count == rehearsal.accepted.count, sourceLocation: sourceLocation)
            for (lease, index) in zip(leases, rehearsal.accepted) {
                let entry = try #require(pool.members[0].node.leases[lease], sourceLocation: sourceLocation)
                let offered = try #require(
                    rehearsal.request.offeredTerms(index, at: pool.now), sourceLocation: sourceLocation)
                #expect(entry.lease.terms == offered, sourceLocation: sourceLocation)
                #expect(
                    entry.deviation == rehearsal.request.deviation(index, in: offered), sourceLocation: sourceLocation)
            }
        case .failure(let refusal):
            #expect(isLent == false, "\(refusal)", sourceLocation: sourceLocation)
            for talk in rehearsal.request.talks {
                guard case .rejected(let rehearsed) = talk.state else { continue }
                #expect(refusal.reason.contains(rehearsed.reason), "\(refusal)", sourceLocation: sourceLocation)
            }
        }
    }

    private static func owing(
        _ pool: Pool, until: Microseconds = .hours(2), term: Microseconds = .minutes(10), credits: Bool = true
    ) -> Want {
        var want = Pool.want(term: term)
        want.means = Means(
            credits: credits,
            deferral: Deferral(
                share: ResourceShares(cpu: .percent(50), memory: .zero), from: pool.now.utc + .seconds(10),
                until: pool.now.utc + until, premium: .percent(20)))
        return want
    }

    private static func swapping(_ back: Millicores, for cores: Int64 = 1) -> Want {
        var want = Pool.want(cores: cores)
        want.means = Means(
            credits: false, swap: Exchange(amounts: Amounts(cpu: back), term: want.term, notice: .standard))
        return want
    }

    @Test("What would be owed in kind is what comes to be owed, also where the lender wants other terms or credits alone")
    func deferred() throws {
        var pool = Pool(policy: Self.policy())
        try Self.expectTheSame(&pool, Self.owing(pool), lent: true)
        try Self.expectTheSame(&pool, Self.owing(pool, until: .days(60)), lent: true)
        try Self.expectTheSame(&pool, Self.owing(pool, until: .days(60), credits: false), lent: false)
        try Self.expectTheSame(&pool, Self.owing(pool, until: .minutes(2)), lent: false)
        var strict = Pool(policy: Self.policy(inKind: nil))
        try Self.expectTheSame(&strict, Self.owing(strict), lent: true)
        try Self.expectTheSame(&strict, Self.owing(strict, credits: false), lent: false)
    }

    @Test("Who gets credits alone, or another term, is told why")
    func deviation() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.owing(pool, until: .days(60)))
        let entry = try #require(pool.members[0].node.leases[lease])
        #expect(entry.lease.terms.consideration == nil && entry.deviation?.contains("(--due)") == true)
        #expect(entry.deviation?.hasPrefix("all of it is paid in credits: ") == true, "\(entry.deviation ?? "")")
        let exact = try pool.borrow(Self.owing(pool))
        #expect(pool.members[0].node.leases[exact]?.deviation == nil)
    }

    @Test("Where it would fall due before the term is over, the refusal names what to change")
    func early() throws {
        var pool = Pool(policy: Self.policy(within: .minutes(5)))
        for (until, words) in [(Microseconds.minutes(2), "write a later --due, or a shorter --for"), (.hours(2), "(--for)")] {
            let request = pool.ask(Self.owing(pool, until: until))
            pool.deliver()
            guard case .failure(let refusal) = pool.members[0].decisions[request] else {
                Issue.record("it was lent")
                continue
            }
            #expect(refusal.reason.contains(words) && refusal.reason.contains("10 min"), "\(refusal)")
        }
    }

    @Test("What would be used up is what is, and what is not owed is not lent")
    func redemption() throws {
        var pool = Pool(policy: Self.policy())
        // Node 1 owes node 0 what it used of a core in 100 seconds.
        let lent = try Self.lend(&pool)
        var want = Pool.want(term: .seconds(20))
        want.means = Means(credits: false, redemption: lent)
        try Self.expectTheSame(&pool, want, lent: true)
        want.term = .minutes(10)
        try Self.expectTheSame(&pool, want, lent: true)
        try Self.expectTheSame(&pool, want, lent: false)
        want.means = Means(credits: false, redemption: ObligationID(high: 9, low: 9))
        try Self.expectTheSame(&pool, want, lent: false)
    }

    /// Node 1 borrows from node 0 and comes to owe 100 core-seconds, which may be asked for.
    private static func lend(_ pool: inout Pool) throws -> ObligationID {
        var want = owing(pool)
        want.means?.deferral?.share.cpu = .whole
        pool.feed(.borrow(RequestID(high: 1 << 41, low: 1), want, from: [pool.members[0].id]), to: 1)
        pool.deliver()
        let lease = try #require(pool.members[1].node.leases.values.first?.id)
        pool.advance(by: .seconds(100))
        let reading = MeterReading(lease: lease, usage: Usage(cpu: 100_000_000))
        pool.members[0].usage[lease] = reading.usage
        pool.feed(.readings(owner: .zero, guests: [reading]), to: 0)
        pool.feed(.release(lease), to: 1)
        pool.deliver()
        return try #require(pool.members[0].node.obligations.values.first?.id)
    }

    @Test("What has to last longer than what is owed is not lent, and what would be is named; else a shorter term is told")
    func shortened() throws {
        var pool = Pool(policy: Self.policy())
        let obligation = try Self.lend(&pool)
        var want = Pool.want(term: .minutes(10))
        want.means = Means(credits: false, redemption: obligation)
        want.lasting = .minutes(10)
        try Self.expectTheSame(&pool, want, lent: false)
        let request = pool.ask(want)
        pool.deliver()
        guard case .failure(let refusal) = pool.members[0].decisions[request] else { return #expect(Bool(false), "it was lent") }
        #expect(refusal.reason.contains("100 core-s left") && refusal.reason.contains("no more than --for 1min40s"), "\(refusal)")
        #expect(refusal.alternatives?.first?.terms.term == .seconds(100), "\(refusal)")
        #expect(pool.members[0].node.obligations[obligation]?.wasRefused == false, "its debtor has done nothing wrong")

        want.lasting = nil
        want.renewsItself = true
        let lease = try pool.borrow(want)
        let entry = try #require(pool.members[0].node.leases[lease])
        #expect(entry.lease.terms.term == .seconds(100))
        #expect(
            entry.deviation
                == "its term is 1 min 40 s instead of 10 min: what is owed has 100 core-s left, used up in that time with 1 core; "
                + "ask for less --cpu or --memory", "\(entry.deviation ?? "")")
        #expect(pool.members[0].node.renewableSpan(of: entry.lease, at: pool.now) == .zero)
    }

    @Test("What has to last over renewals is lent for as long as its lender does, and renewed")
    func renewed() throws {
        var pool = Pool(policy: Self.policy())
        let obligation = try Self.lend(&pool)
        var want = Pool.want(term: .hours(1))
        want.amounts = Amounts(cpu: 25)
        want.least = want.amounts
        want.means = Means(credits: false, redemption: obligation)
        want.lasting = .hours(1)
        let id = try pool.borrow(want)
        let lease = try #require(pool.lease(id, 0))
        #expect(lease.terms.term == .minutes(15))
        let span = try #require(pool.members[0].node.renewableSpan(of: lease, at: pool.now))
        #expect(span >= .minutes(45) && span < .minutes(52), "\(span.text)")
    }

    @Test("What would be lent in return is what is, and what this node does not lend now is not offered")
    func swap() throws {
        var pool = Pool(policy: Self.policy())
        try Self.expectTheSame(&pool, Self.swapping(.cores(1)), lent: true)
        try Self.expectTheSame(&pool, Self.swapping(500), lent: false)
        pool.feed(.pause(by: "ana", for: nil, atOnce: false), to: 0)
        try Self.expectTheSame(&pool, Self.swapping(.cores(1)), lent: false)
        var several = Self.swapping(.cores(1))
        several.several = 2
        #expect(throws: Refusal.self) { try Self.rehearse(pool, several) }
    }

    @Test("Less, shorter and dearer offers are the same as in earnest, and so is the choice among several lenders")
    func credits() throws {
        var pool = Pool(4, policy: Self.policy())
        var want = Pool.want(cores: 8, term: .hours(2))
        try Self.expectTheSame(&pool, want, lent: false)
        want.least = Amounts(cpu: .cores(1))
        try Self.expectTheSame(&pool, want, lent: true)
        want.maxPrices.cpu = 1
        try Self.expectTheSame(&pool, want, lent: false)
        var idle = Pool(4, policy: Self.policy())
        try Self.expectTheSame(&idle, Pool.want(nodes: 3), lent: true)
        let tooMany = Pool.want(nodes: 4)
        #expect(throws: Refusal.self) { try Self.rehearse(pool, tooMany) }
    }

    @Test("Nothing is held, booked or told by who is asked, and nothing by who asks")
    func nothing() throws {
        var pool = Pool(policy: Self.policy())
        let before = pool.members.map { $0.node.committed }
        for want in [Self.owing(pool), Self.swapping(.cores(1)), Pool.want()] {
            #expect(try !Self.rehearse(pool, want).accepted.isEmpty)
        }
        #expect(pool.members.map { $0.node.committed } == before && pool.wire.isEmpty)
        #expect(pool.members.allSatisfy { $0.node.books.reservations.isEmpty && $0.node.requests.isEmpty })
        pool.advance(by: .minutes(1))
        pool.expectRest()
    }
}
