import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Node 0 borrows from node 1, whose policy and surroundings change.
@Suite("A changing policy")
struct PolicyChangeTests {
    private func pool(_ policy: LendingPolicy = Pool.policy()) -> Pool {
        var pool = Pool(policy: policy)
        pool.feed(.met(pool.members[0].id, name: "node0", roles: ["operator"]), to: 1)
        return pool
    }

    private func policy(
        notice: NoticeClass = .standard, release: ReleaseRule? = nil, stop: StopManner = .takeBack, rules: [LimitRule] = []
    ) -> LendingPolicy {
        var policy = Pool.policy(notice: notice)
        policy.release = release
        policy.stop = stop
        policy.limits = LimitBook(rules: rules)
        return policy
    }

    private func users(_ count: Int64, minute: Int = 0) -> NodeEvent {
        var surroundings = Surroundings(civil: CivilMinute(day: .monday, minute: minute))
        surroundings[.users] = count
        return .surroundings(surroundings)
    }

    private let alone = ReleaseRule(when: .compare(.users, .equal, 0))

    @Test(
        "At a time of the week with a lower threshold less is lent, and what is lent already is taken back; afterwards more again"
    )
    func times() throws {
        var policy = policy()
        policy.cpu?.share = .whole
        policy.cpu?.threshold = .whole
        policy.cpu?.periods = [
            .init(
                window: Window(from: ClockTime(minute: 480), to: ClockTime(minute: 1080), days: [.monday]),
                threshold: .percent(1))
        ]
        var pool = pool(policy)
        pool.feed(users(0, minute: 0), to: 1)
        let lease = try pool.borrow()
        pool.feed(users(0, minute: 480), to: 1)
        pool.deliver()
        #expect(pool.members[1].node.leases[lease]?.lease.state == .reclaiming)
        let request = pool.ask()
        pool.deliver()
        guard case .failure = pool.members[0].decisions[request] else {
            Issue.record("lent although the threshold leaves nothing")
            return
        }
        pool.feed(users(0, minute: 1080), to: 1)
        _ = try pool.borrow()
    }

    // MARK: Conditions

    @Test("Nothing is lent before a condition was looked at, all while it holds, and the refusal names the reading")
    func gate() throws {
        var pool = pool(policy(release: alone))
        #expect(throws: Refusal.self) { try pool.borrow() }
        pool.feed(users(0), to: 1)
        _ = try pool.borrow()
        pool.feed(users(2), to: 1)
        let request = pool.ask()
        pool.deliver()
        guard case .failure(let refusal) = pool.members[0].decisions[request] else {
            Issue.record("lent while somebody is logged in")
            return
        }
        #expect(refusal.reason.contains("users = 0 asked, 2"), "\(refusal.reason)")
        #expect(refusal.retryAfter != nil)
    }

