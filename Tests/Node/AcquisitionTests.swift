import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Node 0 borrows from the others by rules of its policy, while somebody is logged in.
@Suite("Borrow rules")
struct AcquisitionTests {
    private static func rule(
        nodes: Int = 1, budget: AcquisitionRule.Budget = .init(credits: .credits(5), period: .day),
        pays: [AcquisitionRule.Payment] = [.obligations, .credits]
    ) -> AcquisitionRule {
        AcquisitionRule(
            name: "busy", release: ReleaseRule(when: .compare(.users, .more, 2), until: .compare(.users, .less, 1)),
            amounts: Amounts(cpu: .cores(1)), nodes: nodes, pays: pays, budget: budget)
    }

    private func pool(of count: Int = 2, _ rules: [AcquisitionRule]) -> Pool {
        var policy = Pool.policy()
        policy.borrow.rules = rules
        var pool = Pool(count, policy: Pool.policy())
        pool.feed(.policy(policy), to: 0)
        meet(&pool)
        return pool
    }

    private func meet(_ pool: inout Pool) {
        pool.feed(.peers(pool.members.dropFirst().map(\.id)), to: 0)
    }

    private func users(_ count: Int64, _ pool: inout Pool) {
        var surroundings = Surroundings(civil: CivilMinute(day: .monday, minute: 0))
        surroundings[.users] = count
        pool.feed(.surroundings(surroundings), to: 0)
        pool.deliver()
    }

    private func held(_ pool: Pool) -> [LeaseID] { pool.members[0].node.leases(of: "busy") }

    private func told(_ kind: String, _ pool: Pool) -> [Event] { pool.members[0].store.events.filter { $0.kind == kind } }

    @Test("A lease is there while the condition holds, stays between the two, and is given back at the end; all is told")
    func life() throws {
        var pool = pool([Self.rule()])
        users(2, &pool)
        #expect(held(pool).isEmpty)
        users(3, &pool)
        let lease = try #require(held(pool).first)
        #expect(pool.lease(lease, 1)?.user == "rule:busy")
        users(2, &pool)
        #expect(held(pool) == [lease])
        pool.advance(by: .hours(1))
        #expect(held(pool) == [lease])
        users(0, &pool)
        #expect(held(pool).isEmpty)
        #expect(pool.lease(lease, 1)?.endReason == .released)
        pool.expectRest()
        for kind in ["rule.opened", "rule.asked", "rule.acquired", "rule.closed"] {
            #expect(told(kind, pool).count == 1, "\(kind)")
        }
        #expect(told("rule.opened", pool).first?.text.contains("users > 2 (3)") == true)
    }

    @Test("A rule without a condition opens without a reason")
    func always() {
        var rule = Self.rule()
        rule.release = ReleaseRule(when: .always)
        var pool = pool([rule])
        users(0, &pool)
        #expect(told("rule.opened", pool).map(\.text) == ["borrow rule 'busy' acquires \(rule.amounts.text)"])
    }

    @Test("A job that comes without a lease finds the smallest idle one in which it fits, and none that is not for it")
    func placing() throws {
        var large = Self.rule()
        (large.name, large.amounts, large.least) = ("large", Amounts(cpu: .cores(3)), Amounts(cpu: .cores(3)))
        var pool = pool([Self.rule(), large])
        func idle(_ want: Want, from peers: [NodeID]? = nil, lasts: Bool = false) -> LeaseID? {
            pool.members[0].node.idleLease(for: want, from: peers, lasts: lasts, at: pool.now)
        }
        #expect(idle(Pool.want()) == nil)
        users(3, &pool)
        let small = try #require(held(pool).first)
        let other = try #require(pool.members[0].node.leases(of: "large").first)
        #expect(idle(Pool.want()) == small && idle(Pool.want(cores: 2)) == other && idle(Pool.want(cores: 4)) == nil)
        #expect(idle(Pool.want(), from: [pool.members[1].id]) == small && idle(Pool.want(), from: []) == nil)
        #expect(idle(Pool.want(term: .minutes(5)), lasts: true) == small)
        #expect(idle(Pool.want(term: .hours(1)), lasts: true) == nil && idle(Pool.want(term: .hours(1))) == small)
        var want = Pool.want()
        want.leastNotice = .firm
        #expect(idle(want) == nil)
        (want.leastNotice, want.means) = (nil, Means(redemption: ObligationID(high: 1, low: 1)))
        #expect(idle(want) == nil)
        pool.feed(.occupied(small, by: JobID(high: 1, low: 1), true), to: 0)
        #expect(idle(Pool.want()) == other)
        pool.feed(.occupied(small, by: JobID(high: 1, low: 1), false), to: 0)
        #expect(idle(Pool.want()) == small)
        users(0, &pool)
        #expect(idle(Pool.want()) == nil)
    }

