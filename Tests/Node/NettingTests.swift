import Bookkeeping
import Policy
import Resources
import TestKit
import Testing
import Trading

@testable import Node

@Suite("Netting")
struct NettingTests {
    private static func policy(_ manner: NettingManner) -> LendingPolicy {
        Pool.policy(credit: CreditRule(nets: manner))
    }

    private func owed(_ pool: Pool, _ debtor: Int, _ creditor: Int) -> Microcredits { pool.balance(creditor, with: debtor) }

    @Test("The least debt of a cycle is taken off all of it, and nobody's net position changes", arguments: 3...6)
    func ring(_ length: Int) {
        var pool = Pool.ring(length)
        let before = pool.positions
        pool.net()
        #expect(pool.positions == before)
        for index in 0..<length { #expect(owed(pool, index, (index + 1) % length) == Microcredits(Int64(index))) }
        #expect(pool.nettingPosts == [Int](repeating: 1, count: length))
        #expect(pool.members[0].news.last == .finished)
        #expect(pool.members[0].news.contains { if case .ended(_, _, nil) = $0 { true } else { false } })
        pool.expectNetted()
    }

    @Test("Two nodes have one line, and cycles that are too long take too many to agree: neither is netted")
    func lengths() {
        var pair = Pool.ring(2)
        pair.net()
        var long = Pool.ring(7)
        long.net()
        #expect(pair.nettingPosts == [0, 0] && long.nettingPosts == [Int](repeating: 0, count: 7))
        #expect(long.members[0].news == [.probing(wave: 1, peers: 1), .finished])
    }

    @Test("A dry run names the cycles and changes nothing")
    func dryRun() {
        var pool = Pool.ring(3)
        pool.net(isDryRun: true)
        let members = pool.members.map(\.id)
        #expect(
            pool.members[0].news == [
                .probing(wave: 1, peers: 1), .found(DebtCycle(members: members, amount: 1_000_000)), .finished,
            ])
        #expect(pool.members.allSatisfy { $0.node.nettings.isEmpty } && pool.nettingPosts == [0, 0, 0])
    }

    @Test("A search goes on until nothing is left: cycles that share debts are netted one after the other")
    func waves() {
        // 0 owes 1, which owes 2, which owes 0; and the same by way of 3 and 4.
        var pool = Pool(
            5,
            owing: [
                .init(0, 1, 300_000), .init(1, 2, 200_000), .init(2, 0, 900_000), .init(0, 3, 400_000), .init(3, 2, 250_000),
                .init(1, 4, 500_000), .init(4, 0, 90_000),
            ])
        let before = pool.positions
        pool.net()
        #expect(pool.positions == before)
        #expect(owed(pool, 0, 1) == 10_000 && owed(pool, 0, 3) == 150_000 && owed(pool, 2, 0) == 450_000)
        #expect(pool.nettingPosts == [3, 2, 2, 1, 1])
        pool.expectNetted()
    }

    @Test("Every step of it is told, under one id, at every member")
    func story() throws {
        var pool = Pool.ring(3)
        pool.net()
        let id = try #require(pool.members[0].node.nettings.first?.id)
        func kinds(_ index: Int) -> [String] {
            pool.members[index].store.events.filter { $0.subjects.contains(id.description) }.map(\.kind)
        }
        #expect(kinds(0) == ["netting.proposed", "netting.committed"])
        #expect(kinds(1) == ["netting.prepared", "netting.committed"] && kinds(2) == kinds(1))
    }

    // MARK: Who does not take part

    @Test("Whose policy nets nothing passes no probe on, signs nothing and begins nothing")
    func unwilling() {
        var pool = Pool.ring(3)
        pool.feed(.policy(Self.policy(.never)), to: 1)
        pool.net()
        #expect(pool.nettingPosts == [0, 0, 0])
        pool.net(1)
        #expect(pool.members[1].news.map { if case .refused(let refusal) = $0 { refusal.term } else { "" } } == ["policy"])
        pool.expectNetted()
    }

    @Test("Who refuses says why, and all give back what they had reserved")
    func refused() throws {
        var pool = Pool.ring(3)
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.deliver()
        // The last member changes its mind after the probes have passed.
        pool.feed(.policy(Self.policy(.never)), to: 2)
        pool.advance(by: .minutes(1))
        let refusals = pool.members[0].news.compactMap { if case .ended(_, _, let refusal?) = $0 { refusal } else { nil } }
        #expect(refusals.map(\.term) == ["policy"])
        #expect(pool.members[1].store.events.map(\.kind).contains("netting.aborted"))
        #expect(pool.nettingPosts == [0, 0, 0])
        pool.expectNetted()
    }

