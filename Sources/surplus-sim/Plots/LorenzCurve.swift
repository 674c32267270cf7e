import Resources
import Simulation

/// How unequally something is shared: which part of it those with the least hold together.
struct LorenzCurve {
    /// Ascending from 0, 0 to 1, 1: the share of those with the least, and the share of everything that they hold.
    let points: [(holders: Double, held: Double)]
    /// As ``Gini`` has it: 0 where all hold the same, 1 where one holds everything.
    let gini: Double
    /// What each holds, ascending.
    let amounts: [Int64]
    let total: Double

    /// - Parameter amounts: what each holds.
    /// - Returns: `nil` where it says nothing: nobody holds anything, or somebody holds less than nothing.
    init?(_ amounts: [Int64]) {
        let sorted = amounts.sorted()
        guard let least = sorted.first, let greatest = sorted.last, least >= 0, greatest > 0 else { return nil }
        let count = Double(sorted.count)
        var sum = 0.0
        var sums = [0.0]
        for amount in sorted {
            sum += Double(amount)
            sums.append(sum)
        }
        self.amounts = sorted
        total = sum
        gini = Double(Gini.coefficient(of: sorted.map { Microcredits($0) }).rawValue) / Double(PartsPerMillion.whole.rawValue)
        let step = max(1, sorted.count / Self.mostPoints)
        let kept = Array(stride(from: 0, to: sorted.count, by: step)) + [sorted.count]
        points = kept.map { (Double($0) / count, sums[$0] / sum) }
    }

    /// The share of everything held by the part with the most, rounded up to whole holders.
    ///
    /// - Parameter part: of all holders, 0 to 1.
    func held(byTop part: Double) -> Double {
        let number = Int((Double(amounts.count) * min(1, max(0, part)) - 1e-9).rounded(.up))
        return amounts.suffix(max(0, number)).reduce(0) { $0 + Double($1) } / total
    }

    private static let mostPoints = 400
}
