import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("What peers may owe")
struct CreditTests {
    private static let credit = CreditRule(granted: 300_000, newcomers: 100_000, raise: 4)

    /// The most that `debtor` may owe `creditor`, as the creditor has it.
    private func limit(of debtor: Int, by creditor: Int, in pool: Pool) -> Microcredits? {
        pool.members[creditor].node.books.trustLine(with: pool.members[debtor].id).map { Microcredits($0.granted) }
    }

    /// Node 1 lends node 0 a core for so many seconds.
    private func lend(seconds: Int64, in pool: inout Pool) throws {
        let id = try pool.borrow(Pool.want(term: .minutes(5)))
        pool.advance(by: .seconds(seconds))
        pool.use(id, cpu: CoreMicroseconds(seconds * 1_000_000))
        pool.feed(.release(id), to: 0)
        pool.deliver()
    }

    @Test("Who has lent may owe its borrower more, up to what anyone may; who has borrowed may not")
    func raised() throws {
        var pool = Pool(policy: Pool.policy(credit: Self.credit))
        try lend(seconds: 60, in: &pool)
        // 60 core-seconds at a credit per core-hour come to 16666 microcredits, of which four are 66664.
        #expect(limit(of: 1, by: 0, in: pool) == 166_664)
        #expect(limit(of: 0, by: 1, in: pool) == 100_000)
        try lend(seconds: 240, in: &pool)
        #expect(limit(of: 1, by: 0, in: pool) == 300_000)
        #expect(limit(of: 0, by: 1, in: pool) == 100_000)
        pool.expectRest()
    }

    @Test("What was raised outlasts a restart, and follows another policy")
    func kept() throws {
        var pool = Pool(policy: Pool.policy(credit: Self.credit))
        try lend(seconds: 60, in: &pool)
        pool.restart(0)
        #expect(limit(of: 1, by: 0, in: pool) == 166_664)
        var other = Self.credit
        other.raise = 0
        pool.feed(.policy(Pool.policy(credit: other)), to: 0)
        #expect(limit(of: 1, by: 0, in: pool) == 100_000)
        other.newcomers = nil
        pool.feed(.policy(Pool.policy(credit: other)), to: 0)
        #expect(limit(of: 1, by: 0, in: pool) == 300_000)
    }

    @Test("Who has not lent enough is told what would raise its limit")
    func refused() throws {
        var rule = CreditRule(granted: .credits(10), newcomers: 1000)
        var reasons: [String] = []
        for raise in [10, 0] {
            rule.raise = raise
            var pool = Pool(policy: Pool.policy(credit: rule))
            let request = pool.ask(Pool.want(cores: 6))
            pool.deliver()
            guard case .failure(let refusal)? = pool.members[0].decisions[request] else {
                Issue.record("lent")
                continue
            }
            reasons.append(refusal.reason)
        }
        #expect(reasons.map { $0.contains("; lending to this node raises the limit") } == [true, false])
    }

    @Test("The limit rises with what was lent and never exceeds what is granted", arguments: 1...50 as ClosedRange<UInt64>)
    func monotonous(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let granted = Microcredits(.random(in: 0...Bounds.money.rawValue, using: &random))
        let rule = CreditRule(
            granted: granted, newcomers: Microcredits(.random(in: 0...Bounds.money.rawValue, using: &random)),
            raise: .random(in: CreditRule.raises, using: &random))
        var before = rule.limit(for: PeerStanding())
        #expect(before == min(granted, rule.newcomers ?? granted))
        let amounts = (0..<20).map { _ in
            Int64.random(in: 0...Int64.max, using: &random) >> Int.random(in: 0...62, using: &random)
        }
        for lent in amounts.sorted() {
            let limit = rule.limit(for: PeerStanding(lent: Microcredits(lent)))
            #expect(limit >= before && limit <= granted)
            before = limit
        }
    }
}
