import Accounting
import Resources
import Testing

@Suite("Distributions")
struct DistributionTests {
    /// Values of all magnitudes.
    static func value(_ random: inout SeededGenerator) -> Int64 {
        Int64.random(in: 0...Int64.max, using: &random) >> Int64.random(in: 0...62, using: &random)
    }

    private static func samples(_ count: Int, _ random: inout SeededGenerator) -> [(value: Int64, weight: Microseconds)] {
        (0..<count).map { _ in (value(&random) >> 20, .milliseconds(.random(in: 1...60_000, using: &random))) }
    }

    private static func distribution(of samples: some Collection<(value: Int64, weight: Microseconds)>) -> Distribution? {
        samples.reduce(nil) { sum, sample in
            let one = Distribution(sample.value, for: sample.weight)
            guard var sum else { return one }
            sum.merge(one)
            return sum
        }
    }

    @Test("A bucket is at most a quarter as wide as its lowest value, and no value falls between buckets")
    func buckets() {
        var random = SeededGenerator(seed: 1)
        for value in (0..<300) + (0..<20_000).map({ _ in Self.value(&random) }) + [Int64.max] {
            let index = Buckets.index(of: value)
            #expect(Buckets.lowest(of: index) <= value)
            if index < Buckets.last {
                let next = Buckets.lowest(of: index + 1)
                #expect(value < next)
                #expect((next - Buckets.lowest(of: index)) * 4 <= max(4, Buckets.lowest(of: index)))
            }
            #expect(abs(Buckets.middle(of: index) - value) <= value / 8)
        }
    }

    @Test("However samples are grouped, the result is the same", arguments: 0..<30 as Range<UInt64>)
    func merging(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let samples = Self.samples(.random(in: 3...400, using: &random), &random)
        let cuts = [Int.random(in: 1..<samples.count - 1, using: &random), samples.count - 1].sorted()
        let all = try #require(Self.distribution(of: samples))
        let a = try #require(Self.distribution(of: samples[..<cuts[0]]))
        let b = try #require(Self.distribution(of: samples[cuts[0]..<cuts[1]]))
        let c = try #require(Self.distribution(of: samples[cuts[1]...]))
        func merged(_ first: Distribution, _ second: Distribution) -> Distribution {
            var result = first
            result.merge(second)
            return result
        }
        #expect(merged(merged(a, b), c) == all)
        #expect(merged(a, merged(b, c)) == all)
        #expect(merged(c, merged(b, a)) == all, "in any order")
    }

    @Test(
        "Count, least, greatest and mean are exact; a quantile is off by at most an eighth", arguments: 0..<30 as Range<UInt64>)
    func figures(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let samples = Self.samples(.random(in: 1...500, using: &random), &random)
        let all = try #require(Self.distribution(of: samples))
        let weight = samples.reduce(Int128(0)) { $0 + Int128($1.weight.rawValue) }
        #expect(all.count == Int64(samples.count))
        #expect(Int128(all.weight.rawValue) == weight)
        #expect(all.minimum == samples.map(\.value).min())
        #expect(all.maximum == samples.map(\.value).max())
        #expect(Int128(all.mean) == samples.reduce(0) { $0 + Int128($1.value) * Int128($1.weight.rawValue) } / weight)
        let sorted = samples.sorted { $0.value < $1.value }
        for share in [0, 1, 100, 5000, 9500, 9900, 9999, 10_000] as [BasisPoints] {
            var passed: Int128 = 0
            let exact = try #require(
                sorted.first { sample in
                    passed += Int128(sample.weight.rawValue) * 10_000
                    return passed >= max(1, weight * Int128(share.rawValue))
                }
            ).value
            #expect(abs(all.quantile(share) - exact) <= exact / 8, "\(share)")
        }
    }

    @Test("A sample that stands for longer weighs more")
    func weights() {
        var distribution = Distribution(100, for: .seconds(9))
        distribution.merge(Distribution(1100, for: .seconds(1)))
        #expect(distribution.mean == 200)
        #expect(distribution.quantile(5000) <= 112)
        #expect(distribution.count == 2)
    }

    @Test("Parts that contradict each other are no distribution")
    func contradictions() {
        let good = Distribution(5, for: .seconds(1))
        func made(count: Int64 = 1, weight: Microseconds = .seconds(1), min: Int64 = 5, max: Int64 = 5, sum: Int128 = 5_000_000)
            -> Distribution?
        {
            Distribution(count: count, weight: weight, minimum: min, maximum: max, sum: sum, buckets: good.buckets)
        }
        #expect(made() == good)
        #expect(made(count: 0) == nil)
        #expect(made(weight: .seconds(2)) == nil)
        #expect(made(min: 4) == nil)
        #expect(made(max: 6) == nil)
        #expect(made(sum: 5_000_001) == nil)
    }
}
