import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Trades and nettings that a seed draws, with an agent dying at points of them that the seed draws, too.
@Suite("Seeded crash points")
struct SeededCrashTests {
    /// How many points of one course are tried.
    private static let pointsOfCourse = 16

    // MARK: Settling

    /// A trade of any form, from its request until nothing is left to settle.
    private struct Trade {
        private(set) var pool = Pool(policy: Self.policy)
        /// The outcomes before the lease, which are not about settling.
        private(set) var before = 0
        private var random: SeededGenerator

        private static let policy = {
            var policy = Pool.policy()
            policy.cpu?.inKind = InKindRule(rate: .fixed(.percent(150)), most: 360_000_000_000)
            policy.deferral = DeferralRule(within: .days(30))
            policy.borrow.owesInKind = Usage(cpu: 360_000_000_000)
            policy.swap = SwapRule(takes: Amounts(cpu: .cores(4)), rate: .whole)
            return policy
        }()

        init(_ seed: UInt64, crash: (outcome: Int, at: Pool.Crash)? = nil) {
            random = SeededGenerator(seed: seed)
            pool.crash = crash
            run()
        }

        private mutating func means() -> Means? {
            let (from, until) = (pool.now.utc + .minutes(5), pool.now.utc + .days(10))
            func deferral(_ share: BasisPoints) -> Deferral {
                Deferral(
                    share: ResourceShares(share), rate: ResourceShares(.percent(150)), from: from, until: until,
                    premium: .percent(20))
            }
            return switch Int.random(in: 0..<4, using: &random) {
            case 0: nil
            case 1: Means(credits: true, deferral: deferral(.percent(50)))
            case 2: Means(credits: false, deferral: deferral(.whole))
            default:
                Means(credits: false, swap: Exchange(amounts: Amounts(cpu: .cores(2)), term: .minutes(10), notice: .standard))
            }
        }

        private mutating func run() {
            let means = means()
            // Leases of a swap end together.
            var want = Pool.want(renewsItself: means?.swap == nil && random.chance(.percent(30)))
            want.means = means
            let request = pool.ask(want)
            pool.deliver()
            before = pool.outcomes
            guard let lease = try? pool.members[0].decisions[request]?.get().first else { return pool.advance(by: .hours(3)) }
            var used = CoreMicroseconds.zero
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let span = random.span(.seconds(5) ... .minutes(4))
                pool.advance(by: span)
                used += CoreMicroseconds(.random(in: 0...span.rawValue, using: &random))
                pool.use(lease, cpu: used)
            }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: pool.feed(.release(lease), to: 0)
            case 1: pool.feed(.reclaim(lease, atOnce: true, reason: "own work"), to: 1)
            case 2: pool.feed(.reclaim(lease, atOnce: false, reason: "own work"), to: 1)
            default: pool.advance(by: .minutes(6))
            }
            // One that renews itself goes on until it is given back.
            if want.renewsItself { pool.feed(.release(lease), to: 0) }
            pool.advance(by: .hours(3))
        }
    }

    @Test(
        "Whatever point of a settlement is the last, what is owed is what both have signed for",
        arguments: 0..<40 as Range<UInt64>)
    func settlements(_ seed: UInt64) {
        let calm = Trade(seed)
        #expect(calm.pool.outcomes > calm.before + 10)
        Self.check(calm.pool, "seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<Self.pointsOfCourse {
            let crash = (outcome: Int.random(in: calm.before + 1...calm.pool.outcomes, using: &random), at: Self.moment(&random))
            Self.check(Trade(seed, crash: crash).pool, "seed \(seed), \(crash)")
        }
    }

    /// Both ledgers have the same, in every unit, and that is what their receipts come to.
    private static func check(_ pool: Pool, _ place: String) {
        pool.expectRest()
        let (borrower, lender) = (pool.members[0], pool.members[1])
        #expect(borrower.store.receipts.values == lender.store.receipts.values, "\(place)")
        var due = Charge.zero
        for signed in lender.store.receipts.values {
            let moved = (signed.accepted ?? .zero) - Charge(credits: signed.receipt.compensation)
            due = signed.receipt.lender == lender.id ? due + moved : due - moved
        }
        for unit in Charge.units {
            let here = lender.node.books.balance(of: .peer(borrower.id), in: unit).net
            let there = borrower.node.books.balance(of: .peer(lender.id), in: unit).net
            #expect(here == due[unit] && there == .zero - due[unit], "\(place): \(unit)")
        }
        for member in pool.members {
            var recount = Tally()
            #expect(throws: Never.self, "\(place)") { for transfer in member.store.transfers { try recount.enter(transfer) } }
            #expect(recount.entries == member.node.books.entries, "\(place)")
        }
    }

    // MARK: Netting

    /// Anything between any two, but for one cycle of all.
    private static func debts(_ random: inout SeededGenerator) -> Pool {
        let count = Int.random(in: 3...6, using: &random)
        let pairs = (0..<count).flatMap { a in (0..<a).map { (a, $0) } }
        return Pool(
            count,
            owing: pairs.map { a, b in
                let amount = Microcredits(.random(in: 200_000...2_000_000, using: &random))
                let isInCycle = a == b + 1 || a - b == count - 1
                let owes = isInCycle ? a > b + 1 : random.chance(.percent(50))
                return owes ? .init(a, b, amount) : .init(b, a, amount)
            })
    }

    @Test(
        "Whatever point of a netting is the last, all have posted it or none, and no unit is lost or made",
        arguments: 0..<40 as Range<UInt64>)
    func nettings(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let start = Self.debts(&random)
        var calm = start
        calm.net()
        #expect(calm.outcomes > start.outcomes + 10)
        for _ in 0..<Self.pointsOfCourse {
            var pool = start
            let crash = (outcome: Int.random(in: start.outcomes + 1...calm.outcomes, using: &random), at: Self.moment(&random))
            pool.crash = crash
            pool.net()
            pool.advance(by: .hours(1))
            #expect(pool.positions == start.positions, "seed \(seed), \(crash)")
            pool.expectNetted("seed \(seed), \(crash)")
        }
    }

    private static func moment(_ random: inout SeededGenerator) -> Pool.Crash {
        let actions = Int.random(in: -1...4, using: &random)
        return actions < 0 ? .beforeCommit : .afterCommit(actions: actions)
    }
}