    @Test("After a restart a rule's lease is found again once its lender was heard of")
    func placingAfterRestart() throws {
        var pool = pool([Self.rule()])
        users(3, &pool)
        let lease = try #require(held(pool).first)
        func idle(suspect isSuspect: Bool) -> LeaseID? {
            pool.members[0].node.idleLease(for: Pool.want(), lasts: false, suspect: isSuspect, at: pool.now)
        }
        #expect(idle(suspect: false) == lease && idle(suspect: true) == nil)
        pool.restart(0)
        #expect(idle(suspect: false) == nil && idle(suspect: true) == lease)
        meet(&pool)
        pool.advance(by: Rhythm.usual.reconciling)
        users(3, &pool)
        #expect(idle(suspect: false) == lease && idle(suspect: true) == nil)
    }

    @Test("A rule is for the jobs of those that it names")
    func placedUsers() {
        var rule = Self.rule()
        rule.users = ["bob"]
        var pool = pool([rule])
        users(3, &pool)
        var want = Pool.want()
        #expect(pool.members[0].node.idleLease(for: want, lasts: false, at: pool.now) == nil)
        want.user = "bob"
        #expect(pool.members[0].node.idleLease(for: want, lasts: false, at: pool.now) == held(pool).first)
    }

    /// Lends for the same later, and owes some itself.
    private static var kind: LendingPolicy {
        var policy = Pool.policy()
        policy.cpu?.inKind = InKindRule(rate: .fixed(.whole), most: CoreMicroseconds(360_000_000_000).rawValue)
        policy.deferral = DeferralRule(within: .days(30))
        policy.borrow.owesInKind = Usage(cpu: 360_000_000_000)
        return policy
    }

    private func follow(_ rule: AcquisitionRule, _ pool: inout Pool) {
        var policy = Self.kind
        policy.borrow.rules = [rule]
        pool.feed(.policy(policy), to: 0)
        meet(&pool)
        users(3, &pool)
    }

    @Test("A rule uses up first what others owe, what falls due soonest in front")
    func redeeming() throws {
        var pool = Pool(3, policy: Self.kind)
        for (borrower, hours) in [(1, 5), (2, 3)] as [(Int, Int64)] {
            var want = Pool.want()
            want.means = Means(
                deferral: Deferral(
                    share: ResourceShares(.whole), from: pool.now.utc + .minutes(1), until: pool.now.utc + .hours(hours),
                    premium: .percent(20)))
            let request = RequestID(high: 1 << 42, low: UInt64(borrower))
            pool.feed(.borrow(request, want, from: [pool.members[0].id]), to: borrower)
            pool.deliver()
            let lease = try #require(try pool.members[borrower].decisions[request]?.get().first)
            pool.advance(by: .seconds(100))
            pool.members[0].usage[lease] = Usage(cpu: 100_000_000)
            pool.feed(
                .readings(owner: .zero, guests: [MeterReading(lease: lease, usage: Usage(cpu: 100_000_000))]), to: 0)
            pool.feed(.release(lease), to: borrower)
            pool.deliver()
        }
        let obligations = pool.members[0].node.obligations.values
        #expect(obligations.count == 2)
        let soonest = try #require(obligations.first { $0.debtor == pool.members[2].id })
        pool.advance(by: .minutes(10))
        follow(Self.rule(), &pool)
        let lease = try #require(held(pool).first.flatMap { pool.lease($0, 0) })
        #expect(lease.terms.consideration == .redemption(of: soonest.id) && lease.peer == pool.members[2].id)
        #expect(told("rule.asked", pool).first?.subjects.contains(soonest.id.description) == true)
    }

