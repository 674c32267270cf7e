import Node
import Resources
import Testing
import Trading

@Suite("The owner's pause")
struct PauseTests {
    @Test("Nothing is offered during a pause, whoever asks is told for how long, and then it is offered again")
    func offers() throws {
        var pool = Pool()
        pool.feed(.pause(by: "ann", for: .hours(2), atOnce: false), to: 1)
        let request = pool.ask()
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else {
            Issue.record("it was lent")
            return
        }
        #expect(refusal.reason.contains("its owner has paused lending"))
        #expect(pool.members[1].node.lendable == .zero)
        #expect(pool.members[1].node.obstacle(at: pool.now)?.retryAfter.map { $0 > .minutes(119) } == true)
        pool.advance(by: .hours(2))
        #expect(pool.members[1].node.pause == nil)
        #expect(pool.members[1].store.events.contains { $0.kind == "lending.resumed" })
        _ = try pool.borrow()
    }

    @Test("Leases end after the notice of their class, and are paid for until then")
    func notice() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.feed(.pause(by: "ann", for: nil, atOnce: false), to: 1)
        pool.deliver()
        #expect(pool.lease(id, 0)?.state == .reclaiming && pool.lease(id, 1)?.state == .reclaiming)
        #expect(try #require(pool.lease(id, 1)).ends.remaining(at: pool.now) == .seconds(30))
        pool.advance(by: .seconds(31))
        #expect(pool.lease(id, 1)?.endReason == .revoked)
        #expect(pool.members[1].node.leases[id]?.compensation == .zero)
        pool.advance(by: .hours(1))
        pool.expectRest()
        #expect(pool.members[1].node.pause != nil, "it goes on until somebody ends it")
    }

    @Test("At once, the notice that is not kept is paid for")
    func atOnce() throws {
        var pool = Pool()
        let id = try pool.borrow()
        let would = try #require(pool.members[1].node.takenBack(id, atOnce: true, reason: "", at: pool.now))
        pool.feed(.pause(by: "ann", for: nil, atOnce: true), to: 1)
        #expect(pool.lease(id, 1)?.isOpen == false)
        pool.advance(by: .seconds(10))
        #expect(pool.members[0].node.leases[id]?.compensation == would.compensation, "the borrower shows what is paid")
        pool.advance(by: .hours(1))
        #expect(pool.balance(1, with: 0) == -would.compensation && would.compensation == 8333)
        pool.expectRest()
    }

    @Test("What would be taken back is said without changing anything")
    func preview() throws {
        var pool = Pool()
        let id = try pool.borrow()
        let entry = try #require(pool.members[1].node.takenBack(id, atOnce: false, reason: "own work", at: pool.now))
        #expect(entry.lease.state == .reclaiming && entry.lease.ends.remaining(at: pool.now) == .seconds(30))
        #expect(pool.lease(id, 1)?.state == .active)
        #expect(pool.members[0].node.takenBack(id, atOnce: false, reason: "", at: pool.now) == nil, "it is borrowed there")
    }

    @Test("A lease that comes of an offer made before is taken back at once, for the offer was binding")
    func bindingOffer() throws {
        var pool = Pool()
        pool.ask()
        while !pool.wire.contains(where: \.message.isAccept) { pool.deliverFirst() }
        pool.feed(.pause(by: "ann", for: nil, atOnce: false), to: 1)
        pool.deliver()
        let id = try #require(pool.members[1].node.leases.keys.first)
        #expect(pool.lease(id, 0)?.state == .reclaiming && pool.lease(id, 1)?.state == .reclaiming)
    }

    @Test("A pause holds over restarts, also one that ends meanwhile")
    func restart() throws {
        var pool = Pool()
        pool.feed(.pause(by: "ann", for: .minutes(10), atOnce: false), to: 1)
        pool.restart(1)
        #expect(pool.members[1].node.pause?.by == "ann")
        #expect(pool.members[1].node.lendable == .zero)
        pool.advance(by: .minutes(11))
        pool.restart(1)
        #expect(pool.members[1].node.pause == nil)
        _ = try pool.borrow()
    }

    @Test("Whoever resumes ends it for good; without a pause that changes nothing")
    func resume() throws {
        var pool = Pool()
        pool.feed(.resume(by: "ann"), to: 1)
        #expect(!pool.members[1].store.events.contains { $0.kind == "lending.resumed" })
        pool.feed(.pause(by: "ann", for: nil, atOnce: false), to: 1)
        pool.feed(.resume(by: "bob"), to: 1)
        pool.restart(1)
        _ = try pool.borrow()
    }

    @Test("A second pause takes the place of the first")
    func again() {
        var pool = Pool()
        pool.feed(.pause(by: "ann", for: .minutes(1), atOnce: false), to: 1)
        pool.feed(.pause(by: "bob", for: .hours(1), atOnce: false), to: 1)
        pool.advance(by: .minutes(2))
        #expect(pool.members[1].node.pause?.by == "bob")
    }
}
