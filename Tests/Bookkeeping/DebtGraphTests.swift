import Bookkeeping
import Resources
import TestKit
import Testing

@Suite("Debts of a whole pool")
struct DebtGraphTests {
    private static func node(_ number: Int) -> NodeID { NodeID(high: 1, low: UInt64(number)) }

    private static func debt(_ debtor: Int, _ creditor: Int, _ amount: Int64) -> Debt {
        Debt(debtor: node(debtor), creditor: node(creditor), amount: Microcredits(amount))
    }

    @Test("The least of three debts in a ring is taken off all three")
    func triangle() {
        var graph = DebtGraph([Self.debt(1, 2, 5), Self.debt(2, 3, 7), Self.debt(3, 1, 6)])
        let cycles = graph.cancelCycles(upTo: 6)
        #expect(cycles == [DebtCycle(members: [2, 3, 1].map(Self.node), amount: 5)])
        #expect(graph.debts == [Self.debt(2, 3, 2), Self.debt(3, 1, 1)])
        #expect(graph.gross == 3 && graph.gross == graph.least + 1)
    }

    @Test("What two nodes owe each other nets by itself")
    func pairs() {
        let graph = DebtGraph([
            Self.debt(1, 2, 5), Self.debt(2, 1, 7), Self.debt(3, 3, 9), Self.debt(1, 4, 2), Self.debt(4, 1, 2),
        ])
        #expect(graph.debts == [Self.debt(2, 1, 2)])
    }

    @Test("Cycles longer than allowed stay, and those of just that length go", arguments: 3...6)
    func length(_ longest: Int) {
        func ring(_ length: Int) -> [Debt] { (0..<length).map { Self.debt($0, ($0 + 1) % length, 10) } }
        var whole = DebtGraph(ring(longest))
        #expect(whole.cancelCycles(upTo: longest).map(\.members.count) == [longest] && whole.gross == .zero)
        var long = DebtGraph(ring(longest + 1))
        #expect(long.cancelCycles(upTo: longest) == [] && long.gross == Microcredits(Int64(longest + 1) * 10))
    }

    @Test("Cycles of great debts go before those of small ones, and of those through a debt the shortest")
    func order() {
        var graph = DebtGraph([
            Self.debt(1, 2, 100), Self.debt(2, 3, 30), Self.debt(3, 1, 90), Self.debt(2, 4, 60), Self.debt(4, 1, 50),
            Self.debt(4, 5, 10), Self.debt(5, 1, 10),
        ])
        let cycles = graph.cancelCycles(upTo: 6)
        #expect(cycles.map(\.amount) == [50, 30, 10] && cycles.map(\.members.count) == [3, 3, 4])
        #expect(graph.debts == [Self.debt(1, 2, 10), Self.debt(3, 1, 60)])
    }

    @Test("Netting changes nobody's net position, turns no debt round and raises none", arguments: 1...60 as ClosedRange<UInt64>)
    func invariants(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let nodes = Int.random(in: 2...40, using: &random)
        let debts = (0..<Int.random(in: 0...600, using: &random)).map { _ in
            Self.debt(
                .random(in: 0..<nodes, using: &random), .random(in: 0..<nodes, using: &random),
                .random(in: 1...1_000_000, using: &random))
        }
        let before = DebtGraph(debts)
        var after = before
        let longest = Int.random(in: 3...6, using: &random)
        let cycles = after.cancelCycles(upTo: longest)
        #expect(after.positions == before.positions)
        #expect(after.gross == before.gross - cycles.reduce(.zero) { $0 + $1.reduction } && after.gross >= after.least)
        #expect(cycles.allSatisfy { (3...longest).contains($0.members.count) && Set($0.members).count == $0.members.count })
        #expect(cycles.allSatisfy { $0.amount > .zero })
        let owed = Self.amounts(before)
        for debt in after.debts { #expect(debt.amount <= owed[Self.key(debt)] ?? .zero) }
        var again = after
        #expect(again.cancelCycles(upTo: longest) == [])
        var other = DebtGraph(debts.shuffled(using: &random))
        #expect(other.cancelCycles(upTo: longest) == cycles)
    }

    private static func key(_ debt: Debt) -> [NodeID] { [debt.debtor, debt.creditor] }

    private static func amounts(_ graph: DebtGraph) -> [[NodeID]: Microcredits] {
        Dictionary(uniqueKeysWithValues: graph.debts.map { (key($0), $0.amount) })
    }
}
