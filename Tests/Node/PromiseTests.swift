import Node
import Policy
import Resources
import Testing
import Trading

@Suite("Promises")
struct PromiseTests {
    /// A want that begins so long from now.
    private func want(_ pool: Pool, in span: Microseconds, cores: Int64 = 4, term: Microseconds = .minutes(10)) -> Want {
        Pool.want(cores: cores, term: term, start: pool.now.utc + span)
    }

    @Test("Capacity is promised now and given at its start, on both sides at once, for the whole of its term")
    func promise() throws {
        var pool = Pool()
        let id = try pool.borrow(want(pool, in: .hours(1)))
        #expect((0...1).map { pool.lease(id, $0)?.state } == [.promised, .promised])
        #expect(pool.members[1].guests.isEmpty && pool.members[1].node.committed == .zero)
        #expect((0...1).allSatisfy { pool.members[$0].node.books.reservations.count == 1 })
        pool.advance(by: .minutes(59))
        #expect(pool.lease(id, 0)?.state == .promised && pool.members[1].guests.isEmpty)
        pool.advance(by: .minutes(1))
        #expect((0...1).map { pool.lease(id, $0)?.state } == [.active, .active])
        #expect(pool.members[1].guests[id] == Amounts(cpu: .cores(4)))
        pool.use(id, cpu: 36_000_000)
        pool.advance(by: .minutes(9))
        #expect(pool.lease(id, 0)?.isOpen == true && pool.lease(id, 1)?.isOpen == true)
        pool.advance(by: .minutes(2))
        #expect((0...1).map { pool.lease(id, $0)?.endReason } == [.expired, .expired])
        #expect(pool.balance(1, with: 0) == 10_000)
        pool.expectRest()
    }

    @Test("What is promised is free until then, and not a moment longer")
    func spans() throws {
        var pool = Pool()
        _ = try pool.borrow(want(pool, in: .minutes(30), cores: 5))
        _ = try pool.borrow(Pool.want(cores: 6, term: .minutes(15)))
        #expect(throws: Refusal.self) { try pool.borrow(want(pool, in: .minutes(25), cores: 2)) }
        #expect(throws: Refusal.self) { try pool.borrow(want(pool, in: .minutes(39), cores: 2)) }
        _ = try pool.borrow(want(pool, in: .minutes(31), cores: 1))
        _ = try pool.borrow(want(pool, in: .minutes(42), cores: 6))
        _ = try pool.borrow(want(pool, in: .minutes(18), cores: 6))
        pool.advance(by: .hours(2))
        pool.expectRest()
    }

