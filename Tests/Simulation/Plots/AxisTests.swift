import Foundation
import Resources
import Testing

@testable import surplus_sim

@Suite("Axes of plots")
struct AxisTests {
    /// Whether it is 1, 2 or 5 times a power of ten.
    private func isRound(_ step: Double) -> Bool {
        let mantissa = step / pow(10, log10(step * (1 + 1e-9)).rounded(.down))
        return [1, 2, 5].contains { abs($0 - mantissa) < 1e-6 }
    }

    @Test("Ticks are round, evenly apart, few, and cover the range")
    func linear() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let scale = pow(10, Double(Int.random(in: -4...9, using: &random)))
            let low = Double.random(in: -1...1, using: &random) * scale
            let high = low + Double.random(in: 1e-3...2, using: &random) * scale
            let ticks = Ticks.covering(low...high)
            #expect(ticks.range.lowerBound <= low + scale * 1e-6 && ticks.range.upperBound >= high - scale * 1e-6)
            #expect((2...13).contains(ticks.values.count), "\(low)...\(high): \(ticks.values)")
            let step = ticks.values[1] - ticks.values[0]
            #expect(isRound(step), "\(low)...\(high): \(ticks.values)")
            for (a, b) in zip(ticks.values, ticks.values.dropFirst()) { #expect(abs(b - a - step) < step * 1e-6) }
            #expect(Set(ticks.labels).count == ticks.labels.count, "\(ticks.labels)")
        }
    }

    @Test("Ticks are written as people write them")
    func labels() {
        #expect(Ticks.covering(0...67).labels == ["0", "10", "20", "30", "40", "50", "60", "70"])
        #expect(Ticks.covering(0...0.7).labels == ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"])
        #expect(Ticks.covering(-100...100).labels == ["-100", "-50", "0", "50", "100"])
    }

    @Test(
        "Ranges without length, and what is no number, have ticks all the same",
        arguments: [0...0, 5...5, -5 ... -5, -Double.infinity...Double.infinity, 0...1e300, 0...1e-12] as [ClosedRange<Double>])
    func degenerate(range: ClosedRange<Double>) {
        for ticks in [Ticks.covering(range), .logarithmic(range), .squareRoot(upTo: range.upperBound)] {
            #expect(ticks.values.count >= 2 && ticks.values == ticks.values.sorted() && ticks.values.allSatisfy(\.isFinite))
            #expect(ticks.range.lowerBound < ticks.range.upperBound)
        }
    }

    @Test("Logarithmic ticks are powers of ten, and 2 and 5 times each where there are few")
    func logarithmic() {
        #expect(Ticks.logarithmic(0.003...42).labels == ["0.001", "0.01", "0.1", "1", "10", "100"])
        #expect(Ticks.logarithmic(1.5...80).labels == ["1", "2", "5", "10", "20", "50", "100"])
        #expect(Ticks.logarithmic(10...10).labels == ["10", "20", "50", "100"])
    }

    @Test("Ticks by the square root begin at zero, cover the range, and stand apart")
    func squareRoot() {
        #expect(Ticks.squareRoot(upTo: 40.5).values == [0, 0.2, 1, 2, 5, 10, 20, 50])
        for value in [0.3, 1, 1.01, 7, 100] {
            let ticks = Ticks.squareRoot(upTo: value)
            let axis = Axis("x", ticks, .squareRoot)
            #expect(ticks.range.upperBound >= value && ticks.range.upperBound <= value * 2.5)
            for (a, b) in zip(ticks.values, ticks.values.dropFirst()) { #expect(axis.position(b) - axis.position(a) > 0.0499) }
        }
    }

    @Test("Time is in hours, and in days where it is long")
    func time() {
        #expect(Axis.time(upTo: 24).ticks.map(\.label) == (0...12).map { "\($0 * 2)" })
        #expect(Axis.time(upTo: 24).title.contains("hours"))
        #expect(Axis.time(upTo: 168).ticks.map(\.label) == (0...7).map { "\($0)" })
        #expect(Axis.time(upTo: 168).title.contains("days"))
        for end in [0.1, 1, 30, 100, 700, 90_000] { #expect((1...13).contains(Axis.time(upTo: end).ticks.count)) }
    }

    @Test("Bands of categories have their names in the middle, bands between edges the values where they meet")
    func bands() {
        let (names, edges) = (Axis.categories("x", ["a", "b"]), Axis.edges("x", ["0", "5", "10"]))
        #expect(names.ticks.map { names.position($0.value) } == [0.25, 0.75])
        #expect(edges.ticks.map { edges.position($0.value) } == [0, 0.5, 1])
        #expect(edges.position(0) == 0.25 && edges.position(1) == 0.75)
    }

    @Test("Values lie between the ends of their axis, and those beyond an end at it")
    func position() {
        let linear = Axis("y", .covering(0...10))
        #expect(linear.position(5) == 0.5 && linear.position(-1) == 0 && linear.position(11) == 1)
        let logarithmic = Axis("y", .logarithmic(0.01...100), .logarithmic)
        #expect(abs(logarithmic.position(1) - 0.5) < 1e-9 && logarithmic.position(0) == 0)
        #expect(Axis("y", .squareRoot(upTo: 100), .squareRoot).position(25) == 0.5)
    }
}