    @Test("Who does not answer in time is waited for no longer: nothing is posted")
    func silent() {
        var pool = Pool.ring(4)
        pool.isLost = { $0.message.isNettingVote && $0.from == 3 }
        pool.net()
        #expect(pool.nettingPosts == [0, 0, 0, 0])
        pool.expectNetted()
    }

    @Test("Who leaves the pool before all have signed ends it")
    func expelled() {
        var pool = Pool.ring(3)
        pool.isLost = { $0.message.isNettingVote && $0.from == 2 }
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.advance(by: .seconds(3))
        #expect(pool.members[1].node.books.reservations.count == 1)
        let gone = pool.members[2].id
        pool.feed(.expelled(gone), to: 0)
        pool.isLost = { $0.to == 2 || $0.from == 2 }
        pool.advance(by: .seconds(1))
        #expect(pool.members[0].node.books.reservations.isEmpty && pool.members[1].node.books.reservations.isEmpty)
        // With who has left nothing more is tried.
        pool.net()
        #expect(pool.members[0].news == [.probing(wave: 1, peers: 1), .finished])
        pool.net(1)
        #expect(pool.nettingPosts == [0, 0, 0])
    }

    @Test("Who is expelled after the decision need not be told any more")
    func expelledAfterwards() throws {
        var pool = Pool.ring(3)
        pool.isLost = { $0.message.isNettingDecision && $0.to == 2 }
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.advance(by: .seconds(3))
        #expect(pool.nettingPosts == [1, 1, 0] && pool.members[0].node.nettings.contains { !$0.isOver })
        pool.feed(.expelled(pool.members[2].id), to: 0)
        #expect(pool.members[0].node.nettings.allSatisfy { $0.isOver })
    }

    // MARK: What is reserved

