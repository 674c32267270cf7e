import Resources
import Simulation
import Testing

@Suite("Inequality of balances that may be negative")
struct GiniTests {
    private func gini(_ balances: [Int64]) -> Int64 { Gini.coefficient(of: balances.map { Microcredits($0) }).rawValue }

    @Test(
        "Equal balances are not unequal, whatever their sign", arguments: [[], [5], [0, 0], [7, 7, 7], [-3, -3]] as [[Int64]])
    func equal(balances: [Int64]) {
        #expect(gini(balances) == 0)
    }

    @Test("One that has everything, or one that is owed everything by one, is all the inequality there can be")
    func extreme() {
        #expect(gini([0, 0, 0, 9]) == 1_000_000)
        #expect(gini([0, -9, 0, 0]) == 1_000_000)
        #expect(gini([0, -9, 9, 0, 0]) == 1_000_000)
        #expect(gini([4, 0, -9, 0]) == 1_000_000)
    }

    @Test("Where half of all owe alike and the others are owed alike it is about a half")
    func halves() {
        let many = Array(repeating: 5 as Int64, count: 500) + Array(repeating: -5, count: 500)
        #expect(gini(many) == 500_500)
    }

    @Test("It is the mean difference of all pairs over the greatest there could be", arguments: 0..<20 as Range<UInt64>)
    func definition(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let balances = (0..<30).map { _ in Int64.random(in: -50...50, using: &random) }
        var differences: Int64 = 0
        for one in balances { for other in balances { differences += abs(one - other) } }
        let most = 2 * 29 * balances.reduce(0) { $0 + abs($1) }
        #expect(gini(balances) == differences * 1_000_000 / most)
        #expect(gini(balances.shuffled(using: &random)) == gini(balances))
        #expect(gini(balances.map { $0 * 1_000_000_000_000 }) == gini(balances))
    }
}
