import Bookkeeping
import Resources

/// Draws the debts of a pool that has traded for a while, without trading.
///
/// *Who knows whom* grows by preferential attachment (A.-L. Barabasi, R. Albert, Science 286, 1999): each node in turn gets to know
/// half of ``peers`` others, each with a chance in proportion to how many know it already. *What was lent* in either direction
/// between two that know each other is log-normal with a deviation of 1.5 (of the natural logarithm). With ``leaning`` it is that
/// times what the one wants and what the other has, both log-normal, so that some mostly lend and others mostly borrow. What is
/// owed is the difference. All in whole numbers, so the same on every machine.
package struct RandomDebts: Hashable, Sendable {
    package var nodes: Int
    /// About how many others each knows.
    package var peers: Int
    /// The deviation of the natural logarithm of what each wants, and has, in hundredths.
    package var leaning: Int64
    package var seed: UInt64

    package init(nodes: Int = 200, peers: Int = 64, leaning: Int64 = 0, seed: UInt64 = 1) {
        self.nodes = nodes
        self.peers = peers
        self.leaning = leaning
        self.seed = seed
    }

    /// A deviation of 1.5 of the natural logarithm.
    private static let amountDeviation: Int64 = 150
    /// A hundredth of the natural logarithm in 65536ths of an octave, times a thousand.
    private static let octave: Int64 = 945_484

    /// The median of what was lent between two in one direction.
    private static let median = Microcredits.credits(1)

    package func draw() -> [Debt] {
        var random = SeededGenerator(seed: seed)
        let ids = (0..<nodes).map { NodeID(high: 1, low: UInt64($0)) }
        let leanings = ids.map { _ in
            (wants: Self.factor(leaning, using: &random), has: Self.factor(leaning, using: &random))
        }
        func lent(_ lender: Int, _ borrower: Int) -> Microcredits {
            let size = Self.factor(Self.amountDeviation, using: &random)
            return [size, leanings[borrower].wants, leanings[lender].has].reduce(Self.median) { $0.scaled(by: $1, over: 65_536) }
        }
        var acquaintances = acquainted(using: &random)
        acquaintances.sort { ($0.0, $0.1) < ($1.0, $1.1) }
        return acquaintances.flatMap { one, other in
            [
                Debt(debtor: ids[other], creditor: ids[one], amount: lent(one, other)),
                Debt(debtor: ids[one], creditor: ids[other], amount: lent(other, one)),
            ]
        }
    }

    /// A log-normal variate, in 65536ths: the sum of twelve uniform ones is near enough to a normal one.
    ///
    /// - Parameter deviation: of the natural logarithm, in hundredths.
    private static func factor(_ deviation: Int64, using random: inout SeededGenerator) -> Int64 {
        let sum = (0..<12).reduce(Int64(0)) { sum, _ in sum + .random(in: 0..<65_536, using: &random) }
        return Log2.power((sum - 6 * 65_536) * deviation * octave / 65_536_000)
    }

    private func acquainted(using random: inout SeededGenerator) -> [(Int, Int)] {
        let picks = max(1, peers / 2)
        var pairs: [(Int, Int)] = []
        // Each node as often as others know it.
        var known: [Int] = []
        for node in 1..<max(1, nodes) {
            var chosen: Set<Int> = []
            if node <= picks {
                chosen.formUnion(0..<node)
            } else {
                while chosen.count < picks, let other = known.randomElement(using: &random) { chosen.insert(other) }
            }
            for other in chosen.sorted() {
                pairs.append((other, node))
                known += [other, node]
            }
        }
        return pairs
    }
}