    @Test("A lease is taken back with its notice when the condition fails")
    func takeBack() throws {
        var pool = pool(policy(release: alone))
        pool.feed(users(0), to: 1)
        let id = try pool.borrow()
        pool.feed(users(1), to: 1)
        pool.deliver()
        for index in 0...1 {
            #expect(pool.lease(id, index)?.state == .reclaiming)
            #expect(pool.lease(id, index)?.reason.contains("users = 0 asked, 1") == true)
        }
        pool.advance(by: .seconds(29))
        #expect(pool.lease(id, 1)?.isOpen == true)
        pool.advance(by: .seconds(2))
        #expect(pool.lease(id, 1)?.isOpen == false)
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("A policy that lets leases run keeps them to the end of their term, and renews none")
    func letRun() throws {
        var pool = pool(policy(release: alone, stop: .letRun))
        pool.feed(users(0), to: 1)
        let id = try pool.borrow(Pool.want(renewsItself: true))
        pool.feed(users(1), to: 1)
        pool.advance(by: .minutes(9))
        #expect(pool.lease(id, 1)?.state == .active)
        pool.advance(by: .minutes(2))
        #expect(pool.lease(id, 1)?.isOpen == false)
    }

    @Test("After a restart a condition that takes time to be judged costs nobody a lease")
    func restart() throws {
        let quiet = ReleaseRule(when: .lasting(.compare(.users, .equal, 0), .minutes(5)))
        var pool = pool(policy(release: quiet))
        pool.feed(users(0), to: 1)
        pool.advance(by: .minutes(5))
        pool.feed(users(0), to: 1)
        let id = try pool.borrow()
        pool.restart(1)
        pool.feed(users(0), to: 1)
        pool.deliver()
        #expect(pool.lease(id, 1)?.state == .active)
        #expect(throws: Refusal.self) { try pool.borrow() }
        pool.feed(users(1), to: 1)
        #expect(pool.lease(id, 1)?.state == .reclaiming)
    }

    // MARK: Another policy

    @Test("Leases that a new policy would not grant get notice")
    func adopted() throws {
        for rule in [LimitRule(.peer("node0"), refuses: true), LimitRule(.role("operator"), refuses: true)] {
            var pool = pool()
            let id = try pool.borrow()
            pool.feed(.policy(policy(rules: [rule])), to: 1)
            pool.deliver()
            #expect(pool.lease(id, 0)?.state == .reclaiming)
        }
        var pool = pool()
        let id = try pool.borrow()
        pool.feed(.policy(LendingPolicy(name: "closed")), to: 1)
        pool.deliver()
        #expect(pool.lease(id, 0)?.state == .reclaiming)
        #expect(pool.lease(id, 0)?.reason == "the policy lends nothing any more")
    }

    @Test("Of whoever has more than a new limit allows, the youngest leases get notice, and no more than needed")
    func limits() throws {
        var pool = pool()
        let ids = try (0..<3).map { _ in try pool.borrow() }
        pool.feed(.policy(policy(rules: [LimitRule(.eachPeer, cpu: .cores(2))])), to: 1)
        pool.deliver()
        #expect(ids.map { pool.lease($0, 0)?.state } == [.active, .active, .reclaiming])
        pool.feed(.policy(policy(rules: [LimitRule(.eachUser, leases: 1)])), to: 1)
        pool.deliver()
        #expect(ids.map { pool.lease($0, 0)?.state } == [.active, .reclaiming, .reclaiming])
    }

    @Test("When less is lent, elastic leases are made smaller and grow again when there is room; both sides agree")
    func elastic() throws {
        var pool = pool(policy(notice: .elastic))
        let ids = try (0..<3).map { _ in try pool.borrow(Pool.want(cores: 2)) }
        var less = policy(notice: .elastic)
        less.cpu?.share = .percent(40)
        pool.feed(.policy(less), to: 1)
        pool.deliver()
        let kept = ids.compactMap { pool.lease($0, 1) }.filter(\.isOpen)
        #expect(kept.map(\.id) == Array(ids.prefix(2)))
        #expect(pool.lease(ids[1], 0)?.amounts.cpu == 1200 && pool.lease(ids[1], 0)?.state == .shrunk)
        #expect(pool.members[1].guests[ids[1]]?.cpu == 1200)
        pool.advance(by: .seconds(5))
        pool.feed(.policy(policy(notice: .elastic)), to: 1)
        pool.deliver()
        for index in 0...1 { #expect(pool.lease(ids[1], index)?.amounts.cpu == .cores(2)) }
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("A borrower that missed a change of size learns of it when both compare their leases")
    func missedResize() throws {
        var pool = pool(policy(notice: .elastic))
        let id = try pool.borrow(Pool.want(cores: 4))
        var less = policy(notice: .elastic)
        less.cpu?.share = .percent(25)
        pool.isLost = { if case .resized = $0.message { true } else { false } }
        pool.feed(.policy(less), to: 1)
        pool.deliver()
        #expect(pool.lease(id, 1)?.amounts.cpu == .cores(2) && pool.lease(id, 0)?.amounts.cpu == .cores(4))
        pool.advance(by: .seconds(31))
        #expect(pool.lease(id, 0)?.amounts.cpu == .cores(2))
    }

    @Test("When less is lent, leases with notice are kept oldest first, and the others get theirs")
    func shrinking() throws {
        var pool = pool()
        let ids = try (0..<3).map { _ in try pool.borrow(Pool.want(cores: 2)) }
        var less = policy()
        less.cpu?.share = .percent(50)
        pool.feed(.policy(less), to: 1)
        pool.deliver()
        #expect(ids.map { pool.lease($0, 0)?.state } == [.active, .active, .reclaiming])
    }

    @Test("What a peer may owe follows the policy, also when the pool says later who it is")
    func credit() throws {
        var pool = Pool(policy: policy(rules: [LimitRule(.peer("node0"), owes: .credits(3))]))
        _ = try pool.borrow()
        func granted() -> Microcredits? {
            pool.members[1].node.books.trustLine(with: pool.members[0].id).map { Microcredits($0.granted) }
        }
        #expect(granted() == .credits(10))
        pool.feed(.met(pool.members[0].id, name: "node0", roles: []), to: 1)
        #expect(granted() == .credits(3))
        pool.feed(.policy(policy(rules: [LimitRule(.eachPeer, owes: .credits(4))])), to: 1)
        #expect(granted() == .credits(4))
    }

    // MARK: Limits in negotiation

    @Test("Limits count leases and binding offers of all rounds together")
    func counted() throws {
        var pool = pool(policy(rules: [LimitRule(.user("ana", at: nil), cpu: .cores(2))]))
        _ = try pool.borrow()
        let first = pool.ask()
        let second = pool.ask()
        pool.deliver()
        let decided = [first, second].map { pool.members[0].decisions[$0] }
        #expect(decided.count { if case .success = $0 { true } else { false } } == 1)
    }

    @Test("A borrower that insists on more notice than is offered goes without")
    func notice() throws {
        var pool = pool(policy(notice: .elastic))
        var want = Pool.want()
        _ = try pool.borrow(want)
        want.leastNotice = .standard
        let refusal = #expect(throws: Refusal.self) { try pool.borrow(want) }
        #expect(refusal?.reason.contains("'elastic' notice offered, at least 'standard' asked for") == true)
    }
}