    @Test("A rule that defers owes in kind what it uses, and no credits")
    func deferring() throws {
        var pool = Pool(policy: Self.kind)
        follow(Self.rule(pays: [.deferred, .credits]), &pool)
        let id = try #require(held(pool).first)
        guard case .deferred = pool.lease(id, 0)?.terms.consideration else { return #expect(Bool(false), "it pays credits") }
        pool.advance(by: .seconds(100))
        pool.use(id, cpu: 50_000_000)
        users(0, &pool)
        pool.advance(by: .minutes(1))
        let obligation = try #require(pool.members[0].node.obligations.values.first)
        #expect(obligation.debtor == pool.members[0].id && obligation.left == Usage(cpu: 50_000_000))
        #expect(pool.balance(1, with: 0) == .zero)
        let owed = pool.members[1].node.books.balance(of: .peer(pool.members[0].id), in: .coreTime).net
        #expect(owed == 50_000_000)
    }

    @Test("What something runs under is kept until that is over, also over a restart")
    func occupied() throws {
        var pool = pool([Self.rule()])
        users(3, &pool)
        let lease = try #require(held(pool).first)
        let job = JobID(high: 1, low: 1)
        pool.feed(.occupied(lease, by: job, true), to: 0)
        users(0, &pool)
        #expect(held(pool) == [lease])
        pool.restart(0)
        meet(&pool)
        users(0, &pool)
        #expect(held(pool) == [lease])
        pool.feed(.occupied(lease, by: job, false), to: 0)
        pool.deliver()
        #expect(held(pool).isEmpty)
        pool.expectRest()
    }

    @Test(
        "What something runs under is kept until that is over when the rule leaves the policy, also while nobody was here",
        arguments: [false, true])
    func withdrawn(whileDown: Bool) throws {
        var pool = pool([Self.rule()])
        users(3, &pool)
        let lease = try #require(held(pool).first)
        let job = JobID(high: 1, low: 1)
        pool.feed(.occupied(lease, by: job, true), to: 0)
        if whileDown { pool.restart(0, under: Pool.policy()) } else { pool.feed(.policy(Pool.policy()), to: 0) }
        pool.advance(by: .hours(1))
        #expect(held(pool) == [lease])
        pool.restart(0)
        pool.advance(by: .hours(1))
        #expect(held(pool) == [lease])
        let closed = told("rule.closed", pool)
        #expect(closed.count == 1 && closed.first?.text.contains("the policy has it no more") == true)
        pool.feed(.occupied(lease, by: job, false), to: 0)
        pool.deliver()
        #expect(held(pool).isEmpty && told("lease.not-renewed", pool).isEmpty)
        pool.expectRest()
    }

    @Test("A lease of a rule that left the policy is not renewed beyond the last budget of the rule")
    func withdrawnBudget() throws {
        var pool = pool([Self.rule(budget: .init(credits: .credits(1), period: .day))])
        users(3, &pool)
        let lease = try #require(held(pool).first)
        pool.feed(.occupied(lease, by: JobID(high: 1, low: 1), true), to: 0)
        pool.feed(.policy(Pool.policy()), to: 0)
        for _ in 0..<100 {
            pool.advance(by: .minutes(1))
            guard let elapsed = pool.lease(lease, 0)?.elapsed(at: pool.now) else { continue }
            let usage = Usage(of: Amounts(cpu: .cores(1)), for: elapsed)
            pool.members[1].usage[lease] = usage
            pool.feed(.readings(owner: .zero, guests: [MeterReading(lease: lease, usage: usage)]), to: 1)
        }
        #expect(held(pool).isEmpty)
        #expect(told("lease.not-renewed", pool).first?.text.contains("its budget of 1 credit") == true)
    }

    @Test("Several nodes lend one lease each, and one that is lost is replaced")
    func several() throws {
        var pool = pool(of: 4, [Self.rule(nodes: 2)])
        users(3, &pool)
        let first = held(pool)
        #expect(Set(first.compactMap { pool.lease($0, 0)?.peer }).count == 2)
        let lost = try #require(first.first)
        let lender = try #require(pool.lease(lost, 0).flatMap { pool.index(of: $0.peer) })
        pool.feed(.reclaim(lost, atOnce: true, reason: "mine"), to: lender)
        pool.advance(by: .minutes(2))
        #expect(held(pool).count == 2 && !held(pool).contains(lost))
        users(0, &pool)
        pool.expectRest()
    }

    @Test("Where nobody lends it is asked once in the interval, however often the condition is looked at")
    func interval() {
        var pool = pool([Self.rule()])
        pool.feed(.lending(Refusal(term: "test", reason: "not now")), to: 1)
        for _ in 0..<100 {
            users(3, &pool)
            pool.advance(by: .seconds(6))
        }
        #expect((9...11).contains(told("rule.asked", pool).count))
        #expect(told("rule.short", pool).count == 1)
        #expect(held(pool).isEmpty)
    }

    @Test("A restart neither forgets the lease nor asks for another, and without the rule in the policy the lease is given back")
    func restart() throws {
        var pool = pool([Self.rule()])
        users(3, &pool)
        let lease = try #require(held(pool).first)
        pool.restart(0)
        meet(&pool)
        pool.deliver()
        #expect(held(pool) == [lease])
        users(3, &pool)
        #expect(held(pool) == [lease] && told("rule.asked", pool).count == 1)
        pool.feed(.policy(Pool.policy()), to: 0)
        pool.deliver()
        #expect(held(pool).isEmpty)
        pool.expectRest()
    }

    @Test(
        "What is reserved and paid never goes beyond the budget, and a lease is not renewed beyond it",
        arguments: 1...20 as ClosedRange<UInt64>)
    func budget(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let budget = AcquisitionRule.Budget(
            credits: Microcredits(Int64.random(in: 100_000...2_000_000, using: &random)), period: .hour,
            atOnce: 100_000 + Microcredits(Int64.random(in: 0...400_000, using: &random)))
        var capped = budget
        capped.atOnce = min(budget.atOnce ?? budget.credits, budget.credits)
        var pool = pool(of: 3, [Self.rule(nodes: 2, budget: capped)])
        var spent: [(at: Timestamp, amount: Microcredits)] = []
        var seen = 0
        var most = Microcredits.zero
        for _ in 0..<150 {
            users(Int64.random(in: 0...4, using: &random), &pool)
            for lease in held(pool) {
                let usage = Usage(of: Amounts(cpu: .cores(1)), for: pool.lease(lease, 0)?.elapsed(at: pool.now) ?? .zero)
                guard let lender = pool.lease(lease, 0).flatMap({ pool.index(of: $0.peer) }) else { continue }
                pool.members[lender].usage[lease] = usage
                pool.feed(.readings(owner: .zero, guests: [MeterReading(lease: lease, usage: usage)]), to: lender)
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                pool.restart(0)
                meet(&pool)
            }
            pool.advance(by: .seconds(Int64.random(in: 1...300, using: &random)))
            let transfers = pool.members[0].store.transfers
            for transfer in transfers[seen...] where transfer.unit == .credit && transfer.debit == .spent {
                if transfer.kind == .post || transfer.kind == .direct {
                    spent.append((transfer.at, Microcredits(transfer.amount)))
                }
            }
            seen = transfers.count
            let paid = spent.reduce(Microcredits.zero) { $1.at >= pool.now.utc + .hours(-1) ? $0 + $1.amount : $0 }
            let reserved = pool.members[0].node.books.reservations.reduce(Microcredits.zero) { $0 + Microcredits($1.remaining) }
            #expect(paid + reserved <= capped.credits && reserved <= capped.atOnce ?? .zero)
            #expect(pool.members[0].node.requests.count <= 1)
            most = max(most, paid)
        }
        #expect(most > .zero)
    }
}
