import Node
import Resources
import Testing
import Trading

@Suite("Leases")
struct LeaseTests {
    @Test("A renewal lengthens both sides, reserves for the new term, and asked twice happens once")
    func renewal() throws {
        var pool = Pool()
        let id = try pool.borrow()
        let before = try (0...1).map { try #require(pool.lease(id, $0)).ends.instant }
        pool.feed(.renew(id, by: .minutes(5)), to: 0)
        let message = try #require(pool.wire.first)
        pool.wire.append(message)
        pool.deliver()
        pool.wire.append(message)
        pool.deliver()
        for index in 0...1 {
            #expect(pool.lease(id, index)?.ends.instant == before[index] + .minutes(5))
            #expect(pool.lease(id, index)?.renewals == 1)
            #expect(pool.members[index].node.books.reservations.count == 2)
        }
        #expect(pool.members[0].renewals == [nil])
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("A lost answer to a renewal is asked for again")
    func lostAnswer() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.isLost = { $0.message.isRenewed }
        pool.feed(.renew(id, by: .minutes(5)), to: 0)
        pool.advance(by: .seconds(5))
        #expect(pool.lease(id, 0)?.renewals == 0 && pool.lease(id, 1)?.renewals == 1)
        pool.isLost = { _ in false }
        pool.advance(by: .seconds(10))
        #expect(pool.lease(id, 0)?.renewals == 1 && pool.members[0].renewals == [nil])
    }

    @Test("A lease that renews itself goes on until it is released, and is paid for all of its time")
    func renewsItself() throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(renewsItself: true))
        for minute in 1...60 {
            pool.use(id, cpu: CoreMicroseconds(Int64(minute) * 60_000_000))
            pool.advance(by: .minutes(1))
        }
        #expect(pool.lease(id, 0)?.isOpen == true && pool.lease(id, 1)?.isOpen == true)
        pool.feed(.release(id), to: 0)
        pool.advance(by: .minutes(1))
        #expect(pool.balance(1, with: 0) == 1_000_000)
        pool.expectRest()
    }

    @Test("A lease cannot be renewed further ahead than one term, which leaves its own renewal alone")
    func ahead() throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(renewsItself: true))
        for _ in 0..<20 {
            pool.feed(.renew(id, by: .minutes(15)), to: 0)
            pool.deliver()
        }
        #expect(try #require(pool.lease(id, 1)).ends.remaining(at: pool.now) <= .minutes(30))
        #expect(pool.members[0].renewals.count == 20 && pool.members[0].renewals.last??.term == "term")
        #expect(pool.lease(id, 0)?.renewsItself == true)
        pool.advance(by: .hours(1))
        #expect(pool.lease(id, 1)?.isOpen == true)
    }

    @Test("A refusal that comes once more is not taken for the answer to the next attempt")
    func lateRefusal() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.feed(.renew(id, by: .minutes(15)), to: 0)
        pool.deliver()
        pool.feed(.renew(id, by: .minutes(15)), to: 0)
        pool.deliverFirst()
        let refusal = try #require(pool.wire.first { $0.message.isRenewed })
        pool.deliver()
        pool.advance(by: .minutes(12))
        pool.feed(.renew(id, by: .minutes(15)), to: 0)
        pool.feed(.message(from: pool.members[1].id, refusal.message), to: 0)
        pool.deliver()
        #expect(pool.members[0].renewals.map { $0?.term } == [nil, "term", nil])
        #expect(pool.lease(id, 0)?.renewals == 2 && pool.lease(id, 1)?.renewals == 2)
    }

    @Test("Who waits for a renewal is told when the lease ends first")
    func endsFirst() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.isLost = { $0.message.isRenewed }
        pool.feed(.renew(id, by: .minutes(5)), to: 0)
        pool.deliver()
        pool.feed(.reclaim(id, atOnce: true, reason: "own work"), to: 1)
        pool.deliver()
        #expect(pool.members[0].renewals.map { $0?.term } == ["lease"])
    }

    @Test("Guests that cannot be set up close the lease, which costs nothing")
    func failingGuest() throws {
        var pool = Pool()
        pool.members[1].opensGuests = false
        let id = try pool.borrow()
        #expect(pool.lease(id, 1)?.endReason == .failed)
        #expect(pool.lease(id, 0)?.isOpen == false)
        #expect(pool.balance(0, with: 1) == .zero)
        pool.expectRest()
    }

    @Test("Guests that get lost close the lease, and what they used is paid")
    func lostGuest() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.advance(by: .minutes(1))
        pool.use(id, cpu: 36_000_000)
        pool.members[1].guests[id] = nil
        pool.feed(.guestClosed(id, nil), to: 1)
        pool.deliver()
        #expect(pool.lease(id, 1)?.endReason == .failed)
        #expect(pool.balance(1, with: 0) == 10_000)
        pool.expectRest()
    }

    @Test("An expelled peer's leases end on both roles, and its offers and doubts with them")
    func expelled() throws {
        var pool = Pool(3)
        let lent = try pool.borrow()
        let lender = try #require(pool.lease(lent, 0).flatMap { pool.index(of: $0.peer) })
        pool.isLost = { $0.message.isCommitted }
        pool.ask()
        pool.deliver()
        #expect(pool.members[0].node.requests.count == 1)
        pool.feed(.expelled(pool.members[lender].id), to: 0)
        #expect(pool.lease(lent, 0)?.isOpen == false)
        #expect(pool.members[0].node.requests.isEmpty)
        pool.feed(.expelled(pool.members[0].id), to: lender)
        #expect(pool.members[lender].node.leases.values.allSatisfy { !$0.lease.isOpen })
        #expect(pool.members[lender].node.committed == .zero && pool.members[lender].guests.isEmpty)
    }

    @Test("What one side believes open and the other does not is closed within half a minute")
    func reconciled() throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(term: .minutes(15)))
        pool.isLost = { _ in true }
        pool.feed(.release(id), to: 0)
        pool.advance(by: .seconds(1))
        #expect(pool.lease(id, 1)?.isOpen == true)
        pool.isLost = { _ in false }
        pool.advance(by: .seconds(30))
        #expect(pool.lease(id, 1)?.isOpen == false)
        pool.advance(by: .minutes(1))
        pool.expectRest()
    }

    @Test("A restart makes leases suspect, not closed, until the other side is heard of")
    func suspect() throws {
        var pool = Pool()
        let id = try pool.borrow()
        pool.restart(1)
        #expect(pool.lease(id, 1)?.isSuspect == true && pool.lease(id, 1)?.isOpen == true)
        #expect(pool.members[1].guests[id] != nil)
        pool.advance(by: Rhythm.usual.reconciling)
        #expect(pool.lease(id, 1)?.isSuspect == false && pool.lease(id, 0)?.isOpen == true)
    }
}
