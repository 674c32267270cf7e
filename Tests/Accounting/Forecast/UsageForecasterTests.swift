import Accounting
import Resources
import Testing

@Suite("Forecast of the owner's use")
struct UsageForecasterTests {
    private func forecaster(after samples: some Sequence<Int64>) -> UsageForecaster {
        var forecaster = UsageForecaster()
        for sample in samples { forecaster.observe(BasisPoints(sample)) }
        return forecaster
    }

    /// A random walk with bursts, now and then without a sample.
    private func history(_ count: Int, seed: UInt64) -> [BasisPoints?] {
        var random = SeededGenerator(seed: seed)
        var level: Int64 = 1500
        return (0..<count).map { _ in
            level = min(max(level + Int64.random(in: -300...300, using: &random), 0), 10_000)
            if random.chance(.percent(3)) { return nil }
            return BasisPoints(random.chance(.percent(5)) ? 9000 : level)
        }
    }

    private func feed(_ history: [BasisPoints?], _ forecaster: inout UsageForecaster) {
        for sample in history { if let sample { forecaster.observe(sample) } else { forecaster.miss() } }
    }

    @Test("There is no forecast in the first hour")
    func coldStart() {
        var forecaster = UsageForecaster()
        for _ in 0..<UsageForecaster.samplesNeeded {
            #expect(forecaster.forecast() == nil)
            forecaster.observe(500)
        }
        #expect(forecaster.forecast() != nil)
    }

    @Test("There is none while the last sample is missing, and after a long gap the node is unknown")
    func gaps() {
        var forecaster = forecaster(after: Array(repeating: 500, count: 100))
        forecaster.miss()
        #expect(forecaster.forecast() == nil)
        forecaster.observe(500)
        #expect(forecaster.forecast() != nil)
        for _ in 0...UsageForecaster.longestGap { forecaster.miss() }
        for _ in 0..<UsageForecaster.samplesNeeded {
            #expect(forecaster.forecast() == nil)
            forecaster.observe(500)
        }
        #expect(forecaster.forecast() != nil)
    }

    @Test("Chances are chances, and never ascend with the level", arguments: 1...6 as ClosedRange<UInt64>)
    func monotone(seed: UInt64) throws {
        var forecaster = UsageForecaster()
        feed(history(60 * Int(seed), seed: seed), &forecaster)
        forecaster.observe(1000)
        for horizon in [1, 3, 12, UsageForecaster.longestHorizon] {
            let curve = try #require(forecaster.forecast(horizon: horizon))
            #expect(curve.levels.last == .whole)
            #expect(curve.chances.allSatisfy { $0 >= .zero && $0 <= .whole })
            #expect(zip(curve.chances, curve.chances.dropFirst()).allSatisfy(>=))
        }
    }

    @Test("The same samples give the same forecast, also when it went through storage in between")
    func deterministic() throws {
        let samples = history(400, seed: 9)
        var (whole, stored) = (UsageForecaster(), UsageForecaster())
        feed(samples, &whole)
        feed(Array(samples[..<170]), &stored)
        stored = try UsageForecaster(bytes: stored.bytes)
        feed(Array(samples[170...]), &stored)
        #expect(stored == whole)
        #expect(stored.forecast() == whole.forecast())
    }

    @Test("Ten years of samples take no more room than a day of them")
    func bounded() {
        var forecaster = UsageForecaster()
        feed(history(300, seed: 3), &forecaster)
        let room = forecaster.bytes.count
        feed(history(5000, seed: 4), &forecaster)
        #expect(forecaster.bytes.count == room)
        #expect(room <= 8 << 10)
    }

    @Test("What is beyond the capacity counts as all of it, what is below nothing as nothing")
    func outliers() {
        var (wild, tame) = (UsageForecaster(), UsageForecaster())
        for sample in [-500, 20_000, 300, Int64.max, Int64.min, 10_001] as [Int64] {
            wild.observe(BasisPoints(sample))
            tame.observe(BasisPoints(min(max(sample, 0), 10_000)))
        }
        #expect(wild == tame)
    }

    @Test("A burst makes what was certain less certain, and is forgotten")
    func burst() throws {
        var forecaster = forecaster(after: Array(repeating: 500, count: 288))
        let before = try #require(forecaster.forecast()?.chance(above: 3000))
        forecaster.observe(8000)
        forecaster.observe(500)
        let after = try #require(forecaster.forecast()?.chance(above: 3000))
        for _ in 0..<200 { forecaster.observe(500) }
        let later = try #require(forecaster.forecast()?.chance(above: 3000))
        #expect(after > before)
        #expect(later < after)
    }

    @Test("A level that use keeps above is exceeded, one far above all use is not")
    func sure() throws {
        let forecaster = forecaster(after: (0..<288).map { 2000 + $0 % 5 * 100 })
        let curve = try #require(forecaster.forecast())
        #expect(curve.chance(above: 1500) > 900_000)
        #expect(curve.chance(above: 6000) < 20_000)
    }

    @Test("Levels above the highest asked for are left out, the others are the same")
    func partial() throws {
        let forecaster = forecaster(after: (0..<50).map { $0 * 37 % 3000 })
        let whole = try #require(forecaster.forecast())
        let part = try #require(forecaster.forecast(upTo: 6500))
        #expect(part.levels.last == 6500)
        #expect(Array(whole.chances.prefix(part.chances.count)) == part.chances)
    }
}
