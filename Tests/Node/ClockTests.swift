import Node
import Resources
import Testing
import Trading

@Suite("Civil time that is set")
struct ClockTests {
    private func left(_ pool: Pool, _ lease: LeaseID, _ index: Int) -> Microseconds {
        pool.lease(lease, index)?.ends.remaining(at: pool.now) ?? .zero
    }

    @Test(
        "It moves no end of a lease, also not over reboots before and after",
        arguments: [.days(3), -.hours(5), .seconds(3)] as [Microseconds])
    func ends(jump: Microseconds) throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(term: .minutes(10)))
        let before = (0...1).map { left(pool, id, $0) }
        pool.setClock(forwardBy: jump)
        for index in 0...1 { pool.feed(.tick, to: index) }
        #expect((0...1).map { left(pool, id, $0) } == before)
        #expect(pool.members.allSatisfy { $0.store.events.contains { $0.kind == "clock.set" } })
        pool.reboot(taking: .minutes(1))
        #expect((0...1).map { left(pool, id, $0) } == before.map { $0 - .minutes(1) })
        pool.setClock(forwardBy: -jump)
        pool.advance(by: .minutes(8))
        #expect(pool.lease(id, 0)?.isOpen == true)
        pool.advance(by: .minutes(1))
        #expect(pool.lease(id, 0)?.isOpen == false)
    }

    @Test("A clock that is set while the agent is down is noticed at its start")
    func down() throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(term: .minutes(10)))
        pool.setClock(forwardBy: .hours(7))
        pool.restart(0)
        let before = left(pool, id, 0)
        #expect(before > .minutes(9))
        pool.reboot(taking: .minutes(1))
        #expect(left(pool, id, 0) == before - .minutes(1))
    }

    @Test("A lease that is committed after the clock was set, and accepted before, keeps its end over a reboot")
    func committed() throws {
        var pool = Pool()
        let request = pool.ask(Pool.want(term: .minutes(10)))
        while pool.deliverFirst(where: { !$0.isCommitted }) {}
        pool.setClock(forwardBy: -.hours(1))
        for index in 0...1 { pool.feed(.tick, to: index) }
        pool.deliver()
        let id = try #require(try pool.members[0].decisions[request]?.get().first)
        let before = (0...1).map { left(pool, id, $0) }
        pool.reboot(taking: .minutes(1))
        #expect((0...1).map { left(pool, id, $0) } == before.map { $0 - .minutes(1) })
    }

    @Test("An offer for a time to come lapses when that time has become another one")
    func offered() throws {
        var pool = Pool()
        let request = pool.ask(Pool.want(term: .minutes(5), start: pool.now.utc + .minutes(2)))
        while pool.deliverFirst(where: { !$0.isAccept }) {}
        pool.setClock(forwardBy: .minutes(10))
        pool.deliver()
        #expect(throws: Refusal.self) { try pool.members[0].decisions[request]?.get() }
        #expect(pool.members[1].node.leases.isEmpty && pool.members[1].guests.isEmpty)
    }

    @Test("A borrower whose clock differs from its lender's believes in no promised lease longer than the lender does")
    func promised() throws {
        var pool = Pool()
        let request = pool.ask(Pool.want(term: .minutes(5), start: pool.now.utc + .minutes(2)))
        while pool.deliverFirst(where: { !$0.isAccept }) {}
        // the lender's clock is ahead, and its word takes its time
        pool.setClock(forwardBy: .milliseconds(900))
        while pool.deliverFirst(where: { !$0.isCommitted }) {}
        pool.stand(for: .milliseconds(400))
        pool.deliver()
        let id = try #require(try pool.members[0].decisions[request]?.get().first)
        #expect(left(pool, id, 0) <= left(pool, id, 1))
    }
}
