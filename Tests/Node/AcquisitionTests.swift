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
