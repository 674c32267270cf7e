import Resources
import Testing

@testable import Simulation

@Suite("Economies that stop")
struct CollapseTests {
    @Test("A month stops where half cannot pay, or half need not earn")
    func definition() {
        #expect(Collapse.found(in: EconomyMonth(cannotPay: Portion(49, of: 99), needNotEarn: Portion(0, of: 9))) == [])
        #expect(Collapse.found(in: EconomyMonth(cannotPay: Portion(50, of: 100))) == [.nobodyCanPay])
        #expect(Collapse.found(in: EconomyMonth(needNotEarn: Portion(7, of: 10))) == [.nobodyNeedsToEarn])
        #expect(Collapse.found(in: EconomyMonth()) == [])
    }

    @Test("With next to no credit nobody can pay")
    func noCredit() {
        var plan = EconomyPlan(nodes: 20, days: 7)
        (plan.bootstrap, plan.limit) = (100_000, 100_000)
        #expect(Economy.run(plan).collapses.first { $0.collapse == .nobodyCanPay }?.month == 0)
    }

    @Test(
        "With next to nothing for who has lent nothing it stops before it has begun, unless that rises by more than what was lent"
    )
    func slowStart() {
        var plan = EconomyPlan(nodes: 20, days: 10)
        (plan.bootstrap, plan.raise) = (200_000, 0)
        #expect(Economy.run(plan).collapses.map(\.collapse) == [.nobodyCanPay])
        plan.raise = 20
        #expect(Economy.run(plan).collapses.isEmpty)
    }

    @Test("Where most only lend, nobody needs to earn once the others owe them all they may")
    func hoarding() {
        var plan = EconomyPlan(nodes: 20, days: 34)
        (plan.hoarders, plan.freeRiders, plan.whitewashers, plan.newcomers) = (.percent(75), .percent(10), .zero, .zero)
        (plan.demand, plan.bootstrap, plan.limit) = (.percent(300), .credits(2), .credits(2))
        let result = Economy.run(plan)
        #expect(result.collapses.contains { $0.collapse == .nobodyNeedsToEarn })
        #expect(result.months[1].needNotEarn.share > result.months[0].needNotEarn.share)
    }

    @Test("Members alone with credit enough go on")
    func goesOn() {
        var plan = EconomyPlan(nodes: 20, days: 10)
        (plan.freeRiders, plan.whitewashers, plan.hoarders, plan.newcomers) = (.zero, .zero, .zero, .zero)
        (plan.bootstrap, plan.limit) = (.credits(1000), .credits(1000))
        let result = Economy.run(plan)
        #expect(result.collapses.isEmpty)
        #expect(result.months.allSatisfy { $0.cannotPay.count == 0 && $0.cannotPay.total > 0 })
    }
}

@Suite("What who never lends gains")
struct FreeRiderTests {
    private static let (small, large) = (run(bootstrap: 200_000), run(bootstrap: .credits(2)))

    private static func run(bootstrap: Microcredits) -> EconomyResult {
        var plan = EconomyPlan(nodes: 20, days: 33)
        (plan.peers, plan.bootstrap, plan.newcomers) = (16, bootstrap, .zero)
        return Economy.run(plan)
    }

    @Test("With a small limit for who has not lent yet they get next to nothing under contention, and members much")
    func little() {
        #expect(Self.small.served(.freeRider).contended.share < PartsPerMillion(.percent(2)))
        #expect(Self.small.served(.member).contended.share > PartsPerMillion(.percent(20)))
    }

    @Test("What they gain follows the limit, and is gained in the beginning")
    func proportional() {
        let (little, much) = (Self.small.served(.freeRider).all, Self.large.served(.freeRider).all)
        #expect(much.wanted == little.wanted && much.served.rawValue > 5 * little.served.rawValue)
        #expect(
            Self.large.months.map { $0.served[.freeRider]?.all.share ?? .whole < PartsPerMillion(.percent(1)) } == [false, true])
    }
}
