import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Answers that are lost for longer than anything is kept at hand.
@Suite("Late answers")
struct LateAnswerTests {
    private static let policy = Disputed.policy(DisputeRule(dropAfter: nil))

    /// Node 0 has used 100 core-seconds of node 1's, of which its jobs report what is given; its answer to the last receipt is lost, and
    /// then no message reaches anybody for a while.
    private static func lost(
        for span: Microseconds, counted: CoreMicroseconds? = nil, _ policy: LendingPolicy = policy
    ) throws -> Pool {
        var pool = Pool(policy: policy)
        let lease = try pool.borrow()
        if let counted { pool.run(lease, using: counted) }
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.isLost = { $0.message.isReceiptAnswer }
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        pool.isLost = { _ in true }
        pool.advance(by: span)
        pool.isLost = { _ in false }
        return pool
    }

    private static func expectPaid(_ pool: Pool, _ paid: Microcredits, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(pool.balance(0, with: 1) == -paid && pool.balance(1, with: 0) == paid, sourceLocation: sourceLocation)
        for member in pool.members {
            #expect(!member.store.events.contains { $0.kind == "ledger.differs" }, sourceLocation: sourceLocation)
        }
    }

    @Test("A receipt that was answered is answered alike when its lease is long forgotten")
    func resent() throws {
        var pool = try Self.lost(for: .hours(2))
        #expect(pool.members[0].node.leases.isEmpty)
        pool.advance(by: .hours(1))
        #expect(pool.members[1].node.disputes.values.isEmpty)
        Self.expectPaid(pool, Disputed.billed)
        pool.expectRest()
    }

