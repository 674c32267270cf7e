import Bookkeeping
import Node
import Resources
import Testing
import Trading

@Suite("Several nodes at once")
struct GroupTests {
    @Test("A request for several nodes gets a lease from each, known by the request")
    func all() throws {
        var pool = Pool(5)
        let request = pool.ask(Pool.want(cores: 2, nodes: 3))
        pool.deliver()
        let leases = try #require(pool.members[0].decisions[request]).get()
        #expect(leases.count == 3)
        #expect(Set(leases.compactMap { pool.lease($0, 0)?.peer }).count == 3)
        #expect(leases.allSatisfy { pool.lease($0, 0)?.group == request && pool.lease($0, 0)?.state == .active })
        // Who was not chosen holds nothing.
        #expect(pool.members[1...].count { $0.node.committed == .zero } == 1)
        for lease in leases { pool.feed(.release(lease), to: 0) }
        pool.advance(by: .minutes(5))
        pool.expectRest()
    }

    @Test("Where fewer lend than are wanted nobody keeps anything, and it is said how many would")
    func tooFew() throws {
        var pool = Pool(4)
        pool.feed(.lending(Refusal(term: "lending", reason: "no warden")), to: 3)
        let request = pool.ask(Pool.want(nodes: 3))
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "lent") }
        #expect(refusal.reason.contains("2 of 3 nodes would lend") && refusal.reason.contains("no warden"), "\(refusal.reason)")
        #expect(refusal.alternatives?.first?.nodes == 2)
        #expect(pool.members.allSatisfy { $0.node.committed == .zero && $0.node.leases.isEmpty })
        pool.expectRest()
    }

    @Test("More nodes than can be asked are refused without asking")
    func tooMany() {
        var pool = Pool(3)
        let request = pool.ask(Pool.want(nodes: 3))
        #expect(pool.wire.isEmpty)
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "asked") }
        #expect(refusal.term == "nodes")
    }

    @Test("When one lender declines after all, what the others have committed is given back at once and costs nothing")
    func declined() throws {
        var pool = Pool(4)
        let request = pool.ask(Pool.want(nodes: 3))
        while pool.wire.contains(where: { !$0.message.isAccept }) { pool.deliverFirst { !$0.isAccept } }
        #expect(pool.wire.count { $0.message.isAccept } == 3)
        // The offer of the third lapses before its acceptance comes.
        let last = try #require(pool.wire.last)
        pool.wire.removeLast()
        pool.deliver()
        #expect(pool.members[0].node.leases.count == 2 && pool.members[0].decisions[request] == nil)
        pool.feed(.message(from: pool.members[0].id, .inquire(try agreement(in: last))), to: last.to)
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "lent") }
        #expect(refusal.reason.contains("it was not committed"))
        #expect(pool.members[0].node.leases.values.allSatisfy { $0.lease.endReason == .released })
        pool.advance(by: .minutes(1))
        #expect(pool.members.indices.allSatisfy { pool.balance(0, with: $0) == .zero })
        pool.expectRest()
    }

    @Test("A lender that falls silent fails the request, and a lease that still appears is given back")
    func silent() throws {
        var pool = Pool(4)
        let request = pool.ask(Pool.want(nodes: 3))
        pool.isLost = { $0.from == 2 && $0.message.isCommitted }
        pool.advance(by: .minutes(1))
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "undecided") }
        #expect(refusal.term == "doubt")
        #expect(pool.members[0].node.leases.values.allSatisfy { !$0.lease.isOpen })
        pool.isLost = { _ in false }
        pool.advance(by: .hours(2))
        pool.expectRest()
    }

    @Test("A limit of its own that allows fewer leaves nothing reserved")
    func ownLimit() {
        var pool = Pool(4)
        // The first that cannot be booked leaves too few, and nothing of the others stays booked.
        pool.feed(.policy(Pool.policy(credit: .init(granted: .credits(10), owes: 10))), to: 0)
        let request = pool.ask(Pool.want(nodes: 3))
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else { return #expect(Bool(false), "borrowed") }
        #expect(refusal.reason.contains("2 of 3 nodes would lend"), "\(refusal.reason)")
        pool.expectRest()
    }

    private func agreement(in envelope: Pool.Envelope) throws -> AgreementID {
        guard case .accept(let content) = envelope.message else { return AgreementID(high: 0, low: 0) }
        return try Agreement(document: content.agreement.document).id
    }
}

/// A request for several nodes with one of the agents dying at one point of it.
@Suite("Crashes of several nodes at once")
struct GroupCrashTests {
    private struct Story {
        var pool = Pool(4)
        /// Whether one of the lenders declines after all.
        let isHindered: Bool

        mutating func run() -> RequestID {
            let start = pool.now.utc + .minutes(1)
            let request = pool.ask(Pool.want(start: start, nodes: 3))
            if isHindered { pool.isLost = { $0.to == 2 && $0.message.isAccept } }
            pool.advance(by: .seconds(40))
            pool.isLost = { _ in false }
            pool.advance(by: .minutes(3))
            for id in (try? pool.members[0].decisions[request]?.get()) ?? [] { pool.feed(.release(id), to: 0) }
            pool.advance(by: .hours(3))
            return request
        }
    }

    private static func outcomes(hindered: Bool) -> Int {
        var story = Story(isHindered: hindered)
        _ = story.run()
        return story.pool.outcomes
    }

    @Test(
        "Wherever an agent dies, all leases are there or none, and nothing is left, owed or paid in the end",
        arguments: [.beforeCommit] + (0...4).map { Pool.Crash.afterCommit(actions: $0) }, [false, true])
    func anywhere(_ crash: Pool.Crash, _ isHindered: Bool) {
        let outcomes = Self.outcomes(hindered: isHindered)
        #expect(outcomes > 20)
        for outcome in 1...outcomes {
            var story = Story(isHindered: isHindered)
            story.pool.crash = (outcome, crash)
            let request = story.run()
            check(story.pool, request, "outcome \(outcome)")
        }
    }

    private func check(_ pool: Pool, _ request: RequestID, _ place: Comment) {
        pool.expectRest()
        let borrower = pool.members[0]
        let leases =
            borrower.node.leases.values.filter { $0.lease.group == request } + borrower.store.all(.lease, as: LeaseEntry.self)
        if case .success(let given)? = borrower.decisions[request] {
            #expect(given.count == 3 && Set(given.compactMap { borrower.store.lease($0)?.lease.peer }).count == 3, place)
        } else {
            // Nobody was told of any, so none may have been held.
            #expect(leases.allSatisfy { !$0.lease.isOpen }, place)
        }
        for index in 1...3 { #expect(pool.balance(index, with: 0) == .zero, place) }
    }
}
