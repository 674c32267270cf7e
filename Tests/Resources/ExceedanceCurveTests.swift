import Resources
import Testing

@Suite("Exceedance curve")
struct ExceedanceCurveTests {
    private let curve = ExceedanceCurve(levels: [0, 100, 500, 10_000], chances: [900_000, 200_000, 300_000, 0])

    @Test("Chances never ascend")
    func falling() { #expect(curve.chances == [900_000, 200_000, 200_000, 0]) }

    @Test("Between two levels the chance is that of the lower one, below all it is certainty")
    func between() {
        #expect(curve.chance(above: -1) == .whole)
        #expect(curve.chance(above: 0) == 900_000)
        #expect(curve.chance(above: 499) == 200_000)
        #expect(curve.chance(above: 20_000) == 0)
    }

    @Test("The level exceeded with a chance is the lowest that is not exceeded more often")
    func quantile() {
        #expect(curve.level(exceededWith: .whole) == 0)
        #expect(curve.level(exceededWith: 200_000) == 100)
        #expect(curve.level(exceededWith: 199_999) == 10_000)
        #expect(ExceedanceCurve(levels: [0], chances: [500_000]).level(exceededWith: 1) == nil)
    }
}

@Suite("Logarithms in whole numbers")
struct Log2Tests {
    @Test("They are exact at powers of two, ascend, and lie at most a twelfth of an octave too low")
    func logarithm() {
        for exponent in 0..<62 { #expect(Log2.of(1 << Int64(exponent)) == Int64(exponent) * Log2.octave) }
        var last: Int64 = -1
        for value in 1...5000 as ClosedRange<Int64> {
            #expect(Log2.of(value) >= last)
            last = Log2.of(value)
        }
        #expect(Log2.of(3) == 384)
        #expect(Log2.of(.max) < 63 * Log2.octave)
    }

    @Test("Powers are exact at whole exponents, ascend, and stay in bounds")
    func power() {
        for exponent in -16...39 as ClosedRange<Int64> {
            #expect(Log2.power(exponent << 16) == (exponent >= 0 ? 65_536 << exponent : 65_536 >> -exponent))
        }
        #expect(abs(Log2.power(32_768) - 92_682) < 300)
        #expect(Log2.power(.max) == 1 << 56)
        #expect(Log2.power(.min) == 0)
        var last: Int64 = 0
        for exponent in stride(from: Int64(-17 << 16), to: 4 << 16, by: 1021) {
            #expect(Log2.power(exponent) >= last)
            last = Log2.power(exponent)
        }
    }
}
