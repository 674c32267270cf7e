import Testing

@testable import surplus_sim

@Suite("Lorenz curves")
struct LorenzTests {
    @Test("Where all hold the same the coefficient is nothing and the curve is equality")
    func equal() throws {
        let curve = try #require(LorenzCurve([7, 7, 7, 7]))
        #expect(abs(curve.gini) < 1e-12)
        for point in curve.points { #expect(abs(point.holders - point.held) < 1e-12) }
    }

    @Test("Where one of many holds everything the coefficient is one")
    func single() throws {
        let curve = try #require(LorenzCurve([0, 0, 0, 9]))
        #expect(curve.gini == 1)
        #expect(curve.points.map(\.held) == [0, 0, 0, 0, 1])
    }

    @Test("The coefficient is that of the textbook, in whatever order amounts come")
    func textbook() throws {
        #expect(abs(try #require(LorenzCurve([3, 1, 4, 2])).gini - 1.0 / 3) < 1e-6)
        #expect(abs(try #require(LorenzCurve([3, 1, 4, 2])).held(byTop: 0.25) - 0.4) < 1e-12)
    }

    @Test("The curve ascends from nothing to everything, also of many")
    func many() throws {
        let curve = try #require(LorenzCurve((1...10_000).map { Int64($0) * 1_000_000 }))
        #expect(curve.points.count < 1000)
        #expect(
            curve.points.first.map { [$0.holders, $0.held] } == [0, 0]
                && curve.points.last.map { [$0.holders, $0.held] } == [1, 1])
        for (a, b) in zip(curve.points, curve.points.dropFirst()) { #expect(a.holders < b.holders && a.held <= b.held) }
        #expect(abs(curve.gini - 1.0 / 3) < 1e-3)
    }

    @Test(
        "Where nobody holds anything, or somebody less than nothing, there is no curve",
        arguments: [[], [0, 0], [5, -1]] as [[Int64]])
    func nothing(amounts: [Int64]) {
        #expect(LorenzCurve(amounts) == nil)
    }
}
