import Node
import Policy
import Resources
import Testing
import Trading

@Suite("Trades")
struct TradeTests {
    @Test("From proposal to commit: both sides hold the same lease, capacity and reservation")
    func trade() throws {
        var pool = Pool()
        let id = try pool.borrow(Pool.want(cores: 2))
        #expect(pool.lease(id, 0)?.role == .borrower && pool.lease(id, 1)?.role == .lender)
        #expect(pool.lease(id, 0)?.state == .active && pool.lease(id, 1)?.state == .active)
        #expect(pool.lease(id, 0)?.terms == pool.lease(id, 1)?.terms)
        #expect(pool.members[1].node.committed == Amounts(cpu: .cores(2)))
        #expect(pool.members[1].guests[id] == Amounts(cpu: .cores(2)))
        let reservations = pool.members.map { $0.node.books.reservations }
        #expect(reservations.map(\.count) == [1, 1] && reservations[0][0].id == reservations[1][0].id)
        #expect(reservations[0][0].remaining == reservations[1][0].remaining)
        #expect(pool.members.allSatisfy { $0.store.agreements.count == 1 })
    }

    @Test("The cheapest of several lenders gets the trade, the others' capacity is free again")
    func cheapest() throws {
        var pool = Pool(3)
        var cheap = Pool.policy()
        cheap.cpu?.pricing = .fixed(500_000)
        pool.feed(.policy(cheap), to: 2)
        let id = try pool.borrow()
        #expect(pool.lease(id, 0)?.peer == pool.members[2].id)
        #expect(pool.members[1].node.committed == .zero)
    }

    @Test("A peer that cannot be asked is not waited for; what others offer is taken at once")
    func unreachable() throws {
        var pool = Pool(3)
        pool.ask()
        while let toLast = pool.wire.firstIndex(where: { $0.to == 2 }) { pool.wire.remove(at: toLast) }
        pool.feed(.unreachable(pool.members[2].id, Refusal(term: "peer", reason: "revoked")), to: 0)
        pool.deliver()
        #expect(pool.members[0].node.leases.values.map(\.lease.peer) == [pool.members[1].id])
        pool.ask()
        for peer in 1...2 {
            pool.feed(.unreachable(pool.members[peer].id, Refusal(term: "peer", reason: "gone")), to: 0)
        }
        #expect(pool.members[0].node.requests.isEmpty, "nobody is left to wait for")
    }

    @Test("A borrower never believes in a lease longer than its lender does")
    func term() throws {
        var pool = Pool()
        pool.ask()
        while pool.wire.contains(where: { !$0.message.isAccept }) { pool.deliverFirst { !$0.isAccept } }
        pool.isLost = { $0.message.isCommitted }
        pool.advance(by: .seconds(3))
        pool.isLost = { _ in false }
        pool.advance(by: .seconds(3))
        let id = try #require(pool.members[0].node.leases.keys.first)
        let ends = (0...1).compactMap { pool.lease(id, $0)?.ends.instant }
        #expect(ends.count == 2 && ends[0] <= ends[1])
    }

