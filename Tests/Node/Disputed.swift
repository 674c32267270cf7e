import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// A trade of which something is in dispute.
enum Disputed {
    /// What 100 core-seconds come to at a credit per core-hour, the 51 of them that are accepted, and the rest.
    static let (billed, plausible, rest): (Microcredits, Microcredits, Microcredits) = (27_777, 14_166, 13_611)

    static func policy(_ disputes: DisputeRule = DisputeRule()) -> LendingPolicy {
        Pool.policy(credit: CreditRule(disputes: disputes))
    }

    /// Node 0 has borrowed from node 1, whose kernel counted 100 core-seconds where the jobs report what is given.
    static func trade(
        counted: CoreMicroseconds? = 50_000_000, _ policy: LendingPolicy = Disputed.policy()
    ) throws -> Pool {
        var pool = Pool(policy: policy)
        let lease = try pool.borrow()
        if let counted { pool.run(lease, using: counted) }
        pool.advance(by: .seconds(100))
        pool.use(lease, cpu: 100_000_000)
        pool.feed(.release(lease), to: 0)
        pool.deliver()
        return pool
    }

    /// Node 0 borrows from node 1, which borrows a core of it in return.
    static func swap(_ pool: inout Pool) throws -> LeaseID {
        for index in pool.members.indices {
            var policy = pool.members[index].node.policy
            policy.swap = SwapRule(takes: Amounts(cpu: .cores(4)))
            pool.feed(.policy(policy), to: index)
        }
        var want = Pool.want()
        want.means = Means(
            credits: false, swap: Exchange(amounts: Amounts(cpu: .cores(1)), term: .minutes(10), notice: .standard))
        return try pool.borrow(want)
    }

    static func dispute(_ pool: Pool, _ index: Int = 0) throws -> Dispute {
        let all = pool.members[index].node.disputes.values
        #expect(all.count == 1)
        return try #require(all.first)
    }

    static func paid(_ pool: Pool) throws -> SignedReceipt {
        try #require(pool.members[0].store.receipts.values.first { $0.accepted != nil })
    }

    /// Somebody at node 0 disputes what was paid.
    static func open(
        _ pool: inout Pool, _ amount: Microcredits? = nil, id: UInt64 = 1, _ signed: SignedReceipt? = nil, at index: Int = 0
    ) throws {
        let signed = try signed ?? paid(pool)
        var recalled = pool.members[index].store.recall(.receipt(signed.receipt.id, under: signed.receipt.agreement))
        recalled.receipt = signed
        pool.feed(
            .dispute(DisputeID(high: 1 << 30, low: id), recalled, amount: amount, reason: "half of it is broken"), to: index)
    }

    /// Both sides have the same disputes, with the same steps; what is apart in the creditors' books is what is left.
    static func expectAgreement(_ pool: Pool, sourceLocation: SourceLocation = #_sourceLocation) {
        let sides = pool.members.map(\.node.disputes.values)
        #expect(sides[0].map(\.id) == sides[1].map(\.id), sourceLocation: sourceLocation)
        for (ours, theirs) in zip(sides[0], sides[1]) {
            #expect(
                (ours.amount, ours.stands, ours.dropped) == (theirs.amount, theirs.stands, theirs.dropped)
                    && ours.steps == theirs.steps && ours.state == theirs.state, sourceLocation: sourceLocation)
        }
        for (index, member) in pool.members.enumerated() {
            let left = sides[index].reduce(Microcredits.zero) {
                $1.creditor == member.id && !$1.isAboutPayment ? $0 + $1.left.credits : $0
            }
            let peer = pool.members[1 - index].id
            #expect(member.node.books.balance(of: .disputed(peer)).net == left, sourceLocation: sourceLocation)
            let numbers = Dictionary(grouping: member.store.resolutions, by: \.resolution.dispute).values
            for steps in numbers {
                #expect(steps.map(\.resolution.number) == (1...Int64(steps.count)).map(\.self), sourceLocation: sourceLocation)
                #expect(steps.allSatisfy { $0.answererSignature != nil }, sourceLocation: sourceLocation)
            }
            #expect(
                member.node.books.entries
                    == Node(
                        id: member.id, capacity: Pool.capacity, policy: member.node.policy, restoring: member.store.snapshot,
                        at: pool.now
                    ).books.entries, sourceLocation: sourceLocation)
        }
        pool.expectRest(sourceLocation: sourceLocation)
    }
}

extension Pool {
    /// A job of node 0 runs under a lease, and reports that it used so much.
    mutating func run(_ lease: LeaseID, using used: CoreMicroseconds?) {
        let job = JobID(high: 1, low: UInt64(members[0].store.events.count))
        feed(.occupied(lease, by: job, true), to: 0)
        feed(.counted(lease, by: job, used), to: 0)
    }
}
