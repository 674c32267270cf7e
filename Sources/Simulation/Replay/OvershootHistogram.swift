import Resources

/// By how far use and loan together passed the threshold, in the samples with a loan.
package struct OvershootHistogram: Hashable, Sendable {
    /// Samples with a loan, those within the threshold too.
    package private(set) var lent: Int64 = 0
    /// Samples that passed it, by points of the capacity rounded up: by up to one point, by more than one and up to two, and so on
    /// to a hundred.
    private var passed = [Int64](repeating: 0, count: 100)

    package init() {}

    mutating func add(loan: BasisPoints, usage: BasisPoints, threshold: BasisPoints) {
        guard loan > .zero else { return }
        lent += 1
        let over = usage + loan - threshold
        guard over > .zero else { return }
        let points = (over.rawValue - 1) / BasisPoints.percent(1).rawValue
        passed[min(Int(points), passed.count - 1)] += 1
    }

    package mutating func add(_ other: OvershootHistogram) {
        lent += other.lent
        for index in passed.indices { passed[index] += other.passed[index] }
    }

    /// Samples that passed the threshold by more than the lower bound and by no more than the upper one, in points (0...100).
    package func samples(over points: Range<Int>) -> Int64 { passed[points.clamped(to: passed.indices)].reduce(0, +) }
}