    @Test("An acceptance that comes twice commits once, whenever the second comes")
    func duplicateAcceptance() throws {
        var pool = Pool()
        pool.ask()
        while !pool.wire.contains(where: \.message.isAccept) { pool.deliverFirst() }
        let acceptance = try #require(pool.wire.first { $0.message.isAccept })
        pool.wire.append(acceptance)
        pool.deliver()
        let id = try #require(pool.members[0].node.leases.keys.first)
        for pause in [Microseconds.seconds(1), .minutes(20), .hours(2)] {
            pool.advance(by: pause)
            pool.wire.append(acceptance)
            pool.deliver()
            #expect(pool.members[1].store.agreements.count == 1)
            #expect(pool.members[1].node.leases.values.allSatisfy { $0.id == id })
        }
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("After an inquiry was answered no, its acceptance can never commit")
    func inquiry() throws {
        var pool = Pool()
        let request = pool.ask()
        while !pool.wire.contains(where: \.message.isAccept) { pool.deliverFirst() }
        let acceptance = try #require(pool.wire.first { $0.message.isAccept })
        guard case .accept(let content) = acceptance.message else { return }
        pool.wire = []
        let agreement = try Agreement(document: content.agreement.document)
        pool.feed(.message(from: pool.members[0].id, .inquire(agreement.id)), to: 1)
        pool.wire.append(acceptance)
        pool.deliver()
        #expect(pool.members[1].node.leases.isEmpty && pool.members[1].store.agreements.isEmpty)
        guard case .failure? = pool.members[0].decisions[request] else { return #expect(Bool(false), "not refused") }
        // Neither after a restart of the lender, nor when others have been refused a lot since.
        pool.restart(1)
        for n in 0..<UInt64(Negotiating.refusalsKept * 2) {
            pool.feed(.message(from: NodeID(high: 9, low: 9), .inquire(AgreementID(high: .max, low: n))), to: 1)
        }
        pool.wire = [acceptance]
        pool.deliver()
        #expect(pool.members[1].node.leases.isEmpty)
    }

    @Test("An offer holds its capacity until it lapses")
    func holding() {
        var pool = Pool(3)
        pool.isLost = { $0.message.isAnswer && $0.to == 0 || $0.message.isWithdraw }
        pool.ask(Pool.want(cores: 6))
        pool.deliver()
        #expect(pool.members[1].node.committed == Amounts(cpu: .cores(6)))
        #expect(pool.members[1].node.lendable == .zero)
        let ask = Ask(
            amounts: Amounts(cpu: .cores(1)), term: .minutes(1), bid: Prices(cpu: .credits(2), memory: .zero))
        guard case .refuse = pool.members[1].node.quote(ask, to: pool.members[2].id, at: pool.now) else {
            return #expect(Bool(false), "promised twice")
        }
        pool.advance(by: Negotiating.offerTime)
        #expect(pool.members[1].node.committed == .zero)
        #expect(pool.members[1].store.snapshot.holds.isEmpty)
    }

    @Test("A withdrawn offer frees its capacity at once, but only its borrower can withdraw it")
    func withdrawing() throws {
        var pool = Pool(2)
        pool.isLost = { $0.message.isAnswer }
        pool.ask()
        pool.deliver()
        let hold = try #require(pool.members[1].store.snapshot.holds.first)
        pool.feed(.message(from: NodeID(high: 9, low: 9), .withdraw(hold.negotiation)), to: 1)
        #expect(pool.members[1].node.committed == hold.terms.amounts)
        pool.feed(.message(from: hold.borrower, .withdraw(hold.negotiation)), to: 1)
        #expect(pool.members[1].node.committed == .zero)
    }

    @Test("An offer that comes twice is not withdrawn once it was accepted")
    func duplicateOffer() throws {
        var pool = Pool()
        pool.ask()
        while !pool.wire.contains(where: \.message.isAnswer) { pool.deliverFirst() }
        let offer = try #require(pool.wire.first)
        pool.deliverFirst()
        pool.feed(.message(from: pool.members[offer.from].id, offer.message), to: offer.to)
        #expect(!pool.wire.contains { $0.message.isWithdraw })
    }

    @Test("Nothing is offered while lending is hindered, nor before it is known to be possible")
    func hindered() throws {
        var pool = Pool()
        let hindrance = Refusal(term: "lending", reason: "limits are not enforced here")
        pool.feed(.lending(hindrance), to: 1)
        let request = pool.ask()
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "offered") }
        #expect(refusal.term == "lending" && refusal.reason.contains(hindrance.reason))
        #expect(pool.members[1].node.lendable == .zero)
        pool.feed(.lending(nil), to: 1)
        _ = try pool.borrow()
        let fresh = Node(
            id: pool.members[1].id, capacity: Pool.capacity, policy: Pool.policy(), restoring: .init(books: .init()), at: pool.now
        )
        #expect(fresh.lendable == .zero)
    }

    @Test("The credit limit refuses, and says what is missing")
    func credit() {
        var pool = Pool(policy: Pool.policy(credit: .init(granted: 1000, owes: 1000)))
        let request = pool.ask(Pool.want(cores: 6))
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "lent") }
        #expect(refusal.term == "credit" && refusal.reason.contains("of credit is missing"))
        pool.expectRest()
    }

    @Test("A borrower does not go beyond its own limit either")
    func ownLimit() {
        var pool = Pool()
        pool.feed(.policy(Pool.policy(credit: .init(granted: .credits(10), owes: 10))), to: 0)
        let request = pool.ask()
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "borrowed") }
        #expect(refusal.term == "credit")
        pool.expectRest()
    }

    @Test("Every request is decided, also when the lender's word comes after the end of the term")
    func lateWord() throws {
        var pool = Pool()
        let request = pool.ask(Pool.want(term: .seconds(3)))
        pool.isLost = { $0.message.isCommitted }
        pool.advance(by: .seconds(5))
        pool.isLost = { _ in false }
        pool.advance(by: .seconds(10))
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "undecided") }
        #expect(refusal.term == "term")
        pool.advance(by: .hours(1))
        pool.expectRest()
    }

    @Test("A lender that falls silent after an acceptance leaves the user waiting for seconds and the request for days")
    func silence() {
        var pool = Pool()
        let request = pool.ask()
        pool.isLost = { $0.from == 1 && !$0.message.isAnswer }
        pool.advance(by: .minutes(1))
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "undecided") }
        #expect(refusal.term == "doubt" && pool.members[0].node.requests.count == 1)
        pool.advance(by: Timing.doubtPatience)
        #expect(pool.members[0].node.requests.isEmpty && pool.members[0].node.books.reservations.isEmpty)
    }

    @Test("A lease that appears after its user was told of the doubt is given back")
    func givenBack() {
        var pool = Pool()
        pool.ask()
        pool.isLost = { $0.message.isCommitted }
        pool.advance(by: .minutes(1))
        #expect(pool.members[1].node.leases.count == 1)
        pool.isLost = { _ in false }
        pool.advance(by: .hours(2))
        pool.expectRest()
    }
}