    @Test("A lease is not renewed into time that is promised to others")
    func renewal() throws {
        var pool = Pool()
        let running = try pool.borrow(Pool.want(cores: 4, term: .minutes(10), renewsItself: true))
        let promised = try pool.borrow(want(pool, in: .minutes(15), cores: 4))
        pool.advance(by: .minutes(12))
        #expect(pool.lease(running, 1)?.endReason == .expired)
        #expect(
            pool.members[0].store.events.contains { $0.kind == "lease.not-renewed" && $0.text.contains("promised to others") })
        pool.advance(by: .minutes(4))
        #expect(pool.lease(promised, 1)?.state == .active)
        pool.advance(by: .hours(2))
        pool.expectRest()
    }

    @Test("A promise that is given back costs nothing, and its time is free again")
    func givenBack() throws {
        var pool = Pool()
        let id = try pool.borrow(want(pool, in: .minutes(30), cores: 6))
        pool.feed(.release(id), to: 0)
        pool.deliver()
        #expect((0...1).map { pool.lease(id, $0)?.state } == [.settled, .settled])
        #expect(pool.lease(id, 1)?.endedUnused == true)
        _ = try pool.borrow(want(pool, in: .minutes(30), cores: 6))
        #expect(pool.balance(1, with: 0) == .zero)
        pool.advance(by: .hours(2))
        pool.expectRest()
    }

    @Test("An owner takes a promise back with its notice for nothing, and at once by paying for the notice")
    func reclaimed() throws {
        var pool = Pool(policy: Pool.policy(notice: .notice))
        let noticed = try pool.borrow(want(pool, in: .minutes(30)))
        pool.feed(.reclaim(noticed, atOnce: false, reason: "own work"), to: 1)
        pool.advance(by: .minutes(3))
        #expect(pool.lease(noticed, 0)?.isOpen == false && pool.balance(1, with: 0) == .zero)
        let taken = try pool.borrow(want(pool, in: .minutes(30), cores: 3))
        pool.feed(.reclaim(taken, atOnce: true, reason: "own work"), to: 1)
        pool.deliver()
        // 3 cores for 2 minutes at a credit per core-hour
        #expect(pool.balance(1, with: 0) == -100_000)
        pool.advance(by: .hours(2))
        pool.expectRest()
    }

    @Test("A promise under notice at its start is given until the notice has passed")
    func underNotice() throws {
        var pool = Pool(policy: Pool.policy(notice: .notice))
        let id = try pool.borrow(want(pool, in: .minutes(30)))
        pool.advance(by: .minutes(29))
        pool.feed(.reclaim(id, atOnce: false, reason: "own work"), to: 1)
        pool.advance(by: .seconds(90))
        #expect(pool.members[1].guests[id] != nil && pool.lease(id, 0)?.state == .reclaiming)
        pool.advance(by: .seconds(31))
        #expect(pool.lease(id, 1)?.endReason == .revoked && pool.members[1].guests.isEmpty)
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("A promise survives restarts of both sides and begins on time")
    func restarts() throws {
        var pool = Pool()
        let id = try pool.borrow(want(pool, in: .minutes(30)))
        for index in 0...1 { pool.restart(index) }
        pool.advance(by: .minutes(29))
        #expect(pool.lease(id, 0)?.state == .promised && pool.lease(id, 1)?.state == .promised)
        for index in 0...1 { pool.restart(index) }
        #expect(pool.members[1].guests.isEmpty)
        pool.advance(by: .minutes(2))
        #expect((0...1).map { pool.lease(id, $0)?.state } == [.active, .active])
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("A lender that was away at the start begins it when it is back, and its end stays where it was")
    func late() throws {
        var pool = Pool()
        let id = try pool.borrow(want(pool, in: .minutes(1)))
        let ends = try #require(pool.lease(id, 1)).ends.instant
        // Nobody wakes the lender while it is away.
        let wake = pool.members[1].wake
        pool.members[1].wake = nil
        pool.isLost = { $0.to == 1 }
        #expect(wake != nil)
        pool.members[1].node = pool.members[1].node
        pool.isLost = { _ in false }
        pool.restart(1)
        pool.advance(by: .minutes(5))
        #expect(pool.lease(id, 1)?.state == .active && pool.lease(id, 1)?.ends.instant == ends)
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test(
        "A start that is past or too far ahead is refused, within the tolerance of clocks it is not",
        arguments: [
            (-6, false), (-4, true), (1, true), (7 * 86_400, true), (7 * 86_400 + 1, false),
        ])
    func range(_ seconds: Int64, _ isAccepted: Bool) {
        var pool = Pool()
        // The borrower's own check is the same; this is the lender's.
        let ask = Ask(
            amounts: Amounts(cpu: .cores(1)), term: .minutes(10), bid: Prices(cpu: .credits(1), memory: .zero),
            start: pool.now.utc + .seconds(seconds))
        var isOffered = false
        if case .offer(let terms) = pool.members[1].node.quote(ask, to: pool.members[0].id, at: pool.now) {
            isOffered = terms.start == ask.start
        }
        #expect(isOffered == isAccepted)
        let request = pool.ask(want(pool, in: .seconds(seconds), cores: 1))
        pool.deliver()
        #expect(((try? pool.members[0].decisions[request]?.get()) != nil) == isAccepted)
    }

    @Test("What the owner uses now keeps nothing from being promised for later, and keeps it from beginning soon")
    func owner() throws {
        var pool = Pool()
        pool.feed(.readings(owner: Pool.capacity, guests: []), to: 1)
        #expect(throws: Refusal.self) { try pool.borrow(want(pool, in: .minutes(9))) }
        let id = try pool.borrow(want(pool, in: .minutes(11)))
        #expect(pool.lease(id, 1)?.state == .promised)
    }

    @Test("A lender that offers to begin at once where a later start was asked for is not taken at its word")
    func olderLender() throws {
        var pool = Pool()
        let request = pool.ask(want(pool, in: .hours(1)))
        guard case .propose(let proposal)? = pool.wire.first?.message else { return #expect(Bool(false), "nothing was asked") }
        pool.wire = []
        var terms = proposal.terms
        terms.start = nil
        let answer = Answer(
            negotiation: proposal.negotiation, round: 1,
            outcome: .offered(terms, timeToLive: .seconds(10), creditLimit: .credits(1)))
        pool.feed(.message(from: pool.members[1].id, .answer(answer)), to: 0)
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "accepted") }
        #expect(refusal.term == "start")
    }
}
