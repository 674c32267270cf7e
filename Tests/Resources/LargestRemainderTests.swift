import Resources
import TestKit
import Testing

@Suite("Largest remainders")
struct LargestRemainderTests {
    @Test("What is left over goes to the largest remainders, of equal ones to the first")
    func order() {
        #expect(LargestRemainder.units(of: 10, in: [19, 15, 16]) == [2, 1, 2])
        #expect(LargestRemainder.units(of: 10, in: [5, 5]) == [1, 0])
        #expect(LargestRemainder.units(of: 10, in: [9, 0, 0]) == [0, 0, 0])
        #expect(LargestRemainder.units(of: 10, in: []) == [])
    }

    @Test("Parts come to the whole rounded down, each less than a unit from its own", arguments: 0..<50 as Range<UInt64>)
    func sums(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let unit = Int128.random(in: 1...1_000_000, using: &random)
        let parts = (0..<Int.random(in: 1...40, using: &random)).map { _ in Int128.random(in: 0...1 << 60, using: &random) }
        let units = LargestRemainder.units(of: unit, in: parts)
        #expect(Int128(units.reduce(0, +)) == parts.reduce(0, +) / unit)
        for (part, count) in zip(parts, units) { #expect(abs(Int128(count) * unit - part) < unit) }
    }
}