    @Test(
        "What was written off is paid once its borrower turns out to have paid it, whether all or a part",
        arguments: [nil, 50_000_000] as [CoreMicroseconds?], [Microseconds.days(8), .days(50), .days(80)])
    func writtenOff(_ counted: CoreMicroseconds?, _ span: Microseconds) throws {
        var pool = try Self.lost(for: span, counted: counted)
        let before = try Disputed.dispute(pool, 1)
        #expect(before.cause == .unanswered && before.left.credits == Disputed.billed)
        pool.feed(.reachable(pool.members[0].id), to: 1)
        pool.advance(by: .days(3))
        Self.expectPaid(pool, counted == nil ? Disputed.billed : Disputed.plausible)
        let after = try Disputed.dispute(pool, 1)
        #expect(after.isOpen == (counted != nil) && after.untold == nil)
        #expect(pool.members[1].node.books.balance(of: .earned).net == -Disputed.billed)
        #expect(pool.members[0].store.events.contains { $0.kind == "ledger.checkpoint" })
        guard counted != nil else { return #expect(after.stands.credits == Disputed.billed) }
        pool.feed(.resolve(after.id, .accept(nil)), to: 0)
        pool.deliver()
        Self.expectPaid(pool, Disputed.billed)
        Disputed.expectAgreement(pool)
    }

    @Test(
        "What was written off and dropped is paid all the same when its borrower is back",
        arguments: [nil, 50_000_000] as [CoreMicroseconds?])
    func dropped(_ counted: CoreMicroseconds?) throws {
        var pool = try Self.lost(for: .days(8), counted: counted)
        pool.isLost = { _ in true }
        pool.feed(.resolve(try Disputed.dispute(pool, 1).id, .withdraw(nil)), to: 1)
        #expect(pool.members[1].disputeDecisions == [nil])
        #expect(pool.members[1].node.books.balance(of: .disputed(pool.members[0].id)).net == .zero)
        pool.advance(by: .days(100))
        pool.isLost = { _ in false }
        pool.feed(.reachable(pool.members[0].id), to: 1)
        pool.advance(by: .hours(3))
        Self.expectPaid(pool, counted == nil ? Disputed.billed : Disputed.plausible)
        #expect(pool.members[1].node.books.balance(of: .disputed(pool.members[0].id)).net == .zero)
        for member in pool.members { #expect(member.node.disputes.open.values.isEmpty) }
    }

    @Test("What nobody was told of is dropped on both sides by the word of its lender, though it comes when the peer is back")
    func droppedUnknown() throws {
        var pool = Pool(policy: Self.policy)
        let lease = try pool.borrow()
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.isLost = { _ in true }
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .days(9))
        pool.feed(.resolve(try Disputed.dispute(pool, 1).id, .withdraw(nil)), to: 1)
        pool.isLost = { _ in false }
        pool.advance(by: .hours(3))
        Self.expectPaid(pool, .zero)
        #expect(try Disputed.dispute(pool).state == .resolved)
        Disputed.expectAgreement(pool)
    }

    @Test("With a peer that is gone a dispute ends: by silence, and by the word of its lender once the peer was expelled")
    func gone() throws {
        var pool = try Self.lost(for: .days(40), Disputed.policy())
        #expect(try Disputed.dispute(pool, 1).state == .resolved, "thirty days are over")
        #expect(pool.members[1].node.books.balance(of: .disputed(pool.members[0].id)).net == .zero)
        // One that the peer knows of.
        pool = try Disputed.trade(Self.policy)
        pool.isLost = { _ in true }
        pool.feed(.resolve(try Disputed.dispute(pool, 1).id, .withdraw(nil)), to: 1)
        pool.advance(by: .days(62))
        #expect(try Disputed.dispute(pool, 1).state == .resolved, "nobody answers any more")
        #expect(pool.members[1].node.books.balance(of: .disputed(pool.members[0].id)).net == .zero)
        pool = try Disputed.trade(Self.policy)
        pool.feed(.expelled(pool.members[0].id), to: 1)
        pool.feed(.resolve(try Disputed.dispute(pool, 1).id, .withdraw(nil)), to: 1)
        #expect(try Disputed.dispute(pool, 1).state == .resolved)
    }

    @Test("A step that was carried out is answered alike when its dispute is long forgotten")
    func step() throws {
        var pool = try Disputed.trade(Self.policy)
        pool.isLost = { if case .resolved = $0.message { true } else { false } }
        pool.feed(.resolve(try Disputed.dispute(pool).id, .accept(nil)), to: 0)
        pool.advance(by: .minutes(1))
        #expect(try Disputed.dispute(pool, 1).state == .resolved)
        pool.isLost = { _ in true }
        pool.advance(by: .days(90))
        #expect(pool.members[1].node.disputes.values.isEmpty)
        pool.isLost = { _ in false }
        pool.feed(.reachable(pool.members[1].id), to: 0)
        pool.deliver()
        #expect(try Disputed.dispute(pool).state == .resolved)
        Self.expectPaid(pool, Disputed.billed)
    }

    @Test("A step that one side's ledger has lost is carried out again when it proposes another", arguments: [0, 1])
    func restored(_ index: Int) throws {
        var pool = try Disputed.trade(Self.policy)
        let id = try Disputed.dispute(pool).id
        let (before, backup) = (pool.members[index].store, pool.members[index].node)
        let wish: (Microcredits) -> DisputeWish = { index == 0 ? .accept($0) : .withdraw($0) }
        pool.feed(.resolve(id, wish(1_000)), to: index)
        pool.deliver()
        (pool.members[index].store, pool.members[index].node) = (before, backup)
        #expect(pool.members[index].node.disputes[id]?.steps == 0 && pool.members[1 - index].node.disputes[id]?.steps == 1)
        pool.feed(.resolve(id, wish(2_000)), to: index)
        pool.deliver()
        #expect(pool.members[index].disputeDecisions.last??.reason.contains("lost") == true)
        Disputed.expectAgreement(pool)
        pool.feed(.resolve(id, wish(2_000)), to: index)
        pool.deliver()
        #expect(try Disputed.dispute(pool, index).left.credits == Disputed.rest - 3_000)
        Disputed.expectAgreement(pool)
    }
}