    @Test("What is reserved is no new debt, and is there for nothing else: another netting of the same line is refused")
    func reserved() throws {
        var pool = Pool.ring(3)
        let peer = pool.members[2].id
        let books = pool.members[1].node.books
        let (debt, headroom) = (books.debt(of: pool.members[0].id), books.headroom(toOweBy: pool.members[0].id))
        pool.isLost = { $0.message.isNettingVote && $0.from == 2 }
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.advance(by: .seconds(3))
        let held = pool.members[1].node.books
        #expect(held.reservations.count == 1 && held.debt(of: pool.members[0].id) == debt)
        #expect(held.headroom(toOweBy: pool.members[0].id) == headroom)
        #expect(pool.members[1].node.heldByNetting[peer] == -1_000_000)
        // What it owes the third one may still grow, but not by what will be netted: that debt is about to be smaller.
        #expect(held.headroom(toOweBy: peer) == books.headroom(toOweBy: peer) - 1_000_000)
        // Each of the two that hold something is asked in vain; the one that began it knows of nothing to net.
        pool.feed(.net(NettingID(at: pool.now.utc, low: 2), isDryRun: false), to: 1)
        pool.advance(by: .seconds(3))
        #expect(pool.members[1].news.last == .finished && pool.nettingPosts == [0, 0, 0])
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(1))
        pool.expectNetted()
    }

    @Test("A debt that a running lease may use up is not netted")
    func used() throws {
        var pool = Pool.ring(3)
        // Node 0 borrows from node 1, which it owes already: it may come to owe it more, so that all of the cycle can be netted.
        let first = pool.ask(from: [1], Pool.want(cores: 4, term: .minutes(10)))
        pool.deliver()
        let lease = try #require(try pool.members[0].decisions[first]?.get().first)
        pool.net()
        #expect(pool.nettingPosts == [1, 1, 1])
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .minutes(1))
        pool.expectNetted()

        var other = Pool.ring(3)
        // Node 0 borrows from node 2, which owes it: what is reserved will be taken off that debt.
        let id = other.ask(from: [2], Pool.want(cores: 4, term: .minutes(10)))
        other.deliver()
        let second = try #require(try other.members[0].decisions[id]?.get().first)
        other.net()
        let amounts = other.members[0].news.compactMap { if case .ended(_, let cycle, nil) = $0 { cycle.amount } else { nil } }
        #expect(amounts.count == 1 && amounts[0] < 400_000)
        other.feed(.release(second), to: 0)
        other.advance(by: .minutes(1))
        other.expectNetted()
    }

    @Test("What was netted was not lent: nobody may owe more for it")
    func limits() {
        let credit = CreditRule(granted: .credits(10), newcomers: 1_000_000, raise: 4)
        var pool = Pool.ring(3, policy: Pool.policy(credit: credit))
        for index in pool.members.indices { pool.feed(.policy(Pool.policy(credit: credit)), to: index) }
        func limits() -> [Microcredits] {
            pool.members.flatMap { member in
                pool.members.filter { $0.id != member.id }.map { member.node.creditLimit(of: member.node.borrower($0.id)) }
            }
        }
        let before = limits()
        pool.net()
        #expect(pool.nettingPosts == [1, 1, 1] && limits() == before)
        for index in pool.members.indices { pool.restart(index) }
        #expect(limits() == before)
    }

    // MARK: Doubt

    @Test("A member that is not told keeps its reservation, and asks until it knows, also after a restart")
    func doubt() {
        var pool = Pool.ring(3)
        pool.isLost = { $0.message.isNettingDecision && $0.to == 2 }
        pool.net()
        #expect(pool.nettingPosts == [1, 1, 0] && pool.members[2].node.books.reservations.count == 1)
        pool.restart(2)
        pool.advance(by: .days(2))
        #expect(pool.members[2].node.books.reservations.count == 1)
        #expect(pool.members[2].store.events.map(\.kind).contains("netting.doubt"))
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(20))
        #expect(pool.nettingPosts == [1, 1, 1])
        pool.expectNetted()
    }

    @Test("When the initiator is away another member tells what was decided")
    func otherMember() {
        var pool = Pool.ring(4)
        pool.isLost = { $0.message.isNettingDecision && $0.to == 2 }
        pool.net()
        #expect(pool.nettingPosts == [1, 1, 0, 1])
        pool.isLost = { $0.to == 0 || $0.from == 0 }
        pool.advance(by: .minutes(30))
        #expect(pool.nettingPosts == [1, 1, 1, 1])
    }

    /// A ring of four of whose messages some were lost; then the first one is gone, and all others, or some, have heard of that.
    private func orphaned(knowing: [Int], _ isLost: @escaping (Pool.Envelope) -> Bool) -> Pool {
        var pool = Pool.ring(4)
        pool.isLost = isLost
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.advance(by: .seconds(3))
        pool.isLost = { $0.to == 0 || $0.from == 0 }
        pool.wire = []
        for index in knowing { pool.feed(.expelled(pool.members[0].id), to: index) }
        pool.advance(by: .minutes(30))
        return pool
    }

    @Test(
        "When its initiator has left the pool a netting that nobody was told of comes to nothing, also where not all have signed")
    func orphans() {
        let unsigned = orphaned(knowing: [1, 2, 3]) { $0.message.isNettingPrepare && $0.to == 3 }
        let signed = orphaned(knowing: [1, 2, 3]) { $0.message.isNettingVote && $0.from == 3 }
        for pool in [signed, unsigned] {
            #expect(pool.members.dropFirst().allSatisfy { $0.node.books.reservations.isEmpty })
            #expect(pool.nettingPosts == [0, 0, 0, 0])
            #expect(
                pool.members[1].store.events.last { $0.kind == "netting.aborted" }?.text.contains("has left the pool") == true)
        }
    }

    @Test("When one of the others was told before, all do as it was decided")
    func orphansTold() {
        let pool = orphaned(knowing: [1, 2, 3]) { $0.message.isNettingDecision && $0.to != 1 }
        #expect(pool.nettingPosts == [1, 1, 1, 1])
    }

    @Test("As long as one of the others may still hear the initiator nobody gives up")
    func orphansWait() {
        var pool = orphaned(knowing: [1, 2]) { $0.message.isNettingVote && $0.from == 3 }
        #expect(pool.members.dropFirst().allSatisfy { $0.node.books.reservations.count == 1 })
        pool.restart(1)
        pool.feed(.expelled(pool.members[0].id), to: 1)
        pool.feed(.expelled(pool.members[0].id), to: 3)
        pool.advance(by: .minutes(30))
        #expect(pool.members.dropFirst().allSatisfy { $0.node.books.reservations.isEmpty })
    }

    @Test("Whoever asks about what its initiator does not know is told that it came to nothing")
    func presumed() {
        var pool = Pool.ring(3)
        pool.isLost = { $0.message.isNettingVote || $0.message.isNettingDecision }
        pool.net()
        #expect(pool.members[1].node.books.reservations.count == 1)
        pool.isLost = { $0.to == 0 || $0.message.isNettingDecision }
        // The initiator forgets after a day; its members do not.
        pool.advance(by: .days(2))
        #expect(pool.members[0].node.nettings.isEmpty && pool.members[1].node.books.reservations.count == 1)
        pool.isLost = { _ in false }
        pool.advance(by: .minutes(20))
        pool.expectNetted()
    }

    @Test(
        "Wherever an agent dies, all have posted or none, and no unit is lost or made",
        arguments: [.beforeCommit] + (0...3).map { Pool.Crash.afterCommit(actions: $0) })
    func crashes(_ crash: Pool.Crash) {
        var calm = Pool.ring(4)
        let (first, before) = (calm.outcomes, calm.positions)
        calm.net()
        #expect(calm.outcomes > first + 20)
        for outcome in first + 1...calm.outcomes {
            var pool = Pool.ring(4)
            pool.crash = (outcome, crash)
            pool.net()
            pool.advance(by: .hours(1))
            #expect(pool.positions == before, "outcome \(outcome)")
            pool.expectNetted("outcome \(outcome)")
        }
    }

    @Test("Whatever is lost, repeated and reordered, all have posted or none", arguments: 1...40 as ClosedRange<UInt64>)
    func weather(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 3...7, using: &random)
        let pairs = (0..<count).flatMap { a in (0..<a).map { (a, $0) } }
        var pool = Pool(
            count,
            owing: pairs.map { a, b in
                let amount = Microcredits(.random(in: 1000...2_000_000, using: &random))
                return random.chance(.percent(50)) ? .init(a, b, amount) : .init(b, a, amount)
            })
        let before = pool.positions
        for _ in 0..<40 {
            let index = Int.random(in: 0..<count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: pool.feed(.net(NettingID(at: pool.now.utc, low: seed), isDryRun: false), to: index)
            case 1: pool.restart(index)
            case 2: pool.stand(for: random.span(.milliseconds(1) ... .seconds(6)))
            default: break
            }
            for member in pool.members.indices { pool.feed(.tick, to: member) }
            for _ in 0..<Int.random(in: 0...60, using: &random) where !pool.wire.isEmpty {
                let place = Int.random(in: pool.wire.indices, using: &random)
                let envelope = pool.wire[place]
                if !random.chance(.percent(20)) { pool.wire.remove(at: place) }
                if random.chance(.percent(85)) {
                    pool.feed(.message(from: pool.members[envelope.from].id, envelope.message), to: envelope.to)
                }
            }
        }
        pool.advance(by: .hours(2))
        #expect(pool.positions == before)
        pool.expectNetted("seed \(seed)")
    }

    // MARK: Time

    @Test("Where the policy says so a node looks for cycles once a day, also over restarts")
    func daily() {
        var pool = Pool.ring(3)
        pool.feed(.policy(Self.policy(.daily)), to: 1)
        pool.advance(by: .hours(12))
        pool.restart(1)
        pool.advance(by: .hours(12))
        #expect(pool.nettingPosts == [1, 1, 1])
        pool.expectNetted()
        pool.feed(.policy(Self.policy(.asked)), to: 1)
        #expect(pool.members[1].node.netting.record.next == nil)
    }

    @Test("A document of another time than now is refused")
    func clocks() {
        var pool = Pool.ring(3)
        pool.isLost = { $0.message.isNettingPrepare }
        pool.feed(.net(NettingID(at: pool.now.utc, low: 1), isDryRun: false), to: 0)
        pool.advance(by: .seconds(3))
        pool.isLost = { _ in false }
        pool.setClock(forwardBy: .hours(1))
        pool.advance(by: .seconds(3))
        #expect(pool.members[1].store.events.last { $0.kind == "netting.refused" }?.text.contains("clocks") == true)
        pool.advance(by: .minutes(1))
        pool.expectNetted()
    }
}
